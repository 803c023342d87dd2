import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../millrace-process.ts";
import { duckDb, expectClose, runExample, shuffledHalves } from "./plugin-run.ts";

const graph = "config/examples/plugins/road-segments.yaml";
const file = join(root, "config/examples/plugins/road-segments.jsonl");
const messages = readFileSync(file, "utf8").trimEnd().split("\n");
const values = "count,metres,seconds,speed";

test("ways and speeds by segment, vehicle and hour equal those of DuckDB from the positions", async () => {
  // Chords between points on the sphere, and distances to the two segments along the axes: other formulas than the plugin's.
  const expected = await duckDb(`
    with fix as (
      select vehicle, (v->>0)::timestamp as moment, (v->'$[1]'->>'latitude')::double as lat, (v->'$[1]'->>'longitude')::double as lon
      from (select tagset.vehicle as vehicle, unnest("values"::json[]) as v from read_json('${file}'))),
    near as (
      select *, 111195.0797 as k,
        k * sqrt(pow((lon - 4.43) * cos(radians(lat)), 2) + pow(greatest(50.41 - lat, 0, lat - 50.42), 2)) as quai,
        k * sqrt(pow(lat - 50.42, 2) + pow(greatest(4.43 - lon, 0, lon - 4.45) * cos(radians(lat)), 2)) as rue
      from fix),
    placed as (
      select *, case when least(quai, rue) > 25 then null when quai <= rue + 0.001 then 'quai-nord' else 'rue-de-la-gare' end as segment,
        cos(radians(lat)) * cos(radians(lon)) as x, cos(radians(lat)) * sin(radians(lon)) as y, sin(radians(lat)) as z
      from near),
    leg as (
      select segment, vehicle, date_trunc('hour', moment) as hour, epoch_ms(moment) - lag(epoch_ms(moment)) over w as ms,
        2 * 6371008.8 * asin(sqrt(pow(x - lag(x) over w, 2) + pow(y - lag(y) over w, 2) + pow(z - lag(z) over w, 2)) / 2) as metres
      from placed where segment is not null window w as (partition by segment, vehicle, date_trunc('hour', moment) order by moment))
    select 'vehicle-on-segment{segment="' || segment || '",vehicle="' || vehicle || '"}', strftime(hour, '%Y-%m-%dT%H:%M:%S.000Z'),
      count(*), sum(metres) filter (ms <= 60000), sum(ms) filter (ms <= 60000) / 1000,
      3600 * sum(metres) filter (ms <= 60000) / sum(ms) filter (ms <= 60000)
    from leg group by all order by 1, 2`);
  const { ask } = await runExample(graph, "POSITIONS", [messages]);
  const actual = await ask("1h", values, "vehicle-on-segment");
  expect(actual.length).toBe(6);
  expectClose(actual, expected, 1e-9);
});

test("a vehicle that goes north at 10 m/s has 36 km/h, and the way between two passes is not counted", async () => {
  const perSecond = (10 / 6_371_008.8) * (180 / Math.PI);
  const pass = (start: number) =>
    Array.from({ length: 101 }, (_, second) => [
      new Date(start + second * 1_000).toISOString(),
      { latitude: 50.41 + second * perSecond, longitude: 4.43 },
    ]);
  const [first, second] = [Date.UTC(2026, 4, 4, 8), Date.UTC(2026, 4, 4, 17)];
  const message = {
    metric: "vehicle",
    tagset: { vehicle: "a" },
    type: "pos2d",
    values: [...pass(first), ...pass(second)],
  };
  const { ask } = await runExample(graph, "POSITIONS", [[JSON.stringify(message)]]);
  const series = 'vehicle-on-segment{segment="quai-nord",vehicle="a"}';
  expectClose(
    await ask("1d", values, "vehicle-on-segment"),
    [[series, "2026-05-04T00:00:00.000Z", "202", "2000", "200", "36"]],
    1e-9,
  );
});

test("positions that come late, twice and over two runs give the same ways and speeds, bit by bit", async () => {
  // A message for each position, so that they can be parted.
  const single = messages.flatMap((line) => {
    const message = JSON.parse(line) as { values: unknown[] };
    return message.values.map((value) => JSON.stringify({ ...message, values: [value] }));
  });
  const quiet = await runExample(graph, "POSITIONS", [messages]);
  const rough = await runExample(graph, "POSITIONS", shuffledHalves(single));
  for (const every of ["1m", "1h", "1d"]) {
    const expected = await quiet.ask(every, values, "vehicle-on-segment");
    expect(expected.length).toBeGreaterThan(3);
    expect(await rough.ask(every, values, "vehicle-on-segment")).toEqual(expected);
  }
});
