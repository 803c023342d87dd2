import type { z } from "zod";
import type { PluginOrigin } from "../../config/plugin-origin.ts";

/**
 * A type of data points whose values are any JSON, at most 64 levels deep. They lie in columns, in stores and in messages (JSON,
 * and Protobuf payloads of JSON in UTF-8) as they came; `count`, `first`, `last`, `coverage` and `distinct` apply to them, and the
 * derivators of plugins that say so.
 */
export interface TypeDefinition {
  readonly kind: "type";
  readonly name: string;
  /** One sentence for the reference page. */
  readonly summary: string;
  readonly origin?: PluginOrigin;
  /** What a value must be, as in "it must be …", where it is something else. The value itself is kept as it came. */
  fault(json: unknown): string | undefined;
}

/** The types of one graph besides the built-in ones, by name. */
export type CustomTypes = ReadonlyMap<string, TypeDefinition>;

/** @param given `schema` as settings have it, without defaults: those would change a value. Absent: any JSON. */
export function defineType({
  name,
  summary,
  schema,
}: {
  readonly name: string;
  readonly summary: string;
  readonly schema?: z.ZodType;
}): TypeDefinition {
  return {
    kind: "type",
    name,
    summary,
    fault(json) {
      const checked = schema?.safeParse(json);
      if (checked === undefined || checked.success) return undefined;
      const [issue] = checked.error.issues;
      const at = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
      return `${issue?.message ?? "something else"}${at}`;
    },
  };
}
