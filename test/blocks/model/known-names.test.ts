import { expect, test } from "vitest";
import { KnownNames } from "../../../blocks/model/known-names.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";

const table = new SeriesTable();
const a = table.intern("a", {}, "tdouble");
const b = table.intern("b", {}, "tdouble");

test.each([1, 2, 3, 4, 5, 8, 11])(
  "names of %d bytes are told from those that differ in their last byte or their length",
  (length) => {
    const known = new KnownNames();
    expect(known.find(names(length, 1), length)).toBe(undefined);
    known.note(names(length, 1), length, a);
    known.note(names(length, 2), length, b);
    // Twice, as what came after it the last time is looked at first.
    for (let round = 0; round < 2; round += 1) {
      expect(known.find(names(length, 1), length)).toBe(a);
      expect(known.find(names(length, 2), length)).toBe(b);
      expect(known.find(names(length, 1), length)).toBe(a);
      expect(known.find(names(length, 3), length)).toBe(undefined);
      expect(known.find(names(length, 2), length + 1)).toBe(undefined);
      expect(known.find(names(length, 2), length - 1)).toBe(undefined);
    }
  },
);

test("of more names than it holds, the first ones are forgotten", () => {
  const known = new KnownNames();
  const view = new DataView(new ArrayBuffer(8));
  for (let name = 0; name <= 65_536; name += 1) {
    view.setUint32(0, name);
    known.note(view, 4, a);
  }
  expect(known.find(view, 4)).toBe(a);
  view.setUint32(0, 0);
  expect(known.find(view, 4)).toBe(undefined);
});

/** Zeros, one byte, and what follows the names in a message. */
function names(length: number, last: number): DataView {
  const bytes = new Uint8Array(length + 8).fill(0x22, length);
  bytes[length - 1] = last;
  return new DataView(bytes.buffer);
}
