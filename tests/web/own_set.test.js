// Images of one's own: what is counted of each in one pass is what a study says, and orders and sets follow from it.
import assert from "node:assert/strict";
import test from "node:test";
import { calibrationGap } from "../../dbce/web/core/calibration.js";
import { Cases } from "../../dbce/web/core/cases.js";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { FEWEST, meanDice, ORDERS, ordered, rowOf, setOf, THRESHOLD } from "../../dbce/web/core/own_set.js";
import { random } from "../../dbce/web/core/random.js";
import { Study } from "../../dbce/web/core/study.js";

const SIZE = 48;
const LOSSES = ["ce", "bce", "mine"];
const SHIFTS = { bce: 1.3 };

/** A study that is drawn: a disk, some pixels ignored, networks that err. */
function drawn(seed, labelled = true) {
  const next = random(seed);
  const count = SIZE * SIZE;
  const [cx, cy, r] = [10 + 28 * next(), 10 + 28 * next(), 3 + 10 * next()];
  const away = Array.from({ length: count }, (_, i) => Math.hypot((i % SIZE) - cx, Math.floor(i / SIZE) - cy));
  const labels = Uint8Array.from(away, (d) => (next() < 0.02 ? IGNORE : +(d < r)));
  const logit = (off) => Int16Array.from(away, (d) => Math.round(1024 * Math.max(-30, (r + off - d) * next())));
  const arrays = { "logit:ce": logit(-2), "logit:bce": logit(3), "logit:mine": logit(0) };
  const scene = { size: SIZE, classes: 2, losses: LOSSES, logit_step: 1 / 1024, shape: [SIZE, SIZE], place: null };
  const study = new Study(/** @type {any} */ (scene), arrays);
  if (labelled) study.setLabels(labels);
  return study;
}

/** Bins and squares of a network, pixel by pixel. */
function counted(study, loss) {
  const bins = new Float64Array(30);
  let brier = 0;
  study.labels.forEach((y, i) => {
    if (y === IGNORE) return;
    const p = Math.fround(1 / (1 + Math.exp(-study.logits(loss)[i] / 1024)));
    brier += (p - y) * (p - y);
    if (p <= Math.fround(0.05) || p >= Math.fround(0.95)) return;
    const bin = Math.min(9, Math.floor(p * 10));
    [1, p, y].forEach((value, k) => (bins[3 * bin + k] += value));
  });
  return { bins, brier };
}

test("the calibration gap is the mean over unsure pixels of how far their bin is off", () => {
  const bins = new Float64Array(30);
  bins.set([10, 4, 2], 3); // off by 0.2
  bins.set([30, 24, 27], 24); // by 0.1
  assert.ok(Math.abs(calibrationGap(bins) - (10 * 0.2 + 30 * 0.1) / 40) < 1e-12);
  assert.equal(calibrationGap(new Float64Array(30)), 0);
});

for (const labelled of [true, false])
  test(`one pass counts what a study says, ${labelled ? "with" : "without"} a mask`, () => {
    for (const seed of [1, 2, 3, 4]) {
      const study = drawn(seed, labelled);
      const row = rowOf(study, 5, SHIFTS);
      const pairs = [["ce", "bce"], ["ce", "mine"], ["bce", "mine"]]; // prettier-ignore
      const dice = pairs.map(([a, b]) => study.agreement(a, b, THRESHOLD));
      assert.ok(Math.abs(row.disagreement - (1 - (dice[0] + dice[1] + dice[2]) / 3)) < 1e-12);
      if (!labelled) {
        assert.deepEqual([row.held, row.scores, row.wrong, row.loss, meanDice(row)], [null, {}, [], null, null]);
        continue;
      }
      for (const loss of LOSSES) {
        const { scores, errors } = study.compare(loss, 5, THRESHOLD);
        assert.deepEqual(row.scores[loss], scores);
        const { missed, rim, far } = row.wrong.find((one) => one.loss === loss && one.prior === "trained");
        assert.deepEqual({ missed, rim, far }, errors);
      }
      const other = rowOf(study, 5, SHIFTS, ["mine"]).sure;
      assert.deepEqual(Object.keys(other), ["ce", "bce"]); // a label map says nothing of how sure it is
      for (const loss of LOSSES) assert.deepEqual(row.sure[loss], counted(study, loss));
      const { errors } = study.corrected(SHIFTS).compare("bce", 5, THRESHOLD);
      const { missed, rim, far } = row.wrong.find(({ prior }) => prior === "corrected");
      assert.deepEqual({ missed, rim, far }, errors);
      const area = study.labels.filter((label) => label === 1).length;
      assert.deepEqual(row.held, [area, study.labels.filter((label) => label !== IGNORE).length]);
      const weight = study.weightMap("dilated", 5);
      const sum = (loss) => study.crossEntropy(loss).reduce((total, value, i) => total + value * weight[i], 0);
      assert.ok(Math.abs(row.loss - (sum("ce") + sum("bce") + sum("mine")) / 3) < 1e-4 * row.loss);
    }
  });

/** @param {number} count */
const items = (count) =>
  Array.from({ length: count }, (_, k) => ({ name: `${k}.png`, row: rowOf(drawn(k + 10), 5, SHIFTS) }));

test("every order is one, and what is not known comes last", () => {
  const given = items(8);
  given[3].row = rowOf(drawn(3, false), 5, SHIFTS);
  const values = (order, of) => ordered(given, order).map(({ row }) => of(row));
  const rises = (list) => list.every((value, i) => !i || value >= list[i - 1]);
  assert.deepEqual(ordered(given, "name"), given);
  assert.ok(rises(values("disagreement", (row) => -row.disagreement)));
  const masked = { dice: meanDice, loss: (row) => row.loss && -row.loss, smallest: (row) => row.held && row.held[0] };
  for (const [order, of] of Object.entries(masked)) {
    const list = values(order, of);
    assert.equal(list.pop(), null);
    assert.ok(rises(list), order);
  }
  assert.deepEqual(ordered(given, "largest").slice(0, 7), ordered(given, "smallest").slice(0, 7).reverse());
  for (const order of Object.keys(ORDERS)) assert.equal(ordered(given, /** @type {any} */ (order)).length, 8);
});

test("the set is one of Set's, of the images that all networks judge", () => {
  const given = items(9);
  assert.equal(setOf(given.slice(0, FEWEST - 1), LOSSES, 5), null);
  delete given[2].row.scores.mine;
  given[4].row = null;
  const set = setOf(given, LOSSES, 5);
  assert.deepEqual(set.names, [0, 1, 3, 5, 6, 7, 8].map((k) => `${k}.png`)); // prettier-ignore
  assert.equal(set.unshared, 1);
  const cases = new Cases(set);
  for (const loss of LOSSES)
    cases.scores(loss, "recall").forEach((recall, i) => assert.equal(recall, set.items[i].row.scores[loss].recall));
  assert.ok(!cases.grouped);
  const grouped = setOf(given.map((item, k) => ({ ...item, group: k < 4 ? "a" : `${k}` })), LOSSES, 5); // prettier-ignore
  assert.deepEqual(grouped.groups, [0, 0, 0, 1, 2, 3, 4]);
});
