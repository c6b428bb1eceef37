// The curves of a network that is learning.
import assert from "node:assert/strict";
import test from "node:test";
import { levelsBetween, trainingCharts } from "../../dbce/web/parts/training_charts.js";
import { random } from "./golden.js";

test("the levels of the loss hold all values, in order, and are few", () => {
  const draw = random(3);
  for (let round = 0; round < 300; round++) {
    const low = (1 + draw(999)) * 10 ** (draw(8) - 6);
    const high = low * (1 + draw(3000) / 10 ** draw(4));
    const levels = levelsBetween(low, high);
    assert.ok(levels[0] <= low && levels[levels.length - 1] >= high, `${low} to ${high}: ${levels}`);
    levels.forEach((level, k) => assert.ok(!k || level > levels[k - 1]));
    assert.ok(levels.length >= 2 && levels.length <= 12);
  }
});

/** @param {string} svg @returns {number[]} the y of every dot */
const heights = (svg) => [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)"/g)].map(([, y]) => +y);

test("a loss that falls is drawn falling, a Dice at its height, and what is missing is said", () => {
  const text = trainingCharts({ title: "T", last: 4, loss: [[1, 2], [2, null], [3, 0.5]], dice: [[2, 50], [3, 25]] }); // prettier-ignore
  const [first, second, half, quarter] = heights(text);
  assert.ok(first < second);
  assert.equal(half, 105); // 14 at the top, 196 at the bottom
  assert.equal(quarter, 150.5);
  assert.match(text, /0\.5 in epoch 3, 2 in epoch 1; in 1 of 3 epochs it is no number above 0/);
  assert.match(text, /25\.0 % in epoch 3, at best 50\.0 in epoch 2/);
  const none = trainingCharts({ title: "T", last: 4, loss: [[1, null]], dice: [] });
  assert.match(none, /no epoch has one that is a number/);
  assert.match(none, /none yet; --hold-out or --validate/);
});
