// What can be looked at of a run: steps that were kept, within bounds, and steps that were recorded; each shows what
// the network gave there.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { FOUR } from "../../dbce/web/lab/experiment.js";
import { Head, scoresOf } from "../../dbce/web/lab/head.js";
import { Kept, MOST_KEPT, packed, unpacked } from "../../dbce/web/lab/kept.js";
import { decide } from "../../dbce/web/lab/measure.js";
import { judged, pushed } from "../../dbce/web/lab/pictures.js";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { pushOf } from "../../dbce/web/lab/push.js";
import { EVERY, recordingOf } from "../../dbce/web/lab/recording.js";
import { edgesOf, IMAGES, PICTURED, Recorded, valuesOf } from "../../dbce/web/lab/replay.js";
import { Run } from "../../dbce/web/lab/run.js";
import { Trainer } from "../../dbce/web/lab/trainer.js";
import { decodePng } from "../../dbce/web/readers/png.js";
import { kernels } from "./lab_golden.js";

const COUNT = 64 * 64;
const [NEEDLES, CLASSES] = [PRESETS[0], PRESETS[4]];

const fileOf = async (id) => readFile(new URL(`../../dbce/web/lab/recorded/${id}.png`, import.meta.url));
const recordedOf = async (id) => new Recorded(id, (await decodePng(await fileOf(id), id)).data);

/** What a network says that knows nothing but its step. @returns {any} */
const said = (step, dice = step / 1000) => ({
  ...{ say: "snapshot", running: false, steps: 0, busy: 0, step, value: null, fingerprint: `of ${step}` },
  ...{ scores: { dice, precision: 0, recall: 0, calibration: 0 }, other: null, corrected: false, shift: [0] },
  pictures: [{ logits: new Float32Array(COUNT).fill(step), push: new Float32Array(COUNT).fill(-step) }],
});

test("what is kept marks the same pixels, and pushes the same way to a ten-thousandth", () => {
  const logits = Float32Array.from({ length: 2 * COUNT }, (_, i) => (i % 7 ? Math.sin(i) * 20 : (i % 3) * 1e-5));
  const push = Float32Array.from({ length: 2 * COUNT }, (_, i) => Math.cos(i) * 3e-4);
  const again = unpacked(packed({ logits, push }));
  const one = [logits, again.logits].map((z) => decide(z.slice(0, COUNT), { threshold: 0.5, shift: [0] }));
  assert.deepEqual(one[1], one[0]);
  const both = [logits, again.logits].map((z) => decide(z, { threshold: 0.5, shift: [0, 0] }));
  assert.ok(both[0].filter((label, i) => label !== both[1][i]).length < 5, "but where two classes are as likely");
  const sum = pushed(push);
  again.push.forEach((v, i) => assert.ok(Math.abs(v - sum[i]) < 1e-4 * 6e-4));
  const none = unpacked(packed({ logits, push: new Float32Array(2 * COUNT) }));
  assert.ok(none.push.every((v) => v === 0));
});

test("memory is bounded: of a long run every second picture goes, again and again", () => {
  const kept = new Kept();
  for (let step = 0; step <= 9600; step += 5) {
    kept.put(said(step));
    assert.ok(kept.all.size <= MOST_KEPT);
  }
  const steps = [...kept.all.keys()];
  assert.equal(steps[0], 0);
  assert.ok(
    steps.length > MOST_KEPT / 2 && new Set(steps.map((step, k) => step - (steps[k - 1] ?? -kept.every))).size === 1,
  );
  assert.equal(kept.at(steps[3]).pictures[0].logits[0] > steps[3] - 1 || steps[3] > 32, true);
  assert.equal(kept.at(5), null);
  kept.clear();
  assert.deepEqual([kept.all.size, kept.every], [0, 10]);
});

test("the head stands at kept steps of all, at the newest, and beyond it where that was recorded", () => {
  const hands = new Map();
  const hire = (hear) => {
    const hand = { start: () => hands.set(hear, hand), tell: () => {}, end: () => {} };
    return hand;
  };
  const run = new Run(hire, () => {});
  run.begin(new Map(["ce", "bce"].map((loss) => [loss, { loss, problem: NEEDLES.problem }])));
  const head = new Head(run);
  const losses = ["ce", "bce"];
  assert.deepEqual(head.steps(losses, false), [], "nothing is there yet");
  assert.deepEqual(head.steps(losses, true), PICTURED);
  for (const step of [0, 10, 20, 23]) for (const loss of losses) run.hear(loss, said(step));
  run.hear("ce", said(30));
  assert.equal(run.at, 23);
  assert.deepEqual(head.steps(losses, false), [0, 10, 20, 23]);
  assert.deepEqual([head.step, head.ahead], [23, false]);
  head.choose(12, head.steps(losses, false));
  assert.equal(head.chosen, 10);
  const view = head.view("ce", null);
  assert.ok(Math.abs(view.pictures[0].logits[7] - 10) < 1e-3 && head.view("ce", null) === view, "unpacked once");
  head.choose(22, head.steps(losses, false));
  assert.equal(head.chosen, null, "the newest is no choice: it goes on");
  assert.equal(head.view("ce", null), run.seats.get("ce").shown);
  const recording = recordingOf("needles", 0);
  head.choose(111, head.steps(losses, true));
  assert.deepEqual([head.step, head.ahead], [120, true]);
  assert.equal(head.view("ce", null), null, "its pictures are not there yet");
  const series = head.series("bce", recording);
  assert.deepEqual(series.slice(0, 5).map(({ step }) => step), [0, 10, 20, 23, 40]); // prettier-ignore
  const point = head.point("bce", recording);
  assert.deepEqual([point.step, point.trained], [120, recording.bce[6]]);
  assert.equal(scoresOf(point, true), recording.corrected[6]);
  assert.equal(scoresOf(head.point("ce", recording), true), recording.ce[6]);
  assert.equal(head.point("ce", null).step, 23);
});

test("the push without the kernels is the push with them, for every loss, with one class and with three", () => {
  for (const { problem } of [NEEDLES, CLASSES])
    for (const loss of FOUR) {
      const trainer = new Trainer(kernels, { loss, problem, seed: 3, heldOut: 4, shown: [0, 1], batch: 2, width: 4 });
      for (let i = 0; i < 3; i++) trainer.train();
      trainer.pictures().forEach(({ logits, push }, k) => {
        const mine = pushOf(loss, logits, trainer.heldOut[k].labels, trainer.frequencies, 4);
        const most = Math.max(...push.map(Math.abs));
        push.forEach((v, i) => assert.ok(Math.abs(v - mine[i]) < 2e-6 * most, `${loss} at ${i}: ${v}, ${mine[i]}`));
      });
    }
});

test("recorded pictures are small, and mark what the network marked, corrected or not", async () => {
  let bytes = 0;
  for (const { id } of PRESETS) bytes += (await fileOf(id)).length;
  assert.ok(bytes < 300e3, `${bytes} bytes`);
  for (const preset of [NEEDLES, CLASSES]) {
    const recorded = await recordedOf(preset.id);
    const { problem, radius } = preset;
    const trainer = new Trainer(kernels, { loss: "bce", problem, seed: 0, settings: { radius } });
    for (const step of [0, EVERY]) {
      while (trainer.step < step) trainer.train();
      const { pictures, shift } = recorded.at("bce", step);
      assert.deepEqual(shift, trainer.shift(true));
      const seen = trainer.pictures();
      assert.equal(pictures.length, IMAGES);
      pictures.forEach(({ logits, push }, k) => {
        assert.equal(push.length, logits.length);
        for (const off of [shift.map(() => 0), ...(step ? [shift] : [])]) {
          const [mine, theirs] = [logits, seen[k].logits].map((z) => decide(z, { threshold: 0.5, shift: off }));
          if (problem.objects.length === 1) assert.deepEqual(mine, theirs);
          assert.deepEqual(mine.map((label) => Number(label > 0)), theirs.map((label) => Number(label > 0))); // prettier-ignore
          const { labels } = trainer.heldOut[k];
          const [kinds, real] = [mine, theirs].map((found) => judged(found, labels).kinds);
          const other = kinds.filter((kind, i) => kind !== real[i]).length;
          assert.ok(other < 0.05 * COUNT, `${other} pixels, where two classes are about as likely`);
        }
      });
    }
  }
});

test("levels rise, one more than edges, and 0 and the shift of prior correction are edges", () => {
  for (const shift of [0.9, 2.31, 4.6])
    for (const loss of FOUR) {
      const edges = edgesOf(loss, shift);
      const values = valuesOf(edges);
      assert.equal(values.length, edges.length + 1);
      assert.ok(edges.every((edge, k) => values[k] < edge && edge < values[k + 1]) && edges.length < 25);
      assert.ok(edges.includes(0) && (loss !== "bce" || edges.includes(shift)));
    }
});
