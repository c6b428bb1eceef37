// What the address holds becomes what the networks are started with; what was recorded is what they learn.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import {
  asRecorded,
  dialsOf,
  DIALS,
  FOUR,
  problemOf,
  radiusOf,
  startOf,
  SWEEP,
} from "../../dbce/web/lab/experiment.js";
import { judged, places, pushed, shares } from "../../dbce/web/lab/pictures.js";
import { PRESETS } from "../../dbce/web/lab/presets.js";
import { checkProblem } from "../../dbce/web/lab/problem.js";
import { EVERY, LAST, recordingOf, sweepRecording } from "../../dbce/web/lab/recording.js";
import { record, SWEEP_LAST } from "./record_lab.js";

const plain = {
  ...{ preset: "needles", size: null, count: null, contrast: null, softness: null, decoys: null, noise: null, seed: 0 },
  ...{ radius: null, rate: "0.003", threshold: 0.5, correction: false, formula: null, pace: "full", below: "push" },
  image: 0,
};

test("a preset is what its file says, whatever else; a dial changes that alone", () => {
  for (const preset of PRESETS) {
    const experiment = { ...plain, preset: preset.id };
    assert.deepEqual(problemOf(experiment), preset.problem);
    assert.equal(radiusOf(experiment), preset.radius);
    for (const dial of DIALS) {
      const changed = { ...experiment, [dial]: 2 };
      checkProblem(problemOf(changed));
      const single = preset.problem.objects.length === 1 || !["size", "count"].includes(dial);
      if (single) assert.equal(dialsOf({ ...preset, problem: problemOf(changed) })[dial], 2);
      else assert.deepEqual(problemOf(changed), preset.problem);
      assert.equal(asRecorded(changed), false);
    }
  }
});

test("prior correction is for balanced CE, and a formula for one's own loss", () => {
  const experiment = { ...plain, correction: true, formula: "ce * 2" };
  const settings = Object.fromEntries([...FOUR, "own"].map((loss) => [loss, startOf(experiment, loss).settings]));
  assert.deepEqual(FOUR.map((loss) => settings[loss].correction), [false, true, false, false]); // prettier-ignore
  assert.deepEqual([settings.own.formula, settings.ce.formula], ["ce * 2", ""]);
  assert.equal(asRecorded({ ...plain, threshold: 0.4 }), false);
  assert.equal(asRecorded({ ...plain, correction: true }), true);
});

test("the presets of an address are those that there are", async () => {
  const fields = await readFile(new URL("../../dbce/page/fields.py", import.meta.url), "utf8");
  const named = /presets = \(([^)]*)\)/.exec(fields)[1].match(/[a-z-]+/g);
  assert.deepEqual(named, PRESETS.map(({ id }) => id)); // prettier-ignore
});

test("what was recorded is whole, and a part of it is learned again", () => {
  for (const { id } of PRESETS) {
    const rows = recordingOf(id, 0);
    for (const loss of [...FOUR, "corrected"]) assert.equal(rows[loss].length, LAST / EVERY + 1);
  }
  assert.equal(recordingOf("needles", 999), null);
  assert.deepEqual([...sweepRecording().keys()], SWEEP);
  const preset = PRESETS[0];
  const { trained, corrected } = record({ preset, seed: 0, loss: "bce" }, EVERY);
  const round = (row) =>
    Object.fromEntries(Object.entries(row).map(([name, v]) => [name, Math.round(1000 * v) / 1000]));
  assert.deepEqual(trained.map(round), recordingOf("needles", 0).bce.slice(0, 2));
  assert.deepEqual(corrected.map(round), recordingOf("needles", 0).corrected.slice(0, 2));
  const [radius] = SWEEP.slice(-1);
  const swept = sweepRecording().get(radius);
  assert.equal(swept.length, SWEEP_LAST / EVERY + 1);
  const again = record({ preset, seed: 0, loss: "dbce", radius }, EVERY).trained.map(round);
  assert.deepEqual(again.map(({ dice }) => dice), swept.slice(0, 2)); // prettier-ignore
});

test("pixels are found, false or missed; a class taken for another is false", () => {
  const count = 64 * 64;
  const [found, labels] = [new Uint8Array(count), new Uint8Array(count)];
  labels.fill(1, 0, 10).fill(2, 10, 20);
  found.fill(1, 0, 15).fill(2, 15, 18); // right for ten, wrong for five; right for three, two are missed
  assert.deepEqual(judged(found, labels).counts, [count - 20, 13, 5, 2]);
  found.fill(2, 20, 24);
  assert.deepEqual(judged(found, labels).counts, [count - 24, 13, 9, 2]);
});

test("the push is summed over objects, and falls in the object, the rim or far away", () => {
  const count = 64 * 64;
  const labels = new Uint8Array(count);
  labels[32 * 64 + 32] = 1;
  const where = places(labels, 2);
  assert.deepEqual([0, 1, 2].map((place) => where.filter((at) => at === place).length), [1, 12, count - 13]); // prettier-ignore
  const push = new Float32Array(2 * count);
  push[32 * 64 + 32] = -3;
  push[32 * 64 + 33] = 0.5;
  push[count + 32 * 64 + 33] = 0.5;
  push[count] = 4;
  assert.deepEqual([...shares(pushed(push), where)], [3 / 8, 1 / 8, 4 / 8]);
  assert.deepEqual(shares(new Float32Array(count), where), [0, 0, 0]);
});
