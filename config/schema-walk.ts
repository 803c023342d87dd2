import { z } from "zod";
import type { Diagnostics } from "./diagnostic.ts";
import { type Located, type Path, plain, valueAt } from "./located.ts";

/** The schema of a value inside a value, variants decided by what the file says; undefined where nothing is declared there. */
export function schemaAt(schema: z.core.$ZodType, located: Located, path: Path): z.core.$ZodType | undefined {
  let current: z.core.$ZodType | undefined = schema;
  for (const [index, step] of path.entries()) {
    current = current && child(current, valueAt(located, path.slice(0, index)), step);
  }
  return current;
}

/** The keys of the record that a schema stands for. */
export function knownKeys(schema: z.core.$ZodType | undefined, located: Located | undefined): string[] {
  const object = schema && record(schema, located);
  return object === undefined ? [] : Object.keys(object.shape);
}

/** What a declaration notes about itself, wherever defaults and the like were put around it. */
export function annotation(schema: z.core.$ZodType | undefined, name: "writeOnly" | "examples"): unknown {
  for (let layer = schema; layer !== undefined; layer = inner(layer)) {
    const noted = z.globalRegistry.get(layer)?.[name];
    if (noted !== undefined) return noted;
  }
  return undefined;
}

/** Whether a schema was declared with `secret`. */
export function isSecretSchema(schema: z.core.$ZodType | undefined): boolean {
  return annotation(schema, "writeOnly") === true;
}

/** Keeps the values of secret settings out of every excerpt. */
export function hideSecrets(schema: z.core.$ZodType, located: Located, diagnostics: Diagnostics): void {
  if (isSecretSchema(schema)) {
    diagnostics.source(located.at.file)?.hide(located.at);
    return;
  }
  const steps: PropertyKey[] =
    located.kind === "mapping" ? [...located.entries.keys()] : located.kind === "list" ? [...located.items.keys()] : [];
  for (const step of steps) {
    const value = valueAt(located, [step]);
    const declared = child(schema, located, step);
    if (value !== undefined && declared !== undefined) hideSecrets(declared, value, diagnostics);
  }
}

function child(schema: z.core.$ZodType, located: Located | undefined, step: PropertyKey): z.core.$ZodType | undefined {
  const bare = unwrapped(schema);
  if (bare instanceof z.ZodArray) return bare.element;
  if (bare instanceof z.ZodRecord) return bare.valueType;
  return record(schema, located)?.shape[String(step)];
}

/** The record a schema stands for, or the option of a variant that the value's `type` chooses. */
function record(schema: z.core.$ZodType, located: Located | undefined): z.ZodObject | undefined {
  const bare = unwrapped(schema);
  if (bare instanceof z.ZodObject) return bare;
  if (!(bare instanceof z.ZodDiscriminatedUnion)) return undefined;
  const type = located && valueAt(located, [bare.def.discriminator]);
  if (type === undefined) return undefined;
  for (const option of bare.options) {
    const object = unwrapped(option);
    const literal = object instanceof z.ZodObject ? object.shape[bare.def.discriminator] : undefined;
    if (literal?._zod.values?.has(plain(type))) return object as z.ZodObject;
  }
  return undefined;
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  let bare = schema;
  for (let layer = inner(bare); layer !== undefined; layer = inner(bare)) bare = layer;
  return bare;
}

function inner(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return schema.def.innerType;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.def.innerType;
  return schema instanceof z.ZodPipe ? schema.def.in : undefined;
}
