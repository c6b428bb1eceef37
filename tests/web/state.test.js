// The table of fields: what a link may hold, and what it writes.
import assert from "node:assert/strict";
import test from "node:test";
import { Fields } from "../../dbce/web/app/state.js";

const TABLE = [
  { name: "tab", kind: "one", start: "a", choices: [["a", "A"], ["b", "B"]], always: true },
  { name: "slice", kind: "whole", start: null, low: 0, high: 63 },
  { name: "none", kind: "whole", start: null, low: 0, high: -1 },
  { name: "threshold", kind: "number", start: 0.5, low: 0.01, high: 0.99 },
  { name: "outline", kind: "flag", start: true },
  { name: "shown", kind: "many", start: ["ce", "dbce"], choices: [["ce", "CE"], ["dbce", "Dilated"]] },
]; // prettier-ignore

const fields = new Fields(/** @type {any} */ (TABLE));

test("what is written is read again", () => {
  const state = { tab: "b", slice: 7, none: null, threshold: 0.25, outline: false, shown: ["dbce"] };
  const { found, unknown } = fields.read("#" + fields.write(state));
  const { none, ...rest } = state;
  assert.deepEqual(found, rest);
  assert.equal(none, null);
  assert.deepEqual(unknown, []);
});

test("a link leaves out what is as it starts, but for what always stands there", () => {
  assert.equal(String(fields.write(fields.start())), "tab=a");
});

test("one state never changes the next one's start", () => {
  fields.start().shown.push("other");
  assert.deepEqual(fields.start().shown, ["ce", "dbce"]);
});

for (const bad of [
  "tab=c",
  "tab=toString",
  "tab=",
  "slice=64",
  "slice=-1",
  "slice=1.5",
  "slice=1e1",
  "none=0",
  "threshold=0",
  "threshold=1",
  "threshold=NaN",
  "threshold=0x1",
  "outline=true",
  "shown=",
  "shown=ce.other",
  "__proto__=1",
  "constructor=1",
  "=1",
])
  // prettier-ignore
  test(`${bad} is not understood`, () => {
    const { found, unknown } = fields.read(bad);
    assert.deepEqual(found, {});
    assert.deepEqual(unknown, [bad.split("=")[0] || "an empty name"]);
  });

test("a name twice in a list is taken once", () => {
  assert.deepEqual(fields.read("shown=ce.ce").found, { shown: ["ce"] });
});
