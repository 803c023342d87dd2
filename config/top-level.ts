import { z } from "zod";
import {
  byteSize,
  choice,
  dictionary,
  duration,
  integer,
  list,
  path,
  port,
  record,
  type SettingsOf,
  text,
  timezone,
} from "./declare.ts";

const nodes = { optional: true } as const;

/** The keys of a graph file. What stands in the sections is checked node by node. */
export const topLevel = record({
  name: text("Name of the graph; that of the file unless told.", {
    pattern: /^[a-z0-9-]+$/,
    lengthMax: 63,
    optional: true,
  }),
  include: z
    .union([z.string().min(1), z.array(z.string().min(1))], { error: "it must be a path or a list of paths" })
    .optional()
    .meta({ description: "Files to merge into this one; paths relative to it." }),
  plugins: list("Modules that bring components.", path("Path of a module."), { max: 64, default: [] }),
  stores: dictionary("Where results come to rest.", z.unknown(), nodes),
  sources: dictionary("Where data comes from.", z.unknown(), nodes),
  buffers: dictionary("Where data rests between nodes.", z.unknown(), nodes),
  blocks: dictionary("What is done with the data.", z.unknown(), nodes),
  sinks: dictionary("Where data goes.", z.unknown(), nodes),
  hub: record({
    host: text("Address to listen on.", { default: "127.0.0.1" }),
    port: port("Port to listen on.", { default: 8080 }),
  })
    .optional()
    .meta({ description: "The HTTP server of the API and the console; none without this key." }),
  dead_letters: record({
    path: path("Folder of the dead letters; `./data/<name>/dead-letters` unless told.", { optional: true }),
    max_bytes: byteSize("Most that is kept; beyond it the oldest are deleted.", { default: "64 MiB" }),
  })
    .prefault({})
    .meta({ description: "Where messages go that cannot be processed." }),
  limits: record({
    series_max: integer("Most series the graph may hold; a further one is refused.", { min: 1, default: 1_000_000 }),
  })
    .prefault({})
    .meta({ description: "What bounds the memory of the graph." }),
  workers: record({
    threads: integer("Threads for heavy derivators; one less than the machine can run unless told.", {
      min: 1,
      max: 256,
      optional: true,
    }),
    deadline: duration("Longest that one step of a heavy derivator may take.", { default: "30 seconds", min: "1 ms" }),
  })
    .prefault({})
    .meta({ description: "The threads in which heavy derivators run." }),
  timezone: timezone("Zone whose days and months buckets follow, by its IANA name.", {
    default: "UTC",
    example: "Europe/Brussels",
  }),
  bucket_label: choice(
    "`start`: a bucket holds its start and is labelled by it. `end`: it holds its end and is labelled by it, as TSorage's.",
    ["start", "end"],
    { default: "start" },
  ),
  stop_timeout: duration("Longest wait for a graceful stop.", { default: "10 seconds" }),
});

export type TopLevel = SettingsOf<typeof topLevel>;
