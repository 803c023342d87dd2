import { choice, duration, list, port, record, type SettingsOf, text } from "../../config/declare.ts";
import { securityPolicy } from "../../config/security-policy.ts";

/** Where the brokers are, and how to prove who we are. The same in every Kafka component. */
export const clusterSettings = {
  nodes: list(
    "Brokers to begin with; the others are learned from them.",
    record({
      host: text("Name or address of the broker."),
      port: port("TCP port of the broker.", { default: 9092 }),
    }),
    { min: 1, default: [{ host: "localhost" }] },
  ),
  security: securityPolicy(),
  sasl: choice(
    "How login and password are proved, where the policy has them.",
    ["plain", "scram-sha-256", "scram-sha-512"],
    {
      default: "plain",
    },
  ),
  max_ttr: duration("Longest wait between two tries to connect.", { default: "15 seconds", min: "100 ms" }),
};

const cluster = record(clusterSettings);
export type ClusterSettings = SettingsOf<typeof cluster>;

/** How records are compressed on their way and in the log. */
export const compression = () =>
  choice(
    "How records are compressed: smaller in the log, for some time of the processor.",
    ["none", "gzip", "snappy", "lz4", "zstd"],
    {
      default: "none",
    },
  );
export type Compression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** Names that Kafka takes for topics and groups of topics. */
export const topicName = <const Options extends { readonly default?: string; readonly optional?: true }>(
  doc: string,
  options: Options = {} as Options,
) => text(doc, { pattern: /^[a-zA-Z0-9._-]+$/, lengthMax: 249, ...options });

export const sessionTimeout = () =>
  duration("An engine that is not heard of for so long loses its partitions to the others.", {
    default: "30 seconds",
    min: "1 second",
  });
