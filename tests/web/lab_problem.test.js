import assert from "node:assert/strict";
import test from "node:test";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { checkProblem, drawBatch, drawHeldOut, frequencies, SIZE } from "../../dbce/web/lab/problem.js";
import { fingerprint, normal, random } from "../../dbce/web/lab/random.js";

const needles = PRESETS[0].problem;
const bytesOf = (samples) =>
  fingerprint(Buffer.concat(samples.flatMap(({ image, labels }) => [Buffer.from(image.buffer), Buffer.from(labels)])));

/** Mean of a number of each of many drawn images. */
const mean = (problem, of) => {
  const drawn = drawHeldOut(problem, 60).map(of);
  return drawn.reduce((sum, v) => sum + v, 0) / drawn.length;
};
const share = (label) => (sample) => sample.labels.filter((l) => l === label).length / SIZE ** 2;
const slope = ({ image }) => image.reduce((most, v, i) => (i % SIZE ? Math.max(most, v - image[i - 1]) : most), 0);

/** Connected pieces of the labels above 0. */
function pieces({ labels }) {
  const left = new Set(labels.keys().filter((i) => labels[i]));
  let count = 0;
  while (left.size) {
    const stack = [left.values().next().value];
    count++;
    while (stack.length) {
      const i = stack.pop();
      if (!left.delete(i)) continue;
      if (i % SIZE) stack.push(i - 1);
      if (i % SIZE < SIZE - 1) stack.push(i + 1);
      stack.push(i - SIZE, i + SIZE);
    }
  }
  return count;
}

test("the same seed and step give the same bits; another of either, other images; held-out ones are others still", () => {
  const first = bytesOf(drawBatch(needles, 3, 7, 4));
  assert.equal(bytesOf(drawBatch(needles, 3, 7, 4)), first);
  const others = [drawBatch(needles, 4, 7, 4), drawBatch(needles, 3, 8, 4), drawHeldOut(needles, 4)].map(bytesOf);
  assert.equal(new Set([first, ...others]).size, 4);
  assert.equal(bytesOf(drawHeldOut(needles, 8).slice(0, 4)), others[2]); // more of them leave the first ones alone
});

test("objects have the size and number asked for", () => {
  for (const { problem } of PRESETS)
    problem.objects.forEach((objects, k) => {
      const drawn = mean(problem, share(k + 1));
      assert.ok(drawn > 0.7 * objects.share && drawn < 1.4 * objects.share, `${drawn} for ${objects.share}`);
    });
  const count = mean({ ...needles, objects: [{ share: 0.02, count: 4, brightness: 1 }] }, pieces);
  assert.ok(count > 3.8 && count <= 4);
});

test("contrast, softness, decoys and noise do what they say", () => {
  const plain = { ...needles, softness: 0, noise: 0, decoys: { count: 0, brightness: 0.5 } };
  const brightest = ({ image }) => image.reduce((a, b) => Math.max(a, b));
  const lit = ({ image }) => image.filter((v) => v > 0).length;
  assert.equal(mean(plain, brightest), 1);
  assert.equal(mean({ ...plain, contrast: 0.5 }, brightest), 0.5);
  assert.equal(mean(plain, slope), 1);
  assert.ok(mean({ ...plain, softness: 2 }, slope) < 0.3);
  assert.equal(mean(plain, lit), SIZE ** 2 * mean(plain, share(1)));
  assert.ok(mean({ ...plain, decoys: { count: 3, brightness: 0.5 } }, lit) > 1.8 * mean(plain, lit));
  assert.ok(mean({ ...plain, noise: 1 }, slope) > 1.2);
});

test("a blur keeps the sum, up to rounding, and is symmetric", () => {
  const drawn = { ...needles, softness: 1.5, noise: 0, decoys: { count: 0, brightness: 0 } };
  const sum = ({ image }) => image.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(mean(drawn, sum) / mean({ ...drawn, softness: 0 }, sum) - 1) < 0.01);
});

test("frequencies are those of drawn labels", () => {
  for (const { problem } of PRESETS) {
    const known = frequencies(problem);
    assert.ok(Math.abs(known.reduce((a, b) => a + b) - 1) < 1e-12);
    assert.ok(Math.abs(mean(problem, share(1)) / known[1] - 1) < 0.15);
  }
});

test("what an address may hold is refused in a sentence", () => {
  for (const { problem } of PRESETS) assert.equal(checkProblem(problem), problem);
  assert.throws(() => checkProblem({ ...needles, noise: NaN }), /noise is NaN; it must be a number from 0 to 3/);
  assert.throws(() => checkProblem({ ...needles, objects: [{ share: 0.01, count: 1.5, brightness: 1 }] }), /is 1.5/);
  assert.throws(() => checkProblem({ ...needles, decoys: { count: 1e9, brightness: 1 } }), /number of decoys/);
});

test("normal numbers have mean 0 and variance 1", () => {
  const u = random(1);
  const drawn = Array.from({ length: 20000 }, () => normal(u));
  const average = drawn.reduce((a, b) => a + b) / drawn.length;
  const variance = drawn.reduce((a, b) => a + (b - average) ** 2, 0) / drawn.length;
  assert.ok(Math.abs(average) < 0.03 && Math.abs(variance - 1) < 0.03);
});
