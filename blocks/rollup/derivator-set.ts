import assert from "node:assert/strict";
import type { Points } from "../model/columns.ts";
import type { DataType } from "../model/data-type.ts";
import type { Derivator } from "../model/derivator.ts";

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/** One state per derivator of the set, in its order; marked where a stored bucket lacks it. */
export type DerivatorStates = unknown[];

/** The derivators that one type has besides the float state, in a fixed order. */
export class DerivatorSet {
  readonly derivators: readonly Derivator[];
  readonly #names: Uint8Array[];

  constructor(type: DataType, all: readonly Derivator[]) {
    this.derivators = all
      .filter((derivator) => derivator.appliesTo(type))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    this.#names = this.derivators.map((derivator) => utf8.encode.encode(derivator.name));
    for (const name of this.#names) assert(name.length < 256, "a derivator's name is shorter than 256 bytes");
  }

  get empty(): boolean {
    return this.derivators.length === 0;
  }

  seed(): DerivatorStates {
    return this.derivators.map((derivator) => derivator.seed());
  }

  /** A deep copy, so that a state can be kept while its twin goes on. */
  copy(states: DerivatorStates): DerivatorStates {
    return this.decode(this.encode(states));
  }

  add(states: DerivatorStates, points: Points, from: number, to: number): void {
    for (let index = 0; index < this.derivators.length; index += 1) {
      states[index] = this.derivators[index]?.add(states[index], points, from, to);
    }
  }

  /** A derivator that one side lacks is lacking in the result: half a bucket would be a wrong number. */
  merge(earlier: DerivatorStates, later: DerivatorStates): void {
    for (let index = 0; index < this.derivators.length; index += 1) {
      const missing = !has(earlier, index) || !has(later, index);
      earlier[index] = missing ? absent : this.derivators[index]?.merge(earlier[index], later[index]);
    }
  }

  /** For each derivator: length of its name (1 byte), name, length of its state (4 bytes, big-endian), state. */
  encode(states: DerivatorStates): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let index = 0; index < this.derivators.length; index += 1) {
      if (!has(states, index)) continue;
      const name = this.#names[index] as Uint8Array;
      const state = (this.derivators[index] as Derivator).encode(states[index]);
      const head = new Uint8Array(1 + name.length + 4);
      head[0] = name.length;
      head.set(name, 1);
      new DataView(head.buffer).setUint32(1 + name.length, state.length);
      parts.push(head, state);
    }
    return Buffer.concat(parts);
  }

  decode(bytes: Uint8Array): DerivatorStates {
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
      const state = byName.get(derivator.name);
      return state === undefined ? absent : derivator.decode(state);
    });
  }

  /** The result of one derivator; `undefined` where the set or the state lacks it. */
  result(states: DerivatorStates, name: string): unknown {
    const index = this.derivators.findIndex((derivator) => derivator.name === name);
    return index >= 0 && has(states, index) ? this.derivators[index]?.result(states[index]) : undefined;
  }
}

/** Marks a state that a stored bucket lacks; `undefined` is a state of its own. */
const absent = Symbol("absent");

function has(states: DerivatorStates, index: number): boolean {
  return states[index] !== absent;
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
