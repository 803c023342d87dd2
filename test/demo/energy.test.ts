import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../millrace-process.ts";
import { duckDb, expectClose, runExample, shuffledHalves } from "./plugin-run.ts";

const graph = "config/examples/plugins/energy.yaml";
const csv = join(root, "config/examples/plugins/energy.csv");
const [header = "", ...samples] = readFileSync(csv, "utf8").trimEnd().split("\n");
const hour = 3_600_000;

/** Months in Brussels: winter is an hour ahead of UTC, summer, from 29 March 2026 on, two. */
const borders = [
  "2026-01-31T23:00Z",
  "2026-02-28T23:00Z",
  "2026-03-31T22:00Z",
  "2026-04-30T22:00Z",
  "2026-05-31T22:00Z",
];

test("energy by month equals that of DuckDB from the CSV", async () => {
  const months = borders.slice(1).map((end, at) => `(${Date.parse(borders[at] ?? "")}, ${Date.parse(end)})`);
  const expected = await duckDb(`
    with month(low, high) as (values ${months.join(", ")}),
    sample as (select epoch_ms(time) as t, power::double as kw, low, high
      from read_csv('${csv}') join month on epoch_ms(time) >= low and epoch_ms(time) < high),
    leg as (select *, lag(t) over w as t0, lag(kw) over w as kw0, lead(t) over w as t1 from sample
      window w as (partition by low order by t))
    select low::varchar, count(*), (sum(
        case when t0 is null then if(t - low <= ${3 * hour}, kw * (t - low), 0)
          else if(t - t0 <= ${3 * hour}, (kw + kw0) / 2 * (t - t0), 0) end
        + case when t1 is null and high - t <= ${3 * hour} then kw * (high - t) else 0 end) / ${hour})::double
    from leg group by low order by low`);
  const { ask } = await runExample(graph, "CSV", [[header, ...samples]]);
  const rows = await ask("1mo", "count,energy", "power");
  const actual = rows.map(([, at = "", ...values]) => [String(Date.parse(at)), ...values]);
  expect(actual.length).toBe(4);
  expectClose(actual, expected, 1e-12);
});

test("constant power, sampled at any times, gives its hours in every month, the one with 743 hours too", async () => {
  const lines: string[] = [];
  const end = Date.parse("2026-05-01T00:00Z");
  // At most 3 hours apart, with a sample near each border on either side.
  for (let at = Date.parse("2026-02-27T00:00Z"); at < end; at += 1 + Math.floor(Math.random() * 3 * hour)) {
    lines.push(`${new Date(at).toISOString()},2`);
  }
  const { ask } = await runExample(graph, "CSV", [[header, ...lines]]);
  const rows = await ask("1mo", "energy", "power");
  expect(rows.slice(1, 3).map((row) => row[2])).toEqual([String(2 * 743), String(2 * 720)]);
  const days = await ask("1d", "energy", "power");
  const byDay = new Map(days.map(([, at = "", energy]) => [at.slice(0, 13), energy]));
  expect([byDay.get("2026-03-27T23"), byDay.get("2026-03-28T23"), byDay.get("2026-03-29T22")]).toEqual([
    "48",
    "46",
    "48",
  ]);
});

test("samples that come late, twice and over two runs give the same energy, bit by bit", async () => {
  const quiet = await runExample(graph, "CSV", [[header, ...samples]]);
  const rough = await runExample(
    graph,
    "CSV",
    shuffledHalves(samples).map((half) => [header, ...half]),
  );
  for (const every of ["1h", "1d", "1mo"]) {
    const expected = await quiet.ask(every, "count,energy", "power");
    expect(expected.length).toBeGreaterThan(3);
    expect(await rough.ask(every, "count,energy", "power")).toEqual(expected);
  }
});
