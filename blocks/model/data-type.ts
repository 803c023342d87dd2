/** The built-in types of data points. */
export const builtInTypes = ["tdouble", "tlong", "tbool", "ttext", "tbinary", "pos2d"] as const;
export type BuiltInType = (typeof builtInTypes)[number];

/** The name of a type: a built-in one, or one that a plugin brings (any JSON value). */
export type DataType = BuiltInType | (string & Record<never, never>);

export interface Position2d {
  /** Degrees, -90 to 90. */
  readonly latitude: number;
  /** Degrees, -180 to 180. */
  readonly longitude: number;
}

/**
 * How the values of a type lie in a column: `float` is a `Float64Array` (tdouble; tbool as 0 and 1), `long` a `BigInt64Array`
 * (tlong), `boxed` an array of JavaScript values (ttext: string, tbinary: `Uint8Array`, pos2d: `Position2d`, custom: JSON).
 */
export type Layout = "float" | "long" | "boxed";

export function layoutOf(type: DataType): Layout {
  if (type === "tdouble" || type === "tbool") return "float";
  return type === "tlong" ? "long" : "boxed";
}
