// A test set image by image: scores, thirds and intervals are those of Python, and every sentence follows from them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Cases, mean, quantile } from "../../dbce/web/core/cases.js";
import { random } from "../../dbce/web/core/random.js";
import {
  counted,
  EVEN,
  judge,
  points,
  SIZES,
  whatGains,
  whatLeans,
  whatRepeats,
  whoWins,
} from "../../dbce/web/core/case_texts.js";

const read = (name) =>
  JSON.parse(readFileSync(new URL(`../../checkpoints/polyp/${name}.json`, import.meta.url), "utf8"));
const IMAGES = read("images");
const FOUND = read("findings");
const SCORES = /** @type {const} */ (["dice", "iou", "precision", "recall"]);
const rowOf = (row) => row.replace("_corrected", "");
const priorOf = (row) => (row.endsWith("_corrected") ? "corrected" : "trained");

/** A set that is drawn: counts of two networks, some images without an object. */
function drawn(seed, count, groups, better = 0) {
  const part = random(seed);
  const area = Array.from({ length: count }, () => (part() < 0.05 ? 0 : Math.floor(part() ** 2 * 40000)));
  const network = (loss, gain) => ({
    ...{ loss, prior: "trained" },
    missed: area.map((a) => Math.floor(a * part() * (1 - gain))),
    rim: area.map((a) => Math.floor(a * part() * 0.3 * (1 - gain))),
    far: area.map(() => (part() < 0.7 ? 0 : Math.floor(part() * 900))),
  });
  return new Cases({
    names: area.map((_, i) => `n${i}`),
    groups: area.map((_, i) => i % groups),
    pixels: area.map(() => 102400),
    area,
    networks: [network("a", 0), network("b", better)],
  });
}

test("scores are the formulas, and 1 where nothing was to be found and nothing was", () => {
  const cases = drawn(1, 300, 30);
  const { missed, rim, far } = cases.counts("a");
  for (let i = 0; i < cases.count; i++) {
    const [tp, fp, fn] = [cases.area[i] - missed[i], rim[i] + far[i], missed[i]];
    const none = tp + fp + fn === 0;
    const expected = {
      dice: none ? 1 : (2 * tp) / Math.max(1, 2 * tp + fp + fn),
      iou: none ? 1 : tp / Math.max(1, tp + fp + fn),
      precision: none ? 1 : tp / Math.max(1, tp + fp),
      recall: none ? 1 : tp / Math.max(1, tp + fn),
    };
    for (const score of SCORES) assert.equal(cases.scores("a", score)[i], expected[score]);
  }
});

test("means, differences and thirds are those that Python found, intervals as near as other draws allow", () => {
  const cases = new Cases(IMAGES);
  const all = cases.within();
  for (const score of SCORES)
    for (const [pair, [middle, low, high]] of Object.entries(FOUND.pairs[score])) {
      const [b, a] = pair.split("|");
      const [y, x] = [b, a].map((row) => cases.scores(rowOf(row), score, priorOf(row)));
      const difference = y.map((value, i) => value - x[i]);
      const got = cases.interval(difference, all);
      assert.ok(Math.abs(100 * got.mean - middle) < 6e-4, `${pair} ${score}`);
      const slack = 0.08 * (high - low); // of 4000 draws and 10000
      assert.ok(Math.abs(100 * got.low - low) < slack && Math.abs(100 * got.high - high) < slack, `${pair} ${score}`);
    }
  assert.deepEqual([0, 1, 2].map((third) => cases.within(third).length), FOUND.thirds.objects); // prettier-ignore
  for (const [k, bound] of FOUND.thirds.bounds.entries()) assert.ok(Math.abs(100 * cases.bounds[k] - bound) < 6e-3);
});

test("a network without a corrected row is the same when priors are corrected", () => {
  const cases = new Cases(IMAGES);
  assert.deepEqual(cases.scores("ce", "dice", "corrected"), cases.scores("ce", "dice"));
  assert.notDeepEqual(cases.scores("bce", "dice", "corrected"), cases.scores("bce", "dice"));
});

test("quantiles meet the values and lie evenly between them", () => {
  const values = [1, 4, 9, 16, 25];
  values.forEach((value, k) => assert.equal(quantile(values, k / 4), value));
  assert.equal(quantile(values, 0.375), 6.5);
});

test("where there are few groups there is no interval", () => {
  const cases = drawn(2, 100, 4, 0.5);
  assert.equal(cases.interval(cases.scores("a", "dice"), cases.within()), null);
  assert.equal(judge(cases, cases.scores("a", "dice"), cases.within()).verdict, "few");
});

test("what leans on a group falls by half without it, and no other group matters more", () => {
  const cases = drawn(3, 120, 12);
  const values = Float64Array.from(cases.names, (_, i) => (cases.groups[i] === 7 ? 0.9 : 0.01 * ((i % 3) - 0.5)));
  const all = cases.within();
  const { group, without } = cases.leansOn(values, all);
  assert.equal(group, 7);
  const rest = all.filter((i) => cases.groups[i] !== 7);
  assert.ok(Math.abs(without - mean(values, rest)) < 1e-12);
  assert.equal(
    cases.leansOn(
      Float64Array.from(cases.names, () => 0.2),
      all,
    ).group,
    -1,
  );
});

test("every title follows from the numbers, over many drawn sets", () => {
  const words = { a: "A", b: "B", group: "sequence" };
  const seen = new Set();
  for (let seed = 0; seed < 60; seed++) {
    const better = [-0.2, 0, 0.05, 0.6][seed % 4];
    const cases = drawn(seed, 90, [90, 15, 4][seed % 3], better);
    const [x, y] = ["a", "b"].map((loss) => cases.scores(loss, "dice"));
    const difference = y.map((value, i) => value - x[i]);
    const of = { a: 0, b: 0, even: 0 };
    for (const d of difference) of[d > EVEN ? "b" : d < -EVEN ? "a" : "even"]++;
    assert.deepEqual(counted(difference), of);
    const numbers = whoWins(difference, words).match(/\d+/g).map(Number); // prettier-ignore
    if (of.a !== of.b) assert.deepEqual(numbers, [Math.max(of.a, of.b), Math.min(of.a, of.b), of.even]);
    assert.equal(whoWins(difference, words).startsWith("B"), of.b > of.a);

    const thirds = [0, 1, 2].map((third) => judge(cases, difference, cases.within(third)));
    const title = whatGains(thirds, words);
    thirds.forEach(({ interval, mean: middle, verdict, without }, k) => {
      seen.add(verdict);
      const told = title.includes("at every size") || title.includes(SIZES[k]);
      if (verdict === "up" || verdict === "down") {
        assert.ok(interval.low > 0 === (verdict === "up") && interval.beyond && told, title);
        assert.match(title, verdict === "up" ? /gains/ : /loses/);
        assert.ok(!cases.grouped || without / middle >= 0.5);
      } else if (verdict === "leans") assert.ok(interval.beyond && without / middle < 0.5 && title.includes("leans"));
      else assert.ok(!title.includes(SIZES[k]) && (interval === null || !interval.beyond), title);
    });
    assert.equal(whatLeans(cases, thirds, words).length, thirds.filter(({ verdict }) => verdict === "leans").length);
  }
  for (const verdict of ["up", "down", "chance", "few"]) assert.ok(seen.has(verdict), verdict);
});

test("on the bundled set the large objects' gain leans on one sequence, and most of the disputed images are of it", () => {
  const cases = new Cases(IMAGES);
  const [x, y] = ["ce", "dbce"].map((loss) => cases.scores(loss, "dice"));
  const difference = y.map((value, i) => value - x[i]);
  const large = judge(cases, difference, cases.within(2));
  const held = cases.within(2).filter((i) => cases.groups[i] === large.group);
  const rest = cases.within(2).filter((i) => cases.groups[i] !== large.group);
  assert.equal(large.verdict, "leans");
  assert.ok(mean(difference, held) > 0.2 && mean(difference, rest) < large.mean / 2);
  const order = cases.within().sort((i, j) => Math.abs(difference[j]) - Math.abs(difference[i]));
  const told = whatRepeats(cases, order.slice(0, 10), { a: "CE", b: "DBCE", group: "sequence" });
  assert.equal(+told.match(/\d+/)[0], order.slice(0, 10).filter((i) => cases.groups[i] === large.group).length);
});

test("points have a sign, and none where they are nothing", () => {
  assert.deepEqual([0.0123, -0.5, 0.0004, -0.0004].map(points), ["+1.2", "\u221250.0", "\u00b10.0", "\u00b10.0"]);
});
