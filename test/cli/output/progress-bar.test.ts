import { expect, test } from "vitest";
import { ProgressBar } from "../../../cli/output/progress-bar.ts";

function drawnOn(isTTY: boolean): string {
  let text = "";
  const out = { isTTY, write: (part: string) => (text += part) };
  const bar = new ProgressBar(out as unknown as NodeJS.WriteStream);
  bar.draw(0.5, "3 of 6 series");
  bar.end();
  return text;
}

test("a progress bar is drawn over itself on a terminal, and nowhere else", () => {
  const full = "█".repeat(15);
  expect(drawnOn(true)).toBe(`\r\u001b[K${full}${"░".repeat(15)} 50 %  3 of 6 series\r\u001b[K`);
  expect(drawnOn(false)).toBe("");
});
