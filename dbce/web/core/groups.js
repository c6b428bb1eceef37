// Sets of predictions on many images: means over all and by the size of the object, with 95 % intervals.
// Twin of groups_of in dbce/scores/comparison.py.
import { BINS, calibrationGap } from "./calibration.js";
import { draws, drawsOf, quantile } from "./cases.js";

/** @typedef {import("./metrics.js").Scores} Scores */
/** @typedef {import("./calibration.js").Sure} Sure */
/**
 * An image.
 * @typedef {object} Row
 * @property {string} name
 * @property {number | null} area share of the pixels that count which is object; null without a mask
 * @property {Record<string, Scores>} scores by network or set; empty without a mask
 * @property {number} disagreement
 * @property {number} pixels that count
 * @property {Record<string, Sure>} sure by network or set with probabilities
 */
/** @typedef {{mean: number, low: number, high: number}} Interval 95 %; its ends are NaN where there are none */
/**
 * Images that are averaged together.
 * @typedef {object} Group
 * @property {string} title
 * @property {number} count
 * @property {Record<string, Record<string, Interval>>} cells by set, of scores, and of "gap" and "brier" where it has
 *   probabilities, in percent; of a part Dice alone
 * @property {Record<string, Interval>} differences by set, of its Dice less that of the first; of all images alone
 * @property {number} size bootstrap samples; 0 without any
 * @property {number} clusters what is drawn together: images, or sequences of them; 0 where nothing is
 */

export const SCORES = /** @type {const} */ (["dice", "iou", "precision", "recall"]);
const THIRDS = 30; // images from which on they are parted into thirds by size; from HALVES on into halves
const HALVES = 6;

/**
 * All images that have a mask, then those with small, middle and large objects.
 * @param {Row[]} rows
 * @param {unknown[] | null} members what each belongs to: images of one are drawn together; each to itself if null
 * @returns {Group[]}
 */
export function groupsOf(rows, members = null) {
  const given = members ?? [...rows.keys()];
  const numbers = new Map([...new Set(given)].map((member, k) => [member, k]));
  const judged = rows.flatMap((row, k) =>
    Object.keys(row.scores).length ? [{ row, of: /** @type {number} */ (numbers.get(given[k])) }] : [],
  );
  judged.sort((a, b) => (a.row.area ?? 0) - (b.row.area ?? 0));
  const count = judged.length;
  if (!count) return [];
  const titles = count >= THIRDS ? ["small", "middle", "large"] : count >= HALVES ? ["small", "large"] : [];
  const whole = count === 1 ? "1 image" : `all ${count} images`;
  const [each, more] = [Math.floor(count / titles.length), count % titles.length];
  let from = 0;
  const parts = titles.map((words, k) => {
    const part = judged.slice(from, (from += each + +(k < more)));
    return groupOf(`${words} objects`, part, false);
  });
  return [groupOf(whole, judged, true), ...parts];
}

/** @type {(title: string, members: {row: Row, of: number}[], all: boolean) => Group} */
function groupOf(title, members, all) {
  const rows = members.map(({ row }) => row);
  const sets = Object.keys(rows[0].scores);
  const present = [...new Set(members.map(({ of }) => of))].sort((a, b) => a - b);
  const places = new Map(present.map((of, k) => [of, k]));
  const cluster = members.map(({ of }) => /** @type {number} */ (places.get(of)));
  const clusters = present.length;
  const size = clusters < HALVES ? 0 : drawsOf(clusters);
  const drawn = size ? draws(clusters, size) : [];

  /** The sum over the drawn images, sample by sample. @param {(row: Row) => number} value */
  const sums = (value) => {
    const held = new Float64Array(clusters);
    rows.forEach((row, k) => (held[cluster[k]] += value(row)));
    return Float64Array.from(drawn, (often) => {
      let sum = 0;
      for (let g = 0; g < clusters; g++) sum += often[g] * held[g];
      return sum;
    });
  };
  const total = (/** @type {(row: Row) => number} */ value) => rows.reduce((sum, row) => sum + value(row), 0);
  const counts = sums(() => 1);
  const pixels = all ? sums(({ pixels }) => pixels) : counts;

  /** @type {Group} */
  const group = { title, count: rows.length, cells: {}, differences: {}, size, clusters: size && clusters };
  /** @type {Record<string, Float64Array>} */
  const dice = {};
  for (const set of sets) {
    /** @type {Record<string, Interval>} */
    const cells = (group.cells[set] = {});
    for (const score of all ? SCORES : /** @type {const} */ (["dice"])) {
      const value = (/** @type {Row} */ { scores }) => 100 * scores[set][score];
      const samples = sums(value).map((sum, k) => sum / counts[k]);
      if (score === "dice") dice[set] = samples;
      cells[score] = interval(total(value) / rows.length, samples);
    }
    if (!all || !rows.every(({ sure }) => set in sure)) continue;
    const bins = [...Array(3 * BINS).keys()];
    const binned = bins.map((b) => sums(({ sure }) => sure[set].bins[b]));
    const gaps = counts.map((_, k) => 100 * calibrationGap(binned.map((samples) => samples[k])));
    const gap = calibrationGap(bins.map((b) => total(({ sure }) => sure[set].bins[b])));
    cells.gap = interval(100 * gap, gaps);
    const squares = (/** @type {Row} */ { sure }) => 100 * sure[set].brier;
    const brier = sums(squares).map((sum, k) => sum / pixels[k]);
    cells.brier = interval(
      total(squares) /
        Math.max(
          1,
          total((row) => row.pixels),
        ),
      brier,
    );
  }
  const [first, ...others] = all && size ? sets : [];
  for (const other of others) {
    const middle = group.cells[other].dice.mean - group.cells[first].dice.mean;
    const samples = dice[other].map((value, k) => value - dice[first][k]);
    group.differences[other] = interval(middle, samples);
  }
  return group;
}

/** @param {number} mean @param {Float64Array} samples of it; those that are not a number are left out */
function interval(mean, samples) {
  const kept = samples.filter(Number.isFinite).sort();
  const [low, high] = kept.length ? [quantile(kept, 0.025), quantile(kept, 0.975)] : [NaN, NaN];
  return { mean, low, high };
}
