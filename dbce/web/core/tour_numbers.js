// What the tour counts: on the image in view, and of what was measured on the test set.
import { AFTER } from "./calibration.js";
import { IGNORE, within } from "./dilation.js";
import { factsOf } from "./facts.js";
import { sigmoid } from "./losses.js";
import { same } from "./sentences.js";

/** @typedef {import("./facts.js").Facts} Facts */
/** @typedef {Record<string, any>} Row of a network: curves over the threshold, and its calibration gap */
/**
 * @typedef {object} Sight what a step can speak of
 * @property {any} study a Study or LabelStudy with labels
 * @property {import("./sentences.js").Nouns} nouns
 * @property {number} paper the paper's radius, px
 * @property {number} last the largest radius, px
 * @property {Record<string, string>} titles of the networks
 * @property {string} method the paper's own network
 * @property {Record<string, number>} shifts by network, what its class weights added to the logit
 * @property {any} calibration what was measured on the test set; null where nothing was
 * @property {{up: string, down: string}} colours of the gradient
 * @property {{titles: Record<string, string>, frame: Learning | null}} lab the networks that learn in the page
 */
/** @typedef {{step: number, scores: Map<string, {precision: number, recall: number}>}} Learning the last scores */
/**
 * @typedef {object} Settings as the visitor has moved them
 * @property {string} weighting
 * @property {number} radius
 * @property {number} threshold
 * @property {string} loss
 * @property {string} [map]
 * @property {string} [prior]
 * @property {string[]} shown networks in view
 * @property {number | null} guess percent
 * @property {[number, number]} swept lowest and highest threshold since the step began
 */

export const HALF = 0.5;
/** From where to where the threshold is swept. */
export const SWEEP = /** @type {[number, number]} */ ([0.2, 0.8]);
const [CE, BALANCED] = ["ce", "bce"];
const MOST = 0.99; // the highest threshold of the page
const AS_CLEAN = 1.1; // of CE's rim
const NEAR_HALF = [0.4, 0.6];
const STEPS = 61; // thresholds in the sweep

/** @param {Sight} sight @param {string} weighting @param {number} radius @returns {Facts} */
export const facts = ({ study }, weighting, radius) => factsOf(study, study.weightMap(weighting, radius), radius);

/**
 * False positives in the rim and misses.
 * @param {Sight} sight
 * @param {string} loss
 * @param {number} threshold
 * @param {string} prior
 * @returns {{rim: number, missed: number}}
 */
export function wrong({ study, nouns, paper, shifts }, loss, threshold = HALF, prior = "trained") {
  if (nouns.several) return study.compareLabels(loss, paper).errors;
  return (prior === "corrected" ? study.corrected(shifts) : study).compare(loss, paper, threshold).errors;
}

/** @param {Sight} sight @param {...string} losses whether these networks are there */
export const has = ({ study }, ...losses) => losses.every((loss) => study.losses.includes(loss));

/** Threshold at which balanced CE's even odds lie. @param {Sight} sight */
export const foretold = ({ shifts }) => sigmoid(shifts[BALANCED]);

/** The place of a threshold in the curves. @param {Sight} sight @param {number} threshold @returns {number} */
const place = ({ calibration }, threshold) =>
  calibration.thresholds.reduce(
    (/** @type {number} */ best, /** @type {number} */ at, /** @type {number} */ k, /** @type {number[]} */ all) =>
      Math.abs(at - threshold) < Math.abs(all[best] - threshold) ? k : best,
    0,
  );

/**
 * Red rim on the test set, % of the object: of balanced CE at one half and at its even odds, of CE at one half.
 * @param {Sight} sight
 * @returns {{before: number, after: number, plain: number}}
 */
export function measuredRim(sight) {
  const { rows } = sight.calibration;
  const [half, there] = [HALF, foretold(sight)].map((threshold) => place(sight, threshold));
  return {
    before: rows[BALANCED].rim_fp[half],
    after: rows[BALANCED].rim_fp[there],
    plain: rows[CE].rim_fp[half],
  };
}

/**
 * Whether curves of these networks over the threshold were measured.
 * @param {Sight} sight
 * @param {...string} losses
 */
const curves = (sight, ...losses) =>
  !sight.nouns.several &&
  BALANCED in sight.shifts &&
  has(sight, ...losses) &&
  Boolean(sight.calibration?.thresholds?.length) &&
  losses.every((loss) => sight.calibration.rows[loss]?.rim_fp);

/** Whether on the test set the rim of balanced CE is made by its threshold. @param {Sight} sight */
export function rimOfThreshold(sight) {
  if (!curves(sight, CE, BALANCED)) return false;
  const { after, plain } = measuredRim(sight);
  return after <= AS_CLEAN * plain;
}

/**
 * Dice of balanced CE, its prior corrected, less that of CE on the test set: points, and the ends of the interval.
 * @param {Sight} sight
 * @returns {[number, number, number] | undefined}
 */
export const repair = (sight) => sight.calibration.pairs?.[`${BALANCED}${AFTER}|${CE}`]?.[place(sight, HALF)];

/**
 * The threshold at which the paper's network has its highest Dice on the test set.
 * @param {Sight} sight
 * @returns {number}
 */
export function bestThreshold({ calibration, method }) {
  const { dice } = calibration.rows[method];
  return calibration.thresholds[dice.indexOf(Math.max(...dice))];
}

/**
 * Whether the test set bears that a threshold repairs balanced CE, and that dilation needs no repair.
 * @param {Sight} sight
 */
export function needsNoRepair(sight) {
  if (!curves(sight, CE, BALANCED, sight.method)) return false;
  const difference = repair(sight);
  if (!difference || difference[1] > 0 || difference[2] < 0) return false;
  const best = bestThreshold(sight);
  return best >= NEAR_HALF[0] && best <= NEAR_HALF[1];
}

/** @type {WeakMap<Uint8Array, Map<string, any>>} what was counted already, by labels */
const known = new WeakMap();

/**
 * @template T
 * @param {Sight} sight
 * @param {string} name
 * @param {() => T} count
 * @returns {T}
 */
function once({ study: { labels } }, name, count) {
  const counted = known.get(labels) ?? new Map();
  known.set(labels, counted);
  if (!counted.has(name)) counted.set(name, count());
  return counted.get(name);
}

/**
 * How the red rim of balanced CE stands to that of CE on this image: "fewer" where it has no more of it at one half,
 * "more" where a higher threshold brings it down to CE's, "stuck" where none does.
 * @param {Sight} sight
 */
export const rimHere = (sight) =>
  once(sight, "rim", () => {
    const plain = wrong(sight, CE).rim;
    if (wrong(sight, BALANCED).rim <= plain) return "fewer";
    return wrong(sight, BALANCED, MOST).rim <= plain ? "more" : "stuck";
  });

/**
 * How far the Dice of every measured network moves on this image while the threshold is swept, in points.
 * @param {Sight} sight
 * @param {string} prior
 * @returns {Map<string, number>}
 */
export function swings(sight, prior = "trained") {
  const { study, shifts, calibration } = sight;
  return once(sight, `swings ${prior}`, () => {
    const seen = prior === "corrected" ? study.corrected(shifts) : study;
    const [low, high] = SWEEP;
    const sweep = Array.from({ length: STEPS }, (_, k) => low + (k / (STEPS - 1)) * (high - low));
    const measured = study.losses.filter((/** @type {string} */ loss) => loss in calibration.rows);
    return new Map(
      measured.map((/** @type {string} */ loss) => {
        const dice = seen.diceCurve(loss, sweep);
        return [loss, 100 * (Math.max(...dice) - Math.min(...dice))];
      }),
    );
  });
}

/**
 * Calibration gap of a network on the test set, points; that of the corrected one where its prior is.
 * @param {Sight} sight
 * @param {string} loss
 * @param {string} prior
 * @returns {number}
 */
export const gap = ({ calibration: { rows } }, loss, prior = "trained") =>
  (rows[prior === "corrected" ? loss + AFTER : loss] ?? rows[loss]).gap[0];

/**
 * Smallest radius from which on outside and inside weigh the same; null where there is none.
 * @param {Sight} sight
 */
export const levelFrom = (sight) => once(sight, "level", () => searchLevel(sight));

/** @param {Sight} sight */
function searchLevel(sight) {
  for (let radius = 0; radius <= sight.paper; radius++) {
    const { outside, inside } = facts(sight, "dilated", radius);
    if (outside && same(outside, inside)) return radius;
  }
  return null;
}

/**
 * Shares of what pushes probabilities up, and down, in the gradient of a weighted loss; null where nothing pushes.
 * @param {Sight} sight
 * @param {Settings} now
 */
export function push({ study }, { weighting, radius, loss }) {
  const weights = study.weightMap(weighting, radius);
  const residual = study.residual(loss);
  let [up, down] = [0, 0];
  for (let i = 0; i < weights.length; i++) {
    const value = weights[i] * residual[i];
    if (value < 0) up -= value;
    else down += value;
  }
  return up + down > 0 ? { up: up / (up + down), down: down / (up + down) } : null;
}

/**
 * 1/weight of the pixels of the smallest object at a radius.
 * @param {Sight} sight
 * @param {number} radius
 */
export function smallest({ study }, radius) {
  const held = study.classes.slice(1).filter((/** @type {number} */ cls) => study.areas[cls][0]);
  const cls = held.reduce((/** @type {number} */ a, /** @type {number} */ b) =>
    study.areas[b][0] < study.areas[a][0] ? b : a,
  );
  return 1 + study.areas[cls][radius];
}

/**
 * Where to zoom so that the objects and what is around them fill a panel: scale, and where the image's corner lies in
 * sides of the panel; all of the image where there is no object.
 * @param {Sight["study"]} study
 * @param {number} margin px around the objects
 * @param {number} most scale
 * @returns {[number, number, number]}
 */
export function closeUp({ near, labels, size }, margin, most) {
  let [left, right, top, bottom] = [size, 0, size, 0];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === IGNORE || !within(near[i], 0)) continue;
    const [x, y] = [i % size, Math.floor(i / size)];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  }
  if (right <= left) return [1, 0, 0];
  const side = Math.min(size, Math.max(right - left, bottom - top) + 2 * margin);
  const scale = Math.min(most, size / side);
  const [x, y] = [left + right, top + bottom].map((ends) => 0.5 - (scale * ends) / 2 / size);
  return [scale, x, y];
}
