import assert from "node:assert/strict";
import type { Points } from "../model/columns.ts";
import type { DataType } from "../model/data-type.ts";
import type { Derivator } from "../model/derivator.ts";
import { failHere, type OnFailure } from "./derivator-failures.ts";

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/** One state per derivator of the set, in its order; marked where a stored bucket lacks it, or its derivator failed. */
export type DerivatorStates = unknown[];

/**
 * The derivators that one type has besides the float state, in a fixed order. What one of them throws is told, with the
 * derivator, to whoever called, and costs its own state: the others go on.
 */
export class DerivatorSet {
  readonly derivators: readonly Derivator[];
  readonly #names: Uint8Array[];
  /** Whether some states are computed elsewhere, and have to be waited for. */
  readonly settles: boolean;

  constructor(type: DataType, all: readonly Derivator[]) {
    this.derivators = all
      .filter((derivator) => derivator.appliesTo(type))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    this.#names = this.derivators.map((derivator) => utf8.encode.encode(derivator.stateKey ?? derivator.name));
    this.settles = this.derivators.some(({ settled }) => settled !== undefined);
    for (const name of this.#names) assert(name.length < 256, "a derivator's key is shorter than 256 bytes");
  }

  get empty(): boolean {
    return this.derivators.length === 0;
  }

  seed(failed: OnFailure = failHere): DerivatorStates {
    return this.derivators.map((derivator) => attempt(derivator, failed, () => derivator.seed()));
  }

  /** A deep copy, so that a state can be kept while its twin goes on. */
  copy(states: DerivatorStates, failed: OnFailure = failHere): DerivatorStates {
    return this.derivators.map((derivator, index) => {
      const state = states[index];
      if (state === absent) return absent;
      return attempt(derivator, failed, () => derivator.copy?.(state) ?? derivator.decode(derivator.encode(state)));
    });
  }

  add(states: DerivatorStates, points: Points, from: number, to: number, failed: OnFailure = failHere): void {
    for (let index = 0; index < this.derivators.length; index += 1) {
      const derivator = this.derivators[index] as Derivator;
      if (!has(states, index)) continue;
      // Written out, as it runs for every bucket of a batch.
      try {
        states[index] = derivator.add(states[index], points, from, to);
      } catch (fault) {
        states[index] = absent;
        failed(derivator, fault);
      }
    }
  }

  /** A derivator that one side lacks is lacking in the result: half a bucket would be a wrong number. */
  merge(earlier: DerivatorStates, later: DerivatorStates, failed: OnFailure = failHere): void {
    for (let index = 0; index < this.derivators.length; index += 1) {
      const derivator = this.derivators[index] as Derivator;
      const missing = !has(earlier, index) || !has(later, index);
      earlier[index] = missing
        ? absent
        : attempt(derivator, failed, () => derivator.merge(earlier[index], later[index]));
    }
  }

  /**
   * Waits for states that are computed elsewhere, in place; before it they can be neither encoded nor asked for results.
   *
   * @returns undefined where there are none: most sets.
   */
  settle(states: DerivatorStates, withResults: boolean, failed: OnFailure = failHere): Promise<void> | undefined {
    return this.settles ? this.#settle(states, withResults, failed) : undefined;
  }

  async #settle(states: DerivatorStates, withResults: boolean, failed: OnFailure): Promise<void> {
    await Promise.all(
      this.derivators.map(async (derivator, index) => {
        if (derivator.settled === undefined || !has(states, index)) return;
        const state = states[index];
        try {
          const settled = await derivator.settled(state, withResults);
          // Meanwhile it may have gone on.
          if (states[index] === state) states[index] = settled;
        } catch (fault) {
          if (states[index] === state) states[index] = absent;
          failed(derivator, fault);
        }
      }),
    );
  }

  /** For each derivator: length of its name (1 byte), name, length of its state (4 bytes, big-endian), state. */
  encode(states: DerivatorStates, failed: OnFailure = failHere): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let index = 0; index < this.derivators.length; index += 1) {
      if (!has(states, index)) continue;
      const name = this.#names[index] as Uint8Array;
      const derivator = this.derivators[index] as Derivator;
      const state = attempt(derivator, failed, () => derivator.encode(states[index]));
      if (state === absent) continue;
      const head = new Uint8Array(1 + name.length + 4);
      head[0] = name.length;
      head.set(name, 1);
      new DataView(head.buffer).setUint32(1 + name.length, state.length);
      parts.push(head, state);
    }
    return Buffer.concat(parts);
  }

  decode(bytes: Uint8Array, failed: OnFailure = failHere): DerivatorStates {
    const byName = new Map<string, Uint8Array>();
    // Plain: the `slice` of a Buffer copies nothing, which a derivator has no reason to expect.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < plain.length; ) {
      const nameLength = view.getUint8(at);
      const name = utf8.decode.decode(plain.subarray(at + 1, at + 1 + nameLength));
      const length = view.getUint32(at + 1 + nameLength);
      const from = at + 1 + nameLength + 4;
      byName.set(name, plain.subarray(from, from + length));
      at = from + length;
    }
    return this.derivators.map((derivator) => {
      const state = byName.get(derivator.stateKey ?? derivator.name);
      return state === undefined ? absent : attempt(derivator, failed, () => derivator.decode(state));
    });
  }

  /** The result of one derivator; `undefined` where the set or the state lacks it. */
  result(states: DerivatorStates, name: string, failed: OnFailure = failHere): unknown {
    const index = this.derivators.findIndex((derivator) => derivator.name === name);
    const derivator = this.derivators[index];
    if (derivator === undefined || !has(states, index)) return undefined;
    const result = attempt(derivator, failed, () => derivator.result(states[index]));
    return result === absent ? undefined : result;
  }

  /** Whether a state of the derivator is there. */
  has(states: DerivatorStates, name: string): boolean {
    return has(
      states,
      this.derivators.findIndex((derivator) => derivator.name === name),
    );
  }
}

/** Marks a state that a stored bucket lacks; `undefined` is a state of its own. */
const absent: unique symbol = Symbol("absent");

function has(states: DerivatorStates, index: number): boolean {
  return index >= 0 && states[index] !== absent;
}

function attempt<T>(derivator: Derivator, failed: OnFailure, step: () => T): T | typeof absent {
  try {
    return step();
  } catch (fault) {
    failed(derivator, fault);
    return absent;
  }
}

/** The sets of all types, made once each. */
export class DerivatorSets {
  readonly #all: readonly Derivator[];
  readonly #sets = new Map<DataType, DerivatorSet>();

  constructor(all: readonly Derivator[]) {
    this.#all = all;
  }

  of(type: DataType): DerivatorSet {
    let set = this.#sets.get(type);
    if (set === undefined) {
      set = new DerivatorSet(type, this.#all);
      this.#sets.set(type, set);
    }
    return set;
  }
}
