#!/usr/bin/env node
import { Argument, Command, CommanderError, Option } from "commander";
import { exitCodeOf, exitCodes, textOf } from "./exit.ts";
import { pluginKinds } from "./plugin-kinds.ts";
import { version } from "./version.ts";

// Each command loads what it needs, so that `--help` and `check` stay quick.
const collect = (value: string, all: string[] = []) => [...all, value];
const set = () =>
  new Option("--set <path=value>", "override a setting of the file; may be repeated").argParser(collect);
const json = () => new Option("--json", "print JSON");

function program(): Command {
  const command = new Command("millrace")
    .description("Stream processing of time series: a graph in YAML, exact rollups in a store.")
    .version(version())
    .exitOverride()
    .configureHelp({ sortSubcommands: false });
  command
    .command("run")
    .description("run a graph until it is stopped, or until it is idle")
    .argument("<graph.yaml>")
    .option("--until-idle", "end when finite sources are read and everything is settled and flushed")
    .addOption(set())
    .addOption(
      new Option("--log-format <format>", "lines for people or JSON").choices(["text", "json"]).default("text"),
    )
    .addOption(new Option("--log-level <level>").choices(["debug", "info", "warn", "error"]).default("info"))
    .option("--quiet", "print neither what runs nor a status line")
    .action(async (file, options) => (await import("./commands/run.ts")).run(file, options));
  command
    .command("check")
    .description("check graph files: every fault of every file, with its place")
    .argument("<graph.yaml...>")
    .addOption(set())
    .addOption(json())
    .action(async (files, options) => (await import("./commands/check.ts")).check(files, options));
  command
    .command("graph")
    .description("draw a graph")
    .argument("<graph.yaml>")
    .option("--format <format>", "mermaid, dot, json or ascii", "ascii")
    .addOption(set())
    .addOption(json())
    .action(async (file, options) => (await import("./commands/graph.ts")).graph(file, options));
  command
    .command("query")
    .description("print observations or rollups of the series that match, as in 'temperature{location=\"Seattle\"}'")
    .argument("<selector>")
    .requiredOption("--graph <graph.yaml>", "the graph whose store is asked")
    .option("--store <name>", "the store, where the graph has several")
    .option("--where <filter>", 'a filter of tags, such as \'["and", ["=", "site", "north"], ["+", "unit"]]\'')
    .option("--from <time>", "ISO 8601, a date, or ms since the epoch; inclusive")
    .option("--to <time>", "likewise; exclusive")
    .option("--every <period>", "1m, 1h, 1d, 1mo, …; without it observations are printed")
    .option("--value <names>", "count, mean, min, max, sum, first, last, stddev, …")
    .option("--merge", "make one series of all that match")
    .option("--by <tags>", "make one series per value of these tags")
    .option("--limit <rows>", "most rows to print")
    .addOption(set())
    .option("--format <format>", "table, csv, json or chart", "table")
    .addOption(json())
    .action(async (selector, options) => (await import("./commands/query.ts")).query(selector, options));
  command
    .command("search")
    .description(
      'print the series whose tags match, as in \'["=", "site", "north"]\', or their metrics, tags or values',
    )
    .argument("[filter]", "a filter of tags, as JSON; all unless told")
    .requiredOption("--graph <graph.yaml>", "the graph whose store is asked")
    .option("--store <name>", "the store, where the graph has several")
    .option("--metric <name>", "only of this metric")
    .option("--from <time>", "only series with data in a shard of time from here on")
    .option("--to <time>", "likewise, up to here (exclusive)")
    .addOption(new Option("--list <what>").choices(["series", "metrics", "tags"]).default("series"))
    .option("--values <tag>", "print the values of this tag instead")
    .addOption(set())
    .addOption(json())
    .action(async (filter, options) => (await import("./commands/search.ts")).searchCommand(filter, options));
  command
    .command("tag")
    .description("print the static tags of a metric, after setting those that are given")
    .argument("<metric>")
    .argument("[tag=value...]")
    .requiredOption("--graph <graph.yaml>", "the graph whose store is meant")
    .option("--store <name>", "the store, where the graph has several")
    .option("--remove <tag>", "take a tag away; may be repeated", collect)
    .option("--replace", "take all tags away that are not given")
    .addOption(set())
    .addOption(json())
    .action(async (metric, tags, options) => (await import("./commands/tag.ts")).tag(metric, tags, options));
  command
    .command("delete")
    .description("delete data points, a stretch of time or whole series, and recompute the rollups that held them")
    .argument("<selector>", "as of a query; {} is all series")
    .requiredOption("--graph <graph.yaml>", "the graph whose store it is")
    .option("--store <name>", "the store, where the graph has several")
    .option("--from <time>", "ISO 8601, a date, or ms since the epoch; inclusive")
    .option("--to <time>", "likewise; exclusive")
    .option("--at <times>", "data points, by their timestamps with commas between")
    .addOption(set())
    .addOption(json())
    .action(async (selector, options) => (await import("./commands/delete.ts")).deleteData(selector, options));
  command
    .command("backfill")
    .description("compute derivators that were added to the graph over what is stored already, at every period")
    .argument("<graph.yaml>", "names the derivators at the blocks that write the store")
    .argument("[selector]", "as of a query; all series unless told", "{}")
    .requiredOption("--derivator <name>", "what to compute; may be repeated", collect)
    .requiredOption("--from <time>", "ISO 8601, a date, or ms since the epoch; inclusive")
    .requiredOption("--to <time>", "likewise; exclusive")
    .option("--where <filter>", "a filter of tags, as of a query")
    .option("--store <name>", "the store, where the graph has several")
    .option("--points <count>", "most data points to hold in memory", "200000")
    .addOption(set())
    .addOption(json())
    .action(async (file, selector, options) =>
      (await import("./commands/backfill.ts")).backfillStore(file, selector, options),
    );
  command
    .command("replay")
    .description("let a graph read a buffer again from an earlier time or position, as far as its `retention` goes")
    .argument("<graph.yaml>")
    .argument("<buffer>", "its name in the graph")
    .option("--from <time>", "of entry into the buffer: ISO 8601, a date, or ms since the epoch")
    .option("--from-position <number>", "of the first record to read again, in one partition")
    .option("--partition <number>", "only of this one; all unless told")
    .option("--segment <name>", "only what this segment reads; all that read the buffer unless told")
    .addOption(set())
    .addOption(json())
    .action(async (file, buffer, options) => (await import("./commands/replay.ts")).replay(file, buffer, options));
  command
    .command("audit")
    .description("check that every data point is accounted for")
    .argument("<graph.yaml>")
    .addOption(set())
    .addOption(json())
    .action(async (file, options) => (await import("./commands/audit.ts")).audit(file, options));
  command
    .command("migrate")
    .description("copy the raw data points of TSorage from Cassandra through the processor of a graph into its store")
    .addArgument(new Argument("<system>", "whose data points are copied").choices(["tsorage"]))
    .argument("<graph.yaml>", "the graph whose processor and store take them; nothing else of it runs")
    .requiredOption("--node <host[:port]>", "a node of the cluster that has them; may be repeated", collect)
    .option("--keyspace <name>", "where TSorage keeps raw data points", "tsorage_ts")
    .option("--local-data-center <name>", "datacenter whose nodes are asked", "datacenter1")
    .option("--login <name>", "account; its password is in the environment variable that --password-env names")
    .option("--password-env <name>", "environment variable with the password", "TSORAGE_PASSWORD")
    .option(
      "--progress <file>",
      "remembers what is copied: a run that was interrupted goes on",
      "./tsorage-progress.json",
    )
    .addOption(set())
    .addOption(json())
    .action(async (_system, file, options) => (await import("./commands/migrate.ts")).migrateTsorage(file, options));
  command
    .command("schema")
    .description("print the JSON Schema of graph files, for editors")
    .argument("[graph.yaml]", "with the components of this file's plugins")
    .action(async (file) => (await import("./commands/schema.ts")).schema(file));
  const begin = command.command("new").description("begin a plugin or a graph; nothing is overwritten");
  begin
    .command("plugin")
    .description("write a package with a plugin, a graph that uses it, and tests that pass")
    .argument("<name>", "of the package and of what the plugin brings")
    .addOption(new Option("--kind <kind>", "what the plugin brings").choices(pluginKinds).default("derivation"))
    .option("--folder <path>", "where it is written; a folder of its name unless told")
    .action(async (name, options) => (await import("./commands/new.ts")).newPlugin(name, options));
  begin
    .command("graph")
    .description("write a small graph file that runs")
    .argument("<name>", "of the graph and its file")
    .option("--from <example>", "an example of the handbook to begin with, such as seattle-weather")
    .option("--folder <path>", "where it is written", ".")
    .action(async (name, options) => (await import("./commands/new.ts")).newGraph(name, options));
  return command;
}

// A reader that went away, as in `millrace query … | head`, is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.success);
  throw error;
});

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
  else {
    process.stderr.write(`${textOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
  // What a failed start left open must not keep the process.
  if (process.exitCode !== exitCodes.success) process.exit();
}
