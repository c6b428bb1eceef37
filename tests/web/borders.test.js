import assert from "node:assert/strict";
import test from "node:test";
import { borderDistances, REACH } from "../../dbce/web/core/borders.js";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { offeredWeightings, WEIGHTINGS } from "../../dbce/web/core/weights.js";
import { random, slowBorders } from "./golden.js";

test("distances to the two nearest objects by comparing every pixel with every other", () => {
  const draw = random(3);
  let both = 0;
  for (let size = 1; size <= 9; size++)
    for (let round = 0; round < 8; round++) {
      const some = 2 + draw(8);
      const labels = Uint8Array.from({ length: size * size }, () => (draw(some) ? 0 : [1, 1, 2, IGNORE][draw(4)]));
      const { first, second } = borderDistances(labels, size);
      slowBorders(labels, size).forEach(([a, b], i) => {
        assert.ok(first[i] === a || Math.abs(first[i] - a) < 1e-12, `side ${size}, pixel ${i}: ${first[i]}, ${a}`);
        assert.ok(second[i] === b || Math.abs(second[i] - b) < 1e-12, `side ${size}, pixel ${i}: ${second[i]}, ${b}`);
        if (b < Infinity) both++;
      });
    }
  assert.ok(both > 500);
});

test("beyond the reach a border is infinitely far", () => {
  const labels = new Uint8Array(80 * 80);
  labels[0] = labels[40] = 1;
  const { first, second } = borderDistances(labels, 80);
  assert.deepEqual([first[20], second[20]], [20, 20]);
  assert.deepEqual([first[REACH], second[REACH]], [40 - REACH, REACH]);
  assert.deepEqual([first[40], second[40]], [0, Infinity]);
  assert.deepEqual([first[40 + REACH + 1], second[40 + REACH + 1]], [Infinity, Infinity]);
});

test("what needs the frequencies of a data set is not offered without", () => {
  assert.deepEqual(offeredWeightings([0.5, 0.5]), Object.keys(WEIGHTINGS));
  assert.deepEqual(
    offeredWeightings(null),
    Object.keys(WEIGHTINGS).filter((key) => key !== "balanced_set"),
  );
});
