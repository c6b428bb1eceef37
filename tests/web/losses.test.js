import assert from "node:assert/strict";
import test from "node:test";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { binaryCrossEntropy, logitLimit, sigmoid, softplus } from "../../dbce/web/core/losses.js";
import { CONSTANTS, golden, near } from "./golden.js";

const { logit, probability, entropy, limits } = golden("losses.json");
const STEP = CONSTANTS.logit_step;

test("probabilities and cross entropy at every kind of logit", () => {
  near(
    Float32Array.from(logit, (z) => sigmoid(z * STEP)),
    probability,
    2e-7,
  );
  for (const [label, expected] of Object.entries(entropy)) {
    const got = binaryCrossEntropy(logit, new Uint8Array(logit.length).fill(+label), STEP);
    assert.equal(got.constructor, Float32Array);
    near(got, expected, 2e-7, `label ${label}`); // float32 has a rounding error of 1.2e-7
  }
  assert.ok(binaryCrossEntropy(logit, new Uint8Array(logit.length).fill(IGNORE), STEP).every((value) => value === 0));
});

test("the limit of a prediction is the logit of the threshold", () => {
  for (const [threshold, limit] of Object.entries(limits)) near(logitLimit(+threshold, STEP), limit, 1e-12);
  for (const threshold of [1e-6, 0.3, 0.5, 0.999]) near(sigmoid(logitLimit(threshold, STEP) * STEP), threshold, 1e-12);
});

test("nothing overflows, and small probabilities keep their digits", () => {
  assert.equal(softplus(1000), 1000);
  assert.equal(softplus(-1000), 0);
  assert.equal(softplus(0), Math.LN2);
  assert.ok(Math.abs(softplus(-30) / Math.exp(-30) - 1) < 1e-9);
  assert.equal(sigmoid(1000), 1);
  assert.equal(sigmoid(-1000), 0);
});
