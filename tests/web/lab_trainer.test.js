import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { weightMap, WEIGHTINGS } from "../../dbce/web/core/weights.js";
import { areaCurve, distanceField } from "../../dbce/web/core/dilation.js";
import { lossWeights, LOSSES, priorShift } from "../../dbce/web/lab/losses.js";
import { decide, measure, probabilities } from "../../dbce/web/lab/measure.js";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { Trainer } from "../../dbce/web/lab/trainer.js";
import { kernels } from "./lab_golden.js";

const SIZE = 64;
const [needles, , , , classes] = PRESETS;
const recorded = JSON.parse(await readFile(new URL("lab_fingerprints.json", import.meta.url), "utf8"));

const trainerOf = (loss, options = {}) =>
  new Trainer(kernels, { loss, problem: needles.problem, heldOut: 4, shown: [0], ...options });
const after = (steps, loss, options) => {
  const trainer = trainerOf(loss, options);
  for (let i = 0; i < steps; i++) trainer.train();
  return trainer;
};

for (const [name, { start, fingerprint }] of Object.entries(recorded.runs))
  test(`the same seed gives the recorded bits, and again: ${name}`, () => {
    const trainer = after(recorded.steps, start.loss, start);
    assert.equal(trainer.network.fingerprint(), fingerprint);
    trainer.reset();
    assert.equal(trainer.step, 0);
    for (let i = 0; i < recorded.steps; i++) trainer.train();
    assert.equal(trainer.network.fingerprint(), fingerprint); // rewind means rewind
  });

test("all losses start from the same weights and see the same images; another seed differs", () => {
  const first = LOSSES.map((loss) => trainerOf(loss).network.fingerprint());
  assert.equal(new Set(first).size, 1);
  assert.notEqual(trainerOf("ce", { seed: 1 }).network.fingerprint(), first[0]);
  const seen = LOSSES.map((loss) => {
    const trainer = after(2, loss);
    return Buffer.from(trainer.network.labels).toString("hex") + trainer.network.floats(trainer.network.x, 4000).join();
  });
  assert.equal(new Set(seen).size, 1);
});

test("looking does not change what is learned", () => {
  const [quiet, watched] = [after(4, "dbce"), trainerOf("dbce")];
  for (let i = 0; i < 4; i++) {
    watched.snapshot();
    watched.train();
    watched.scores(true, false);
  }
  assert.equal(watched.network.fingerprint(), quiet.network.fingerprint());
});

test("pictures beside scores are those without: what was scored is not run again", () => {
  for (const loss of ["bce", "own"]) {
    const [plain, scored] = [after(3, loss).snapshot(false), after(3, loss).snapshot(true)];
    assert.deepEqual(scored.pictures, plain.pictures);
  }
});

test("what was saved goes on as if nothing had happened, and counts Adam's steps", () => {
  const trainer = after(3, "bce");
  const state = trainer.save();
  trainer.train();
  const expected = trainer.network.fingerprint();
  trainer.train();
  trainer.restore(state);
  assert.equal(trainer.step, 3);
  trainer.train();
  assert.equal(trainer.network.fingerprint(), expected);
});

test("radius and learning rate hold from the next step on; threshold and correction change no weight", () => {
  const [same, far, fast, read] = [0, 1, 2, 3].map(() => after(2, "dbce"));
  far.set({ radius: 20 });
  fast.set({ learningRate: 0.01 });
  read.set({ threshold: 0.9, correction: true });
  const prints = [same, far, fast, read].map((trainer) => {
    trainer.train();
    return trainer.network.fingerprint();
  });
  assert.equal(prints[3], prints[0]);
  assert.equal(new Set(prints).size, 3);
  assert.throws(() => same.set({ radius: 1.5 }), /The radius is 1.5/);
  assert.throws(() => same.set({ learningRate: 0 }), /learning rate is 0/);
  assert.throws(() => same.set({ threshold: 1 }), /threshold is 1/);
  assert.equal(same.settings.radius, 4);
});

test("weights: those of core, and for balanced CE one over the frequency in the training set", () => {
  const trainer = trainerOf("ce");
  const { labels } = trainer.heldOut[0];
  const out = (loss) => lossWeights(loss, labels, trainer.frequencies, 6, new Float32Array(SIZE * SIZE));
  const distance = [0, 1].map((cls) => distanceField(labels, cls, SIZE));
  const facts = { size: SIZE, labels, classes: [0, 1], valid: SIZE * SIZE, ignored: 0, distance };
  const areas = distance.map((field) => areaCurve(field, labels));
  const dilated = WEIGHTINGS.dilated({ ...facts, areas }, 6);
  assert.deepEqual(out("dbce"), weightMap({ ...facts, areas }, dilated, new Float32Array(SIZE * SIZE)));
  assert.ok(out("ce").every((v) => v === 1 / 4096) && out("dice_ce").every((v) => v === 1 / 4096));
  const [background, object] = trainer.frequencies;
  out("bce").forEach((v, i) => assert.equal(v, Math.fround(1 / (labels[i] ? object : background) / 4096)));
});

const SAME = { ce: "ce", dbce: "sum(w * ce)", bce: "(y ? 1 / f : 1 / (1 - f)) * ce" };
SAME.dice_ce = "dice = 2 * sum(p * y) / (sum(p) + sum(y))\nce + 1 - dice";
for (const [loss, formula] of Object.entries(SAME))
  test(`the formula of ${loss} pushes as ${loss} does`, () => {
    const [known, own] = [after(1, loss), after(1, "own", { settings: { formula } })];
    assert.ok(Math.abs(own.value / known.value - 1) < 1e-6);
    const most = known.network.slopes.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    own.network.slopes.forEach((v, i) => assert.ok(Math.abs(v - known.network.slopes[i]) < 1e-5 * most));
  });

test("an own loss of several classes: cross entropy is the same, Dice the mean over those that occur", () => {
  for (const loss of ["ce", "dice_ce"]) {
    const [known, own] = [{}, { settings: { formula: SAME[loss] } }].map((more, i) =>
      after(1, i ? "own" : loss, { problem: classes.problem, ...more }),
    );
    assert.ok(Math.abs(own.value / known.value - 1) < 1e-6);
    const most = known.network.slopes.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    own.network.slopes.forEach((v, i) => assert.ok(Math.abs(v - known.network.slopes[i]) < 1e-5 * most));
  }
});

test("an own loss that fails teaches nothing, and can be mended on the way", () => {
  const trainer = after(2, "own");
  const before = trainer.network.fingerprint();
  trainer.set({ formula: "x = log(y)\nx * p" });
  assert.throws(() => trainer.train(), { line: 1 });
  assert.equal(trainer.network.fingerprint(), before);
  assert.throws(() => trainer.set({ formula: "ce +" }), { line: 1 });
  trainer.set({ formula: "ce" });
  trainer.train();
  assert.equal(trainer.network.fingerprint(), after(3, "own").network.fingerprint());
});

test("decisions, probabilities and scores, by hand", () => {
  const z = Float32Array.of(2, -1, 0.5, -3);
  const plain = { threshold: 0.5, shift: [0] };
  assert.deepEqual([...decide(z, plain)], [1, 0, 1, 0]);
  assert.deepEqual([...decide(z, { threshold: 0.8, shift: [0] })], [1, 0, 0, 0]); // the logit of 0.8 is 1.39
  assert.deepEqual([...decide(z, { threshold: 0.5, shift: [1] })], [1, 0, 0, 0]);
  probabilities(z, [1]).forEach((p, i) => assert.ok(Math.abs(p - 1 / (1 + Math.exp(1 - z[i]))) < 1e-7));
  const two = Float32Array.of(2, -1, -1, 3, -2, -1); // two objects, three pixels
  assert.deepEqual([...decide(two, { threshold: 0.9, shift: [0, 0] })], [2, 0, 0]);
  const p = probabilities(two, [0, 0]);
  assert.ok(Math.abs(p[3] - Math.exp(3) / (1 + Math.exp(2) + Math.exp(3))) < 1e-7);
  const scores = measure([z], [Uint8Array.of(1, 1, 0, 0)], plain);
  assert.deepEqual([scores.dice, scores.precision, scores.recall], [0.5, 0.5, 0.5]);
  const q = [...z].map((v) => 1 / (1 + Math.exp(-v))); // 0.88, 0.27, 0.62, 0.05: each in a bin of its own
  const expected = (1 - q[0] + (1 - q[1]) + q[2] + q[3]) / 4;
  assert.ok(Math.abs(scores.calibration - expected) < 1e-6);
});

test("prior correction takes off what the weights of Eq. 1 added: balanced logits of a known posterior come back", () => {
  const frequencies = [0.9, 0.07, 0.03];
  const posterior = [0.5, 0.3, 0.2]; // at some pixel; weighted cross entropy is least at w p, normalized
  const weighted = posterior.map((p, k) => p / frequencies[k]);
  const logits = Float32Array.from([1, 2], (k) => Math.log(weighted[k] / weighted[0]));
  const corrected = probabilities(logits, priorShift(frequencies));
  assert.ok(Math.abs(corrected[0] - 0.3) < 1e-6 && Math.abs(corrected[1] - 0.2) < 1e-6);
});

test("the push is the slope of the loss in the logits of the shown image", () => {
  const trainer = after(3, "bce", { shown: [2, 0, 1, 3, 2] });
  const { pictures } = trainer.snapshot();
  assert.equal(pictures.length, 5);
  assert.deepEqual(pictures[4], pictures[0]);
  const { labels } = trainer.heldOut[2];
  const weight = lossWeights("bce", labels, trainer.frequencies, 4, new Float32Array(SIZE * SIZE));
  const { logits, push } = pictures[0];
  const probability = probabilities(logits, [0]);
  push.forEach((v, i) => assert.ok(Math.abs(v - weight[i] * (probability[i] - labels[i])) < 1e-6 * weight[i] + 1e-12));
});

test("what cannot be trained is refused in a sentence", () => {
  assert.throws(() => trainerOf("focal"), /"focal" is no loss; choose from ce, bce/);
  assert.throws(() => trainerOf("ce", { heldOut: 1000 }), /heldOut is 1000/);
  assert.throws(() => trainerOf("ce", { shown: [4] }), /shown is 4/);
  assert.throws(() => trainerOf("own", { settings: { formula: "ce\nq" } }), { line: 2 });
});
