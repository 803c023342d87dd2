import assert from "node:assert/strict";
import type { Points } from "../model/columns.ts";
import type { DataType } from "../model/data-type.ts";
import type { Derivator, TimeSpan } from "../model/derivator.ts";
import { failHere, type OnFailure } from "./derivator-failures.ts";

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/** One state per state name of the set, in its order; marked where a stored bucket lacks it, or its derivator failed. */
export type DerivatorStates = unknown[];

/**
 * The derivators that one type has besides the float state, in a fixed order. What one of them throws is told, with the
 * derivator, to whoever called, and costs its own state: the others go on.
 */
export class DerivatorSet {
  readonly derivators: readonly Derivator[];
  /** One derivator for each state that is kept; several may share it. */
  readonly keepers: readonly Derivator[];
  /** Whether some states are computed elsewhere, and have to be waited for. */
  readonly settles: boolean;
  readonly #names: Uint8Array[];
  /** Place of the state, by name of the derivator. */
  readonly #places: ReadonlyMap<string, number>;

  constructor(type: DataType, all: readonly Derivator[]) {
    this.derivators = all.filter((derivator) => derivator.appliesTo(type)).sort((a, b) => order(a.name, b.name));
    const keepers = new Map(this.derivators.map((derivator) => [stateNameOf(derivator), derivator]));
    const names = [...keepers.keys()].sort(order);
    this.keepers = names.map((name) => keepers.get(name) as Derivator);
    this.#names = names.map((name) => utf8.encode.encode(name));
    this.#places = new Map(this.derivators.map((one) => [one.name, names.indexOf(stateNameOf(one))]));
    this.settles = this.derivators.some(({ settled }) => settled !== undefined);
    for (const name of this.#names) assert(name.length < 256, "a derivator's name is shorter than 256 bytes");
  }

  get empty(): boolean {
    return this.keepers.length === 0;
  }

  seed(failed: OnFailure = failHere): DerivatorStates {
    return this.keepers.map((derivator) => attempt(derivator, failed, () => derivator.seed()));
  }

  /** A deep copy, so that a state can be kept while its twin goes on. */
  copy(states: DerivatorStates, failed: OnFailure = failHere): DerivatorStates {
    return this.keepers.map((derivator, index) => {
      const state = states[index];
      if (state === absent) return absent;
      return attempt(derivator, failed, () =>
        derivator.copy === undefined ? derivator.decode(derivator.encode(state)) : derivator.copy(state),
      );
    });
  }

  add(states: DerivatorStates, points: Points, from: number, to: number, failed: OnFailure = failHere): void {
    for (let index = 0; index < this.keepers.length; index += 1) {
      const derivator = this.keepers[index] as Derivator;
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
    for (let index = 0; index < this.keepers.length; index += 1) {
      const derivator = this.keepers[index] as Derivator;
      if (!has(earlier, index)) continue;
      try {
        earlier[index] = has(later, index) ? derivator.merge(earlier[index], later[index]) : absent;
      } catch (fault) {
        earlier[index] = absent;
        failed(derivator, fault);
      }
    }
  }

  /**
   * Waits for states that are computed elsewhere, in place; before it they can be neither encoded nor asked for results.
   *
   * @param bucket Where results are wanted too: the bucket they are of.
   * @returns undefined where there are none: most sets.
   */
  settle(
    states: DerivatorStates,
    bucket: TimeSpan | undefined,
    failed: OnFailure = failHere,
  ): Promise<void> | undefined {
    return this.settles ? this.#settle(states, bucket, failed) : undefined;
  }

  async #settle(states: DerivatorStates, bucket: TimeSpan | undefined, failed: OnFailure): Promise<void> {
    await Promise.all(
      this.keepers.map(async (keeper, index) => {
        if (keeper.settled === undefined || !has(states, index)) return;
        const sharing =
          bucket === undefined ? [keeper] : this.derivators.filter(({ name }) => this.#places.get(name) === index);
        for (const derivator of sharing) {
          const state = states[index];
          try {
            states[index] = await derivator.settled?.(state, bucket);
          } catch (fault) {
            states[index] = absent;
            failed(derivator, fault);
            return;
          }
        }
      }),
    );
  }

  /** For each state: length of its name (1 byte), name, length of the state (4 bytes, big-endian), state. */
  encode(states: DerivatorStates, failed: OnFailure = failHere): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let index = 0; index < this.keepers.length; index += 1) {
      if (!has(states, index)) continue;
      const name = this.#names[index] as Uint8Array;
      const derivator = this.keepers[index] as Derivator;
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
    return this.keepers.map((derivator) => {
      const state = byName.get(stateNameOf(derivator));
      return state === undefined ? absent : attempt(derivator, failed, () => derivator.decode(state));
    });
  }

  /** Place of the state that a derivator answers from; `undefined` where the set lacks it. */
  placeOf(name: string): number | undefined {
    return this.#places.get(name);
  }

  /** The result of one derivator over a bucket; `undefined` where the set or the state lacks it. */
  result(states: DerivatorStates, name: string, bucket?: TimeSpan, failed: OnFailure = failHere): unknown {
    const place = this.#places.get(name);
    const derivator = this.derivators.find((one) => one.name === name);
    if (derivator === undefined || place === undefined || !has(states, place)) return undefined;
    const result = attempt(derivator, failed, () => derivator.result(states[place], bucket));
    return result === absent ? undefined : result;
  }

  /** Whether the state that a derivator answers from is there. */
  has(states: DerivatorStates, name: string): boolean {
    const place = this.#places.get(name);
    return place !== undefined && has(states, place);
  }
}

const stateNameOf = ({ name, stateName = name }: Derivator) => stateName;
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Marks a state that a stored bucket lacks; `undefined` is a state of its own. */
const absent: unique symbol = Symbol("absent");

function has(states: DerivatorStates, index: number): boolean {
  return states[index] !== absent;
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
