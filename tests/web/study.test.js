import assert from "node:assert/strict";
import test from "node:test";
import { FAR, IGNORE } from "../../dbce/web/core/dilation.js";
import { LabelStudy, studyOf } from "../../dbce/web/core/label_study.js";
import { Study } from "../../dbce/web/core/study.js";
import { CONSTANTS, golden, IMAGES, LABELLED, near, same, studyNamed } from "./golden.js";

const ANSWERS = golden("study.json");
const DILATED = golden("weights/dilated.json");

/** All that is said of a study, with every radius and threshold that Python was asked about. */
function check(study, name) {
  const { agreement, ...networks } = ANSWERS[name];
  for (const [threshold, dice] of Object.entries(agreement))
    near(study.agreement("ce", "dbce", +threshold), dice, 1e-6, `${name}, agreement`);
  for (const [loss, expected] of Object.entries(networks)) {
    const what = `${name}, ${loss}`;
    const pixels = [...Array(study.count).keys()];
    if (expected.probability)
      near(
        Float32Array.from(pixels, (i) => study.probabilityAt(loss, i)),
        expected.probability,
        2e-7,
        what,
      );
    if (!study.labelled) continue;
    const entropy = study.crossEntropy(loss);
    near(entropy, expected.entropy, 2e-7, `${what}, cross entropy`);
    if (expected.residual) near(study.residual(loss), expected.residual, 1e-6, `${what}, p - y`);
    const counted = pixels.filter((i) => study.labels[i] !== IGNORE);
    near(
      Float64Array.from(counted, (i) => study.probabilityOfTruth(loss, i)),
      Float64Array.from(counted, (i) => Math.exp(-expected.entropy[i])),
      1e-6,
      `${what}, probability of the truth`,
    );
    for (const [threshold, radii] of Object.entries(expected.errors))
      for (const [radius, errors] of Object.entries(radii)) {
        const got =
          study instanceof LabelStudy ? study.compareLabels(loss, +radius) : study.compare(loss, +radius, +threshold);
        assert.deepEqual(got.errors, errors, `${what}, radius ${radius}, threshold ${threshold}`);
        if (study instanceof LabelStudy) {
          near(got.scores.slice(1), expected.scores, 1e-6, what);
          near(got.mean, expected.mean, 1e-6, what);
        } else near(got.scores, expected.scores[threshold], 1e-6, what);
      }
  }
}

for (const name of Object.keys(IMAGES))
  test(`what is said of the networks: ${name}`, () => check(studyNamed(name), name));

test("areas, counts and outlines of a study", () => {
  for (const name of LABELLED) {
    const { classes, size, areas, edge, arrays } = IMAGES[name];
    const study = studyNamed(name);
    assert.equal(study instanceof LabelStudy, classes > 2);
    assert.equal(study.valid + study.ignored, size * size);
    assert.equal(study.valid, arrays.labels.filter((label) => label !== IGNORE).length);
    assert.equal(study.drawn, false);
    for (const [radius, counts] of Object.entries(areas))
      assert.deepEqual(
        study.areas.map((curve) => curve[+radius]),
        counts,
      );
    same(Int32Array.from(study.edge()), edge, name);
    const objects = study.distance.slice(1);
    same(
      study.near,
      Uint8Array.from(study.near, (_, i) => Math.min(...objects.map((field) => field[i]))),
      name,
    );
  }
});

test("labels drawn later: everything follows them, and nothing of the first ones is left", () => {
  for (const name of LABELLED.filter((key) => IMAGES[key].size < 100)) {
    const [study, given] = [studyNamed(name), IMAGES[name].arrays];
    const first = given.labels.map((label) => (label === IGNORE ? 0 : label ? 0 : 1));
    study.setLabels(first);
    for (const loss of study.losses) {
      study.shares("dilated", 2, loss);
      study.edge();
    }
    assert.deepEqual([study.ignored, study.valid, study.drawn, study.labelled], [0, study.count, true, true]);
    study.setLabels(given.labels.slice());
    for (const cls of study.classes) same(study.distance[cls], given["distance:" + cls], name);
    check(study, name);
    same(Int32Array.from(study.edge()), IMAGES[name].edge, name);
    const { shares, loss_shares: losses } = DILATED[name][2];
    near(study.shares("dilated", 2), shares);
    for (const loss of study.losses) near(study.shares("dilated", 2, loss), losses[loss]);
  }
});

test("without labels nothing is labelled, drawn or ignored", () => {
  for (const name of Object.keys(IMAGES).filter((key) => !LABELLED.includes(key))) {
    const study = studyNamed(name);
    assert.deepEqual([study.labelled, study.drawn, study.ignored], [false, false, 0]);
    assert.deepEqual([study.valid, study.labels.length, study.distance, study.areas], [study.count, 0, [], []]);
    study.setLabels(new Uint8Array(study.count));
    assert.equal(study.drawn, true);
    study.setLabels(null);
    assert.deepEqual([study.labelled, study.drawn, study.distance, study.near.length], [false, false, [], 0]);
    check(study, name);
  }
});

test("a map is computed once, and numbers and places of the scene are kept", () => {
  const study = studyNamed("7 scattered");
  assert.equal(study.crossEntropy("ce"), study.crossEntropy("ce"));
  assert.equal(study.residual("ce"), study.residual("ce"));
  assert.equal(study.edge(), study.edge());
  assert.equal(study.sumsByDistance("ce"), study.sumsByDistance("ce"));
  assert.equal(study.sumsByDistance(null)[0].length, FAR + 1);
  const scene = /** @type {any} */ ({ size: 1, classes: 2, losses: ["ce"], logit_step: 0.5, place: [3, 7] });
  const other = studyOf(scene, { "logit:ce": Int16Array.of(2) });
  assert.ok(other instanceof Study && !(other instanceof LabelStudy));
  assert.deepEqual([other.place, other.losses, other.step, other.size], [[3, 7], ["ce"], 0.5, 1]);
  near(other.limit(0.5), 0);
  near(other.probabilityAt("ce", 0), 1 / (1 + Math.exp(-1)), 1e-12);
  assert.equal(CONSTANTS.logit_step * 1024, 1);
});

test("a network that answers later is as if it had been there from the start, corrected too, in the order of all", () => {
  const size = 4;
  const logits = (/** @type {number} */ from) =>
    Int16Array.from({ length: size * size }, (_, i) => 700 * (i % 5) - from);
  const labels = Uint8Array.from({ length: size * size }, (_, i) => Number(i % 3 === 0));
  const base = { ...{ size, classes: 2, title: "", note: "", logit_step: 1 / 1024, place: null, numbering: null } };
  const given = { ...base, shape: /** @type {[number, number]} */ ([size, size]), image: "", arrays: {}, data: "" };
  const arrays = { labels, "distance:0": new Uint8Array(16), "distance:1": new Uint8Array(16) };
  const shifts = { bce: 1.5 };
  const whole = new Study(
    { ...given, losses: ["ce", "bce"] },
    {
      ...arrays,
      ...{ "logit:ce": logits(100), "logit:bce": logits(900) },
    },
  );
  const grown = new Study({ ...given, losses: ["bce"], pending: ["ce"] }, { ...arrays, "logit:bce": logits(900) });
  grown.corrected(shifts);
  assert.deepEqual([grown.losses, grown.pending], [["bce"], ["ce"]]);
  grown.take(["ce"], { "logit:ce": logits(100) }, ["ce", "bce"]);
  assert.deepEqual([grown.losses, grown.pending], [["ce", "bce"], []]);
  for (const loss of whole.losses) {
    assert.deepEqual(grown.compare(loss, 1, 0.5), whole.compare(loss, 1, 0.5));
    assert.deepEqual(grown.corrected(shifts).logits(loss), whole.corrected(shifts).logits(loss));
  }
  assert.deepEqual(grown.tops(1), whole.tops(1));
});
