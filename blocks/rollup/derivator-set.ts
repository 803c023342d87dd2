import assert from "node:assert/strict";
import type { Points } from "../model/columns.ts";
import type { DataType } from "../model/data-type.ts";
import type { Derivator, TimeSpan } from "../model/derivator.ts";

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/** One state per state name of the set, in its order; marked where a stored bucket lacks it. */
export type DerivatorStates = unknown[];

/** The derivators that one type has besides the float state, in a fixed order. */
export class DerivatorSet {
  readonly derivators: readonly Derivator[];
  /** One derivator for each state that is kept; several may share it. */
  readonly keepers: readonly Derivator[];
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
    for (const name of this.#names) assert(name.length < 256, "a derivator's name is shorter than 256 bytes");
  }

  get empty(): boolean {
    return this.keepers.length === 0;
  }

  seed(): DerivatorStates {
    return this.keepers.map((derivator) => derivator.seed());
  }

  /** A deep copy, so that a state can be kept while its twin goes on. */
  copy(states: DerivatorStates): DerivatorStates {
    return this.decode(this.encode(states));
  }

  add(states: DerivatorStates, points: Points, from: number, to: number): void {
    for (let index = 0; index < this.keepers.length; index += 1) {
      states[index] = this.keepers[index]?.add(states[index], points, from, to);
    }
  }

  /** A derivator that one side lacks is lacking in the result: half a bucket would be a wrong number. */
  merge(earlier: DerivatorStates, later: DerivatorStates): void {
    for (let index = 0; index < this.keepers.length; index += 1) {
      const missing = !has(earlier, index) || !has(later, index);
      earlier[index] = missing ? absent : this.keepers[index]?.merge(earlier[index], later[index]);
    }
  }

  /** For each state: length of its name (1 byte), name, length of the state (4 bytes, big-endian), state. */
  encode(states: DerivatorStates): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let index = 0; index < this.keepers.length; index += 1) {
      if (!has(states, index)) continue;
      const name = this.#names[index] as Uint8Array;
      const state = (this.keepers[index] as Derivator).encode(states[index]);
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
    return this.keepers.map((derivator) => {
      const state = byName.get(stateNameOf(derivator));
      return state === undefined ? absent : derivator.decode(state);
    });
  }

  /** Place of the state that a derivator answers from; `undefined` where the set lacks it. */
  placeOf(name: string): number | undefined {
    return this.#places.get(name);
  }

  /** The result of one derivator over a bucket; `undefined` where the set or the state lacks it. */
  result(states: DerivatorStates, name: string, bucket?: TimeSpan): unknown {
    const place = this.#places.get(name);
    if (place === undefined || !has(states, place)) return undefined;
    return this.derivators.find((derivator) => derivator.name === name)?.result(states[place], bucket);
  }
}

const stateNameOf = ({ name, stateName = name }: Derivator) => stateName;
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

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
