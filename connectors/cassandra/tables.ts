import type { Keyspaces } from "./keyspaces.ts";

export interface TableOptions {
  /** Seconds that data points are kept; 0: for ever. */
  readonly rawTtl: number;
  /** Seconds that rollups are kept; 0: for ever. */
  readonly aggregatedTtl: number;
}

const series = "metric text, tagset frozen<map<text, text>>, type text";

/**
 * The tables of version 1. A partition of data points or rollups is one series, and one shard of time; the newest comes first.
 * Rollups of several periods share a partition where their shards are of one length. `results` of a rollup has what fits no column, by derivator, as JSON; `floats` and `bytes` are the states.
 */
export function createTables({ raw, aggregated }: Keyspaces, options: TableOptions): string[] {
  return [
    `CREATE TYPE IF NOT EXISTS ${raw}.pos2d (latitude double, longitude double)`,
    `CREATE TABLE IF NOT EXISTS ${raw}.observations (${series}, shard text, datetime timestamp,
       value_tdouble double, value_tlong bigint, value_tbool boolean, value_ttext text, value_tbinary blob,
       value_pos2d frozen<pos2d>, value_json text,
       PRIMARY KEY ((metric, tagset, type, shard), datetime))
     WITH CLUSTERING ORDER BY (datetime DESC) AND ${timeWindows(options.rawTtl)}`,
    `CREATE TABLE IF NOT EXISTS ${aggregated}.aggregations (${series}, shard text, period text, datetime timestamp,
       count bigint, first_datetime timestamp, first double, last_datetime timestamp, last double, min double, max double,
       sum double, s_sum double, true_count bigint, results frozen<map<text, text>>, floats blob, bytes blob,
       PRIMARY KEY ((metric, tagset, type, shard), period, datetime))
     WITH CLUSTERING ORDER BY (period ASC, datetime DESC) AND ${timeWindows(options.aggregatedTtl)}`,
    `CREATE TABLE IF NOT EXISTS ${aggregated}.shards (${series}, level text, shard text,
       PRIMARY KEY ((metric, tagset, type), level, shard))`,
    `CREATE TABLE IF NOT EXISTS ${aggregated}.static_tagsets (metric text PRIMARY KEY, tagset frozen<map<text, text>>)`,
    `CREATE TABLE IF NOT EXISTS ${aggregated}.series_by_metric (metric text, bucket int, tagset frozen<map<text, text>>,
       type text, PRIMARY KEY ((metric, bucket), tagset, type))`,
    `CREATE TABLE IF NOT EXISTS ${aggregated}.series_by_tag (tagname text, tagvalue text, bucket int, metric text,
       tagset frozen<map<text, text>>, type text, PRIMARY KEY ((tagname, tagvalue, bucket), metric, tagset, type))`,
  ];
}

/** Brings the options of tables that are there to those of the settings. */
export function alterTables({ raw, aggregated }: Keyspaces, { rawTtl, aggregatedTtl }: TableOptions): string[] {
  return [
    `ALTER TABLE ${raw}.observations WITH ${timeWindows(rawTtl)}`,
    `ALTER TABLE ${aggregated}.aggregations WITH ${timeWindows(aggregatedTtl)}`,
  ];
}

/**
 * Time windows, of which about 30 are there at a time where data points expire (Cassandra's documentation of the strategy
 * advises 20 to 50). What never expires has windows of 30 days.
 */
function timeWindows(ttl: number): string {
  const hours = ttl === 0 ? 720 : Math.max(1, Math.ceil(ttl / 3_600 / 30));
  const compaction =
    `{'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'HOURS', ` +
    `'compaction_window_size': '${hours}'}`;
  return `default_time_to_live = ${ttl} AND compaction = ${compaction}`;
}
