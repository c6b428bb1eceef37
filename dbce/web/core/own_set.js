// Images of the visitor's, scored one by one: what is kept of each, their orders, and the set that Set shows of them.
// Twin of row_of and set_of in dbce/scores/comparison.py.
import { calibrationOf } from "./calibration.js";
import { IGNORE, within } from "./dilation.js";
import { scoresOf } from "./metrics.js";

/** @typedef {import("./metrics.js").Scores} Scores */
/** @typedef {import("./cases.js").Counts} Counts */
/** @typedef {{loss: string, prior: string, missed: number, rim: number, far: number}} Wrong pixels of one network */
/**
 * What is counted of an image.
 * @typedef {object} Row
 * @property {[number, number] | null} held pixels of the object, and all that count; null without a mask
 * @property {Record<string, Scores>} scores by network; empty without a mask
 * @property {Wrong[]} wrong as trained and, where that differs, corrected; empty without a mask, or of several classes
 * @property {number} disagreement 1 less the mean Dice between every two predictions
 * @property {Record<string, import("./calibration.js").Sure>} sure by network of two classes that has probabilities
 * @property {number | null} loss dilated balanced cross entropy, the mean over the networks; null without a mask
 */
/** @typedef {{name: string, row: Row | null, group?: string}} Item */

export const THRESHOLD = 0.5;
/** Images with a mask from which on they are shown as a set. */
export const FEWEST = 6;
const PARTS = /** @type {const} */ (["missed", "rim", "far"]);

/**
 * @param {any} study a Study or a LabelStudy
 * @param {number} radius how far the rim reaches
 * @param {Record<string, number>} shifts of the logits, by loss
 * @param {string[]} flat sets that are label maps, and say nothing of how sure they are
 * @returns {Row}
 */
export function rowOf(study, radius, shifts, flat = []) {
  const { losses, labelled } = study;
  const several = study.classes.length > 2;
  const counts = several ? null : countsOf(study, radius, shifts);
  /** @type {number[]} */
  const pairs = losses.flatMap((/** @type {string} */ a, /** @type {number} */ i) =>
    losses
      .slice(i + 1)
      .map((/** @type {string} */ b, /** @type {number} */ k) =>
        counts ? counts.agreement(i, i + 1 + k) : study.agreement(a, b, THRESHOLD),
      ),
  );
  const disagreement = pairs.length ? 1 - pairs.reduce((sum, dice) => sum + dice, 0) / pairs.length : 0;
  if (!labelled) return { held: null, scores: {}, wrong: [], sure: {}, disagreement, loss: null };
  let [area, pixels] = [0, 0];
  for (const label of study.labels) {
    if (label !== IGNORE) pixels++;
    if (label !== IGNORE && label) area++;
  }
  /** @type {Record<string, Scores>} */
  const scores = {};
  /** @type {Wrong[]} */
  const wrong = [];
  /** @type {Row["sure"]} */
  const sure = {};
  let loss = 0;
  for (const [k, name] of losses.entries()) {
    loss += study.parts("dilated", radius, name).reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    if (!counts) {
      scores[name] = meanOf(study.compareLabels(name, radius).scores);
      continue;
    }
    if (!flat.includes(name)) sure[name] = calibrationOf(study.logits(name), study.labels, study.step);
    const errors = counts.errors(k);
    scores[name] = scoresOf(area - errors.missed, errors.rim + errors.far, errors.missed);
    wrong.push({ loss: name, prior: "trained", ...errors });
    const corrected = counts.shifted.indexOf(name);
    if (corrected >= 0) wrong.push({ loss: name, prior: "corrected", ...counts.errors(losses.length + corrected) });
  }
  return { held: [area, pixels], scores, wrong, sure, disagreement, loss: loss / losses.length };
}

/**
 * All that `compare` and `agreement` of a study count at `THRESHOLD`, in one pass for all networks: how many pixels of
 * the object, its rim and beyond are found by each combination of networks.
 * @param {any} study a Study
 * @param {number} radius
 * @param {Record<string, number>} shifts
 */
function countsOf(study, radius, shifts) {
  const { losses, labelled, labels, near, count } = study;
  const limit = study.limit(THRESHOLD);
  const shifted = losses.filter((/** @type {string} */ name) => name in shifts);
  const other = labelled && shifted.length ? study.corrected(shifts) : null;
  /** @type {Int16Array[]} */
  const logits = losses.map((/** @type {string} */ name) => study.logits(name));
  if (other) logits.push(...shifted.map((/** @type {string} */ name) => other.logits(name)));
  const found = new Uint32Array(count);
  for (const [k, logit] of logits.entries()) for (let i = 0; i < count; i++) if (logit[i] > limit) found[i] |= 1 << k;
  /** @type {Map<number, number>[]} */
  const zones = [new Map(), new Map(), new Map()]; // object, rim, far: how often each combination occurs
  let [run, zone, last] = [0, -1, 0]; // neighbours are alike: one entry a run
  for (let i = 0; i < count; i++) {
    if (labelled && labels[i] === IGNORE) continue;
    const now = !labelled || labels[i] ? 0 : within(near[i], radius) ? 1 : 2;
    if (now !== zone || found[i] !== last) {
      if (run) zones[zone].set(last, (zones[zone].get(last) ?? 0) + run);
      [run, zone, last] = [0, now, found[i]];
    }
    run++;
  }
  if (run) zones[zone].set(last, (zones[zone].get(last) ?? 0) + run);
  const sum = (/** @type {number} */ part, /** @type {(bits: number) => unknown} */ holds) => {
    let total = 0;
    for (const [bits, n] of zones[part]) if (holds(bits)) total += n;
    return total;
  };
  const all = (/** @type {(bits: number) => unknown} */ holds) => sum(0, holds) + sum(1, holds) + sum(2, holds);
  return {
    shifted: other ? shifted : [],
    errors: (/** @type {number} */ k) => ({
      missed: sum(0, (bits) => !(bits & (1 << k))),
      rim: sum(1, (bits) => bits & (1 << k)),
      far: sum(2, (bits) => bits & (1 << k)),
    }),
    agreement: (/** @type {number} */ a, /** @type {number} */ b) => {
      const [one, two] = [1 << a, 1 << b];
      const both = all((bits) => bits & one && bits & two);
      return scoresOf(
        both,
        all((bits) => bits & one && !(bits & two)),
        all((bits) => bits & two && !(bits & one)),
      ).dice;
    },
  };
}

/** Over the objects that are there or were found. @param {(Scores | null)[]} each by class @returns {Scores} */
function meanOf(each) {
  const present = each.slice(1).flatMap((scores) => scores ?? []);
  const mean = (/** @type {keyof Scores} */ key) =>
    present.length ? present.reduce((sum, scores) => sum + scores[key], 0) / present.length : 1;
  return { dice: mean("dice"), iou: mean("iou"), precision: mean("precision"), recall: mean("recall") };
}

/**
 * Images that are scored, as tables are made of them.
 * @param {Item[]} items
 * @returns {import("./groups.js").Row[]}
 */
export const rowsOf = (items) =>
  items.map(({ name, row }) => {
    const { scores, sure, disagreement, held } = /** @type {Row} */ (row);
    return { name, scores, sure, disagreement, pixels: held?.[1] ?? 0, area: held && held[0] / Math.max(1, held[1]) };
  });

/** @param {Row} row the mean over its networks; null without a mask */
export function meanDice({ scores }) {
  const all = Object.values(scores);
  return all.length ? all.reduce((sum, { dice }) => sum + dice, 0) / all.length : null;
}

/** Orders of the tray: what each is called, and by what it sorts. What an image has not comes last. */
export const ORDERS = /** @type {const} */ ({
  name: "by name",
  disagreement: "networks disagree most first",
  dice: "lowest mean Dice first",
  loss: "highest dilated loss first",
  smallest: "smallest object first",
  largest: "largest object first",
});

/**
 * @template {Item} T
 * @param {T[]} items in the order of their names
 * @param {keyof typeof ORDERS} order
 * @returns {T[]}
 */
export function ordered(items, order) {
  const share = (/** @type {Row} */ { held }) => held && held[0] / Math.max(1, held[1]);
  const less = (/** @type {number | null} */ value) => (value === null ? null : -value);
  /** @type {Record<keyof typeof ORDERS, (row: Row) => number | null>} */
  const keys = {
    name: () => 0,
    disagreement: (row) => -row.disagreement,
    dice: meanDice,
    loss: (row) => less(row.loss),
    smallest: share,
    largest: (row) => less(share(row)),
  };
  const values = new Map(items.map((item) => [item, (item.row && keys[order](item.row)) ?? Infinity]));
  if (order === "name") return [...items];
  return [...items].sort((a, b) => at(values, a) - at(values, b) || items.indexOf(a) - items.indexOf(b));
}

/** @type {<T>(values: Map<T, number>, item: T) => number} large, where it is not known: two of these are alike */
const at = (values, item) => Math.min(Number.MAX_VALUE, values.get(item) ?? Infinity);

/**
 * The images as Set shows a set; null where it has nothing to show.
 * @template {Item} T
 * @param {T[]} items
 * @param {string[]} losses of all networks and sets of predictions
 * @param {number} radius
 */
export function setOf(items, losses, radius) {
  const judged = items.filter(({ row }) => row?.wrong.length);
  const shared = judged.filter(({ row }) => losses.every((loss) => loss in /** @type {Row} */ (row).scores));
  if (shared.length < FEWEST || losses.length < 2) return null;
  const rows = shared.map(({ row }) => /** @type {Row} */ (row));
  const members = shared.map(({ name, group }, k) => group ?? `${name} ${k}`);
  const numbers = new Map([...new Set(members)].map((member, k) => [member, k]));
  const keys = rows[0].wrong.filter(({ loss }) => losses.includes(loss));
  return {
    group: "sequence",
    command: null,
    whose: "the networks in this page",
    threshold: THRESHOLD,
    test_data: "yours",
    radius,
    first: null,
    names: shared.map(({ name }) => name),
    groups: members.map((member) => numbers.get(member) ?? 0),
    pixels: rows.map(({ held }) => held?.[1] ?? 0),
    area: rows.map(({ held }) => held?.[0] ?? 0),
    items: shared,
    unshared: judged.length - shared.length,
    networks: keys.map(({ loss, prior }) => {
      const own = rows.map(
        ({ wrong }) => /** @type {Wrong} */ (wrong.find((one) => one.loss === loss && one.prior === prior)),
      );
      /** @type {Counts} */
      const counts = { loss, prior, missed: [], rim: [], far: [] };
      for (const part of PARTS) counts[part] = own.map((one) => one[part]);
      return counts;
    }),
  };
}
