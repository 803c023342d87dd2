import { basename } from "node:path";
import type { Plan } from "../../graphs/plan.ts";

/** What is said when a graph starts: its nodes, and the commands to try next. */
export function introduction(plan: Plan, file: string, hubUrl: string | undefined): string {
  const { graph } = plan;
  const width = Math.max(...graph.nodes.map(({ name }) => name.length));
  const lines = graph.nodes.map(
    ({ name, section, type }) => `  ${name.padEnd(width)}  ${section.slice(0, -1).padEnd(6)}  ${type}`,
  );
  const feeds = plan.segments.flatMap(({ nodes }) =>
    nodes.flatMap(({ definition, settings }) => {
      const feed = definition.kind === "source" ? definition.feed?.(settings as never) : undefined;
      return feed === undefined ? [] : [`  ${feed}`];
    }),
  );
  // Run from a checkout there is no command of that name on the path.
  const command = basename(process.argv[1] ?? "") === "main.js" ? "npx millrace" : "millrace";
  const [period] = graph.nodes.flatMap(({ settings }) => (settings as { aggregators?: string[] }).aggregators ?? []);
  const next = [
    ...feeds,
    ...(period === undefined ? [] : [`  ${command} query '{}' --graph ${file} --every ${period} --value count,mean`]),
    `  ${command} graph ${file}`,
    `  ${command} audit ${file}`,
    ...(hubUrl === undefined ? [] : [`  curl ${hubUrl}/api/v1/status`]),
  ];
  return [
    `${graph.name} runs ${file}:`,
    ...lines,
    "",
    "Try next, in another terminal:",
    ...next,
    "",
    "Ctrl-C stops it in order.",
    "",
  ].join("\n");
}
