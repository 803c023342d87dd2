/** The keyspaces of a store, as the settings name them. */
export interface Keyspaces {
  /** Data points. */
  readonly raw: string;
  /** Rollups, the index of series and the version of the schema. */
  readonly aggregated: string;
}

/** What a keyspace may be called: no quotes are needed then, and no case is lost. */
export const keyspacePattern = /^[a-z][a-z0-9_]{0,47}$/;
