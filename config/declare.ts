import { z } from "zod";
import { checkAggregators } from "./aggregator.ts";
import { parseByteSize } from "./byte-size.ts";
import { parseDuration } from "./duration.ts";
import { Secret } from "./secret.ts";

// One declaration gives the type, the check, the default, the sentence on the reference page and the JSON Schema. A default is
// written as a user would write it and passes the same check.

/** What a component is opened with. */
export type SettingsOf<S extends z.ZodType> = z.output<S>;

/** A key is mandatory unless it has a default or is optional. */
export interface Presence<Input> {
  readonly default?: Input;
  readonly optional?: boolean;
  /** Shown in the reference pages and by editors. */
  readonly example?: Input;
}

/** What a declaration with these options accepts and gives. */
export type Declared<Output, Input, Options> = Options extends { readonly optional: true }
  ? z.ZodOptional<z.ZodType<Output, Input>>
  : Options extends { readonly default: unknown }
    ? z.ZodPrefault<z.ZodType<Output, Input>>
    : z.ZodType<Output, Input>;

/** The settings of a component, or a part of them. Unknown keys are errors. */
export function record<const Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape);
}

export interface TextOptions extends Presence<string> {
  readonly pattern?: RegExp;
  /** In UTF-16 code units. */
  readonly lengthMax?: number;
}

/** Text of at least one character. */
export function text<const O extends TextOptions = Record<never, never>>(doc: string, options?: O) {
  const { pattern, lengthMax }: TextOptions = options ?? {};
  let schema = z.string().min(1);
  if (pattern !== undefined) schema = schema.regex(pattern);
  if (lengthMax !== undefined) schema = schema.max(lengthMax);
  return declared<string, string, O>(schema, doc, options);
}

/** A time zone by its IANA name, in any spelling that this machine knows; no offset such as `+01:00`. */
export function timezone<const O extends Presence<string> = Record<never, never>>(doc: string, options?: O) {
  const schema = z.string().refine(isTimezone, { error: "it must be a time zone such as UTC or Europe/Brussels" });
  return declared<string, string, O>(schema, doc, options);
}

function isTimezone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

export interface NumberOptions extends Presence<number> {
  /** Smallest value allowed. */
  readonly min?: number;
  /** Largest value allowed. */
  readonly max?: number;
}

/** A whole number from -(2^53 - 1) to 2^53 - 1, or between the given bounds; `0x1f` is fine. */
export function integer<const O extends NumberOptions = Record<never, never>>(doc: string, options?: O) {
  return declared<number, number, O>(between(z.int(), options), doc, options);
}

/** A finite number. */
export function decimal<const O extends NumberOptions = Record<never, never>>(doc: string, options?: O) {
  return declared<number, number, O>(between(z.number(), options), doc, options);
}

/** `true` or `false`. */
export function flag<const O extends Presence<boolean> = Record<never, never>>(doc: string, options?: O) {
  return declared<boolean, boolean, O>(z.boolean(), doc, options);
}

/** One of a few words. */
export function choice<const Word extends string, const O extends Presence<NoInfer<Word>> = Record<never, never>>(
  doc: string,
  words: readonly [Word, ...Word[]],
  options?: O,
) {
  return declared<Word, Word, O>(z.enum(words), doc, options);
}

/** A TCP or UDP port, 0 to 65535; 0 lets the system choose where the engine listens. */
export function port<const O extends Presence<number> = Record<never, never>>(doc: string, options?: O) {
  return declared<number, number, O>(z.int().min(0).max(65_535), doc, options);
}

export interface DurationOptions extends Presence<string> {
  /** Shortest one allowed, as a literal. */
  readonly min?: string;
}

/** A duration such as `15 seconds`; it becomes milliseconds. */
export function duration<const O extends DurationOptions = Record<never, never>>(doc: string, options?: O) {
  const { min }: DurationOptions = options ?? {};
  const minMs = min === undefined ? 0 : parseDuration(min);
  if (minMs === undefined) throw new TypeError(`the shortest duration is no duration: ${min}`);
  const schema = read("it must be a duration such as 5 seconds, 100 ms or 1.5 h", parseDuration).refine(
    (ms) => ms >= minMs,
    `it must be at least ${min}`,
  );
  return declared<number, string, O>(schema, doc, { example: "5 seconds", ...options });
}

/** A size such as `64 MiB`; it becomes bytes. */
export function byteSize<const O extends Presence<string> = Record<never, never>>(doc: string, options?: O) {
  const schema = read("it must be a size such as 64 MiB, 1.5 GB or 512 B", parseByteSize);
  return declared<number, string, O>(schema, doc, { example: "64 MiB", ...options });
}

/** A path of the file system; a relative one starts at the working directory. */
export function path<const O extends Presence<string> = Record<never, never>>(doc: string, options?: O) {
  return declared<string, string, O>(z.string().min(1).max(4_096), doc, options);
}

export interface ListOptions<Input> extends Presence<readonly Input[]> {
  /** Fewest items allowed. */
  readonly min?: number;
  /** Most items allowed. */
  readonly max?: number;
}

/** Items of one kind, in order. */
export function list<Item extends z.ZodType, const O extends ListOptions<z.input<Item>> = Record<never, never>>(
  doc: string,
  item: Item,
  options?: O,
) {
  const { min, max }: ListOptions<z.input<Item>> = options ?? {};
  let schema = z.array(item);
  if (min !== undefined) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(max);
  return declared<z.output<Item>[], readonly z.input<Item>[], O>(schema, doc, options);
}

/** Names chosen by the user, each with a value of one kind. */
export function dictionary<
  Value extends z.ZodType,
  const O extends Presence<Readonly<Record<string, z.input<Value>>>> = Record<never, never>,
>(doc: string, value: Value, options?: O) {
  const schema = z.record(z.string().min(1), value) as unknown as z.ZodType<
    Record<string, z.output<Value>>,
    Readonly<Record<string, z.input<Value>>>
  >;
  return declared<Record<string, z.output<Value>>, Readonly<Record<string, z.input<Value>>>, O>(schema, doc, options);
}

/** Tags: text to text. A number or a flag is refused, since `1.0` and `1` would be one value in YAML and two in a tagset. */
export function tagset<
  const O extends Presence<Readonly<Record<string, string>>> = { readonly default: Record<string, string> },
>(doc = "Tags that every data point gets.", options?: O) {
  const schema = z.record(z.string().min(1), z.string());
  return declared<Record<string, string>, Readonly<Record<string, string>>, O>(schema, doc, {
    default: {},
    ...options,
  });
}

/** Periods of rollups, from fine to coarse, each made of whole ones of the finer one; `1m 1h 1d 1mo` unless told. */
export function aggregators(doc = "Periods of the rollups, from fine to coarse; none: no rollups.") {
  const schema = z.array(z.string()).superRefine((labels, context) => {
    for (const { index, rule } of checkAggregators(labels)) {
      context.addIssue({ code: "custom", path: [index], message: rule });
    }
  });
  return declared<string[], string[], { readonly default: string[] }>(schema, doc, {
    default: ["1m", "1h", "1d", "1mo"],
  });
}

/** A text that is never printed: itself, `{ file: path }` or `{ env: NAME }`. */
export function secret<const O extends { readonly optional?: boolean } = Record<never, never>>(
  doc: string,
  options?: O,
) {
  const schema = z
    .union(
      [z.string().min(1), z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })],
      {
        error: "it must be text, { file: path } or { env: NAME }",
      },
    )
    .transform((origin) => new Secret(origin))
    .meta({ writeOnly: true });
  return declared<Secret, string | { file: string } | { env: string }, O>(schema, doc, options);
}

/** Exactly this word: what a record has at `type` to be an option of a `variant`. */
export function literal<const Word extends string>(word: Word) {
  return z.literal(word);
}

/** One of several records, told apart by `type`. */
export function variant<
  const Options extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]],
>(doc: string, options: Options) {
  return z.discriminatedUnion("type", options).meta({ description: doc });
}

function declared<Output, Input, Options>(
  schema: z.ZodType<Output, Input>,
  doc: string,
  options: Presence<unknown> | undefined,
): Declared<Output, Input, Options> {
  const { default: value, example, optional }: Presence<unknown> = options ?? {};
  let present: z.ZodType = schema.meta({
    ...schema.meta(),
    description: doc,
    ...(example === undefined ? {} : { examples: [example] }),
  });
  if (optional === true) present = present.optional();
  else if (value !== undefined) present = present.prefault(value);
  return present as Declared<Output, Input, Options>;
}

function between(schema: z.ZodNumber, { min, max }: NumberOptions = {}): z.ZodNumber {
  let bounded = schema;
  if (min !== undefined) bounded = bounded.min(min);
  if (max !== undefined) bounded = bounded.max(max);
  return bounded;
}

/** Text that `parse` turns into a number, or refuses with `undefined`. */
function read(rule: string, parse: (text: string) => number | undefined) {
  return z.string({ error: rule }).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", message: rule, input: text });
    return z.NEVER;
  });
}
