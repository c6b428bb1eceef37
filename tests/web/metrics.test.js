import assert from "node:assert/strict";
import test from "node:test";
import { confusion, scoresByClass, scoresOf } from "../../dbce/web/core/metrics.js";
import { golden, near } from "./golden.js";

const { counts, maps } = golden("metrics.json");

test("scores of counts, empty masks among them", () => {
  for (const [tp, fp, fn, scores] of counts) near(scoresOf(tp, fp, fn), scores, 1e-12, `${tp} ${fp} ${fn}`);
  assert.deepEqual(scoresOf(0, 0, 0), { dice: 1, iou: 1, precision: 1, recall: 1 });
  assert.deepEqual(scoresOf(1, 1, 0), { dice: 2 / 3, iou: 1 / 2, precision: 1 / 2, recall: 1 });
  assert.deepEqual(scoresOf(0, 0, 2), { dice: 0, iou: 0, precision: 0, recall: 0 });
});

test("how often each class was taken for each, and its scores", () => {
  for (const { classes, real, found, cells, scores } of maps) {
    const got = confusion(real, found, classes);
    assert.deepEqual([...got], cells);
    near(scoresByClass(got, classes).scores, scores, 1e-12);
  }
});

test("the mean is that of the objects which one of the maps holds, and 1 where there are none", () => {
  const mean = (/** @type {number[]} */ cells) => scoresByClass(Int32Array.from(cells), 3).mean;
  assert.equal(mean([9, 0, 0, 0, 0, 0, 0, 0, 0]), 1); // background alone
  assert.equal(mean([9, 1, 0, 1, 1, 0, 0, 0, 0]), 0.5); // one class: 1 found, 1 too much, 1 missed
  assert.equal(mean([9, 1, 0, 1, 1, 0, 0, 0, 4]), 0.75);
  assert.equal(mean([9, 1, 0, 0, 1, 0, 0, 0, 0]), 2 / 3); // as many too much as there are
  assert.equal(mean([9, 0, 0, 1, 1, 0, 0, 0, 0]), 2 / 3); // as many missed as were found
});
