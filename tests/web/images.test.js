// The list of a report, in every order.
import assert from "node:assert/strict";
import test from "node:test";
import { sorted } from "../../dbce/web/tabs/images.js";

const rows = [
  { example: 0, name: "a", area: 0.3, disagreement: 0.1, dice: { one: 0.9, two: 0.2 } },
  { example: 1, name: "b", area: null, disagreement: 0.4, dice: {} },
  { example: 2, name: "c", area: 0.1, disagreement: 0.4, dice: { one: 0.5, two: 0.8 } },
];

for (const [order, names] of [
  ["disagreement/", "bca"],
  ["dice/one", "cab"],
  ["dice/two", "acb"],
  ["area/", "cab"],
  ["name/", "abc"],
])
  test(`the order ${order}`, () => {
    const before = structuredClone(rows);
    const found = sorted(rows, order).map(({ name }) => name);
    assert.equal(found.join(""), names);
    assert.deepEqual(rows, before);
  });
