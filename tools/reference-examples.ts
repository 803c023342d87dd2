import type { Section } from "../config/catalogue.ts";

const store = "stores:\n  main: { type: embedded, path: ./data/store }\n";
const source = "sources:\n  meters: { type: flow/http/json }\n";
const buffer = "buffers:\n  raw: { type: disk, path: ./data/buffer, from: meters }\n";
const processor = "blocks:\n  rollups: { type: processor, from: raw, store: main }\n";
const aggregators = "aggregators: [1m, 1h]";

/** The mandatory settings of each component that has some, as a flow mapping without its braces. */
const settings: Readonly<Record<string, string>> = {
  "sources file/csv": "path: ./readings.csv, time_column: time",
  "sources file/jsonl": "path: ./readings.jsonl",
  "sources random": "metric: [temperature, pressure]",
  "sources poll/host": "",
  "sources flow/http/json": "",
  "sources flow/kafka/json": "topic: raw",
  "sources flow/kafka/pb": "topic: raw",
  "sources tsorage": "nodes: [{ host: 10.0.0.7 }]",
  "buffers disk": "path: ./data/buffer",
  "buffers kafka": "",
  "buffers memory": "",
  "stores cassandra": "nodes: [{ host: 10.0.0.7 }]",
  "stores embedded": "path: ./data/store",
  "stores memory": "",
  "sinks file/jsonl": "path: ./rollups.jsonl",
  "sinks flow/kafka/json": "topic: aggregations",
  "sinks flow/kafka/pb": "topic: raw",
  "sinks stdout/json": "",
};

/** Blocks stand with those that they work with. */
const blocks: Readonly<Record<string, string>> = {
  processor,
  message: "blocks:\n  record: { type: message, from: raw, store: main, aggregators: [1m] }\n",
  observation: [
    "blocks:",
    "  record: { type: message, from: raw, store: main, aggregators: [1m] }",
    "  points: { type: observation, from: record.observations, store: main, aggregators: [1m] }",
    "sinks:",
    "  out: { type: stdout/json, from: points }",
    "",
  ].join("\n"),
  aggregation: [
    "blocks:",
    `  record: { type: message, from: raw, store: main, ${aggregators} }`,
    `  rollups: { type: aggregation, from: record.updates, store: main, ${aggregators} }`,
    "",
  ].join("\n"),
  tag: [
    "blocks:",
    "  record: { type: message, from: raw, store: main, aggregators: [1m] }",
    "  tags: { type: tag, from: record.tags, store: main }",
    "",
  ].join("\n"),
};

/**
 * A whole graph with a component and no more settings than it needs.
 *
 * @throws {Error} where nobody wrote an example for the component.
 */
export function exampleOf(section: Section, type: string): string {
  if (section === "blocks") return store + source + buffer + found(blocks[type], section, type);
  const given = found(settings[`${section} ${type}`], section, type);
  const node = `type: ${type}${given === "" ? "" : `, ${given}`}`;
  switch (section) {
    case "stores":
      return `stores:\n  main: { ${node} }\n${source}${buffer}${processor}`;
    case "sources":
      return `${store}sources:\n  meters: { ${node} }\n${buffer}${processor}`;
    case "buffers":
      return `${store}${source}buffers:\n  raw: { ${node}, from: meters }\n${processor}`;
    case "sinks":
      // Not every sink takes rollups.
      return `${store}${source}${buffer}${processor}sinks:\n  out: { ${node}, from: ${type.endsWith("/pb") ? "raw" : "rollups.aggregations"} }\n`;
  }
}

function found(example: string | undefined, section: Section, type: string): string {
  if (example === undefined)
    throw new Error(`the ${section} page needs an example of ${type} in reference-examples.ts`);
  return example;
}
