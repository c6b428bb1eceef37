import assert from "node:assert/strict";
import test from "node:test";
import {
  LOGIT_STEP,
  enlarge,
  foregroundLogits,
  labelMap,
  logProbabilities,
  quantise,
} from "../../dbce/web/core/logits.js";
import { golden, noise } from "./golden_readers.js";

/** @param {number} classes @returns {[Float32Array, Float32Array]} what a network says, and what Python makes of it */
function stored(classes) {
  const said = Float32Array.from(noise(classes * 36, classes), (value) => value / 16 - 8);
  return [said, new Float32Array(Uint8Array.from(Buffer.from(golden("logits")[classes], "base64")).buffer)];
}

/** @param {Int16Array} steps @param {Float32Array} exact */
function near(steps, exact) {
  assert.equal(steps.length, exact.length);
  const furthest = exact.reduce((most, value, i) => Math.max(most, Math.abs(steps[i] * LOGIT_STEP - value)), 0);
  assert.ok(furthest <= LOGIT_STEP / 2 + 1e-5, `off by ${furthest}`);
}

test("two classes: the logit of the object, enlarged twice as in PyTorch", () => {
  const [said, exact] = stored(2);
  near(foregroundLogits(said, 40), exact);
});

test("several classes: log-probabilities, and the label of the largest", () => {
  const [said, exact] = stored(4);
  const steps = logProbabilities(said, 4, 40);
  near(steps, exact);
  const labels = labelMap(steps, 4);
  for (let i = 0; i < 1600; i++) {
    const own = [0, 1, 2, 3].map((cls) => steps[cls * 1600 + i]);
    assert.equal(labels[i], own.indexOf(Math.max(...own)));
  }
});

test("a map that is enlarged keeps its corners and its mean colour", () => {
  assert.deepEqual([...enlarge(Float32Array.of(0, 1, 0, 1), 2, 4)].slice(0, 4), [0, 0.25, 0.75, 1]);
  assert.ok(enlarge(new Float32Array(9).fill(2.5), 3, 7).every((value) => value === 2.5));
});

test("steps are whole, halves even, and end at the limits of 16 bits", () => {
  assert.deepEqual([...quantise(Float32Array.of(0.5 / 1024, 1.5 / 1024, -99, 99))], [0, 2, -32767, 32767]);
});
