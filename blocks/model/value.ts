import { type DataType, layoutOf, type Position2d } from "./data-type.ts";
import type { CustomTypes, TypeDefinition } from "./type-definition.ts";
import { isWellFormed } from "./well-formed.ts";

/** Why a value does not fit its type. */
export class ValueFault {
  /** One sentence. */
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** From a JSON value to what lies in a column, or a fault. */
export type ValueChecker = (json: unknown) => unknown;

/**
 * The check of one type, to be looked up once for many values; undefined where neither the engine nor a plugin knows the type.
 *
 * | type | JSON | column |
 * | --- | --- | --- |
 * | tdouble | finite number or bigint | number |
 * | tlong | integer of 64 bits: number within ±(2^53 - 1), bigint, or decimal text (`"9007199254740993"`) | bigint |
 * | tbool | true, false | 1, 0 |
 * | ttext | text, or `{"value": text}`; well-formed Unicode | string |
 * | tbinary | base64 with its padding (RFC 4648, section 4) | `Uint8Array` |
 * | pos2d | `{"latitude": -90..90, "longitude": -180..180}`, no other keys | `Position2d` |
 * | custom | JSON of at most `jsonDepthMax` levels that its schema takes | itself |
 *
 * A tlong with a fraction is refused; TSorage cut the fraction off.
 */
export function checkerOf(type: DataType, customTypes: CustomTypes = noTypes): ValueChecker | undefined {
  return checkers.get(type) ?? customChecker(customTypes.get(type));
}

/** @returns What lies in the column of the type, or a `ValueFault`; allocates nothing else for numbers and texts. */
export function checkValue(type: DataType, json: unknown, customTypes: CustomTypes = noTypes): unknown {
  const check = checkerOf(type, customTypes);
  return check === undefined ? new ValueFault(unknownTypeReason(type)) : check(json);
}

/**
 * The inverse of `checkValue`. A tlong is a number within ±(2^53 - 1), else decimal text, which `checkValue` takes as well;
 * `valueText` writes all its digits as a JSON number.
 *
 * @param value Of a column of the type.
 */
export function valueToJson(type: DataType, value: unknown): unknown {
  if (type === "tbool") return value === 1;
  if (type === "tbinary") return base64Of(value as Uint8Array);
  if (layoutOf(type) !== "long") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

export function unknownTypeReason(type: string): string {
  return `Cannot accept a value as its type must be built in or come from a plugin: it is ${shown(type)}`;
}

export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Deepest nesting of arrays and objects in a value of a custom type. */
export const jsonDepthMax = 64;

const noTypes: CustomTypes = new Map();
const longMin = -(2n ** 63n);
const longMax = 2n ** 63n - 1n;

const checkers: ReadonlyMap<string, ValueChecker> = new Map<string, ValueChecker>([
  ["tdouble", checkDouble],
  ["tlong", checkLong],
  ["tbool", checkBool],
  ["ttext", checkText],
  ["tbinary", checkBinary],
  ["pos2d", checkPosition],
]);

function checkDouble(json: unknown): unknown {
  if (typeof json === "number" && Number.isFinite(json)) return json;
  if (typeof json === "bigint" && Number.isFinite(Number(json))) return Number(json);
  return fault("tdouble", "a finite number", json);
}

function checkLong(json: unknown): unknown {
  if (typeof json === "number") {
    if (Number.isSafeInteger(json)) return BigInt(json);
    const rule = Number.isInteger(json)
      ? "a number within ±(2^53 - 1), exact digits, or decimal text"
      : "a number without a fraction";
    return fault("tlong", rule, json);
  }
  if (typeof json === "bigint") return inLongRange(json) ? json : fault("tlong", "an integer of 64 bits", json);
  if (typeof json !== "string" || !/^-?(?:0|[1-9]\d{0,18})$/.test(json)) {
    return fault("tlong", "an integer of 64 bits, as a number or decimal text", json);
  }
  const long = BigInt(json);
  return inLongRange(long) ? long : fault("tlong", "an integer of 64 bits", json);
}

function inLongRange(long: bigint): boolean {
  return long >= longMin && long <= longMax;
}

function checkBool(json: unknown): unknown {
  if (json === true) return 1;
  return json === false ? 0 : fault("tbool", "true or false", json);
}

function checkText(json: unknown): unknown {
  const text = typeof json === "string" ? json : wrappedText(json);
  if (text === undefined) return fault("ttext", 'text or {"value": text}', json);
  return isWellFormed(text) ? text : fault("ttext", "well-formed Unicode, without lone surrogates", text);
}

/** TSorage's support class for texts read an object with one key. */
function wrappedText(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null || Object.keys(json).length !== 1 || !("value" in json))
    return undefined;
  return typeof json.value === "string" ? json.value : undefined;
}

function checkBinary(json: unknown): unknown {
  if (typeof json === "string") {
    const bytes = Buffer.from(json, "base64");
    // Node passes over what is no base64; only a text in its one right spelling comes back as it was.
    if (bytes.toString("base64") === json) return new Uint8Array(bytes);
  }
  return fault("tbinary", "base64 text with its padding", json);
}

function checkPosition(json: unknown): unknown {
  if (typeof json === "object" && json !== null && Object.keys(json).length === 2) {
    const { latitude, longitude } = json as Partial<Record<keyof Position2d, unknown>>;
    const position = { latitude: asNumber(latitude), longitude: asNumber(longitude) };
    if (Math.abs(position.latitude) <= 90 && Math.abs(position.longitude) <= 180) return position;
  }
  return fault("pos2d", '{"latitude": -90 to 90, "longitude": -180 to 180}', json);
}

function asNumber(json: unknown): number {
  return typeof json === "number" ? json : Number.NaN;
}

function customChecker(definition: TypeDefinition | undefined): ValueChecker | undefined {
  if (definition === undefined) return undefined;
  return (json) => {
    if (json === undefined || !isShallow(json, jsonDepthMax)) {
      return new ValueFault(`Cannot accept a value as JSON must be at most ${jsonDepthMax} levels deep`);
    }
    const rule = definition.fault(json);
    return rule === undefined ? json : new ValueFault(`Cannot accept a value as ${definition.name}: ${rule}`);
  };
}

function isShallow(json: unknown, levels: number): boolean {
  if (typeof json !== "object" || json === null) return true;
  return levels > 0 && Object.values(json).every((inner) => isShallow(inner, levels - 1));
}

function fault(type: string, rule: string, json: unknown): ValueFault {
  return new ValueFault(`Cannot accept a value as ${type} must be ${rule}: it is ${shown(json)}`);
}

/** A few characters of what was refused. */
export function shown(json: unknown): string {
  if (typeof json === "bigint") return shortened(String(json));
  if (typeof json === "string") return JSON.stringify(shortened(json));
  if (Array.isArray(json)) return "an array";
  return typeof json === "object" && json !== null ? "an object" : String(json);
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
