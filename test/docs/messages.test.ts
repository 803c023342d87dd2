import { expect, onTestFinished, test } from "vitest";
import { freePort, printed, startMillrace, temporaryFolder } from "../millrace-process.ts";
import { fences, handbook } from "./handbook.ts";

const page = handbook().filter(({ path }) => path === "docs/messages.md");
const [message = "", success = "", body = "", answer = "", ...lines] = fences("json", page).map(({ text }) => text);

test("the messages of the handbook get the answers that it shows", async () => {
  const port = await freePort();
  const folder = temporaryFolder();
  const settings = [
    `sources.meters.port=${port}`,
    `stores.main.path=${folder}/store`,
    `buffers.raw.path=${folder}/buffer`,
    `dead_letters.path=${folder}/dead-letters`,
  ];
  const engine = startMillrace(["run", "config/quickstart.yaml", ...settings.flatMap((one) => ["--set", one])]);
  onTestFinished(() => {
    engine.kill("SIGKILL");
  });
  await printed(engine, /Ctrl-C stops it/);
  const post = async (text: string) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/series`, { method: "POST", headers, body: text });
    return [response.status, await response.json()];
  };
  expect(await post(message)).toEqual([200, JSON.parse(success)]);
  expect(await post(body)).toEqual([400, JSON.parse(answer)]);
}, 60_000);

test("what the handbook shows of the output is one line of JSON each", () => {
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(JSON.stringify(JSON.parse(line))).toBe(line.trim());
});
