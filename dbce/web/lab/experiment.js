// An experiment of the lab: what the address holds of it, and what the networks are started with.
import { PRESETS } from "./presets.js";
import { SETTINGS } from "./trainer.js";

/** @typedef {import("./presets.js").Preset} Preset */
/** @typedef {import("./problem.js").Problem} Problem */
/**
 * The lab's part of the page's state, by the names of its fields; null stands for what the preset says.
 * @typedef {object} Experiment
 * @property {string} preset
 * @property {number | null} size of all objects together, percent of the image
 * @property {number | null} count of objects
 * @property {number | null} contrast
 * @property {number | null} softness px
 * @property {number | null} decoys
 * @property {number | null} noise
 * @property {number} seed
 * @property {number | null} radius px
 * @property {string} rate of learning, as written in its field
 * @property {number} threshold
 * @property {boolean} correction
 * @property {string | null} formula of the visitor's loss
 * @property {string} pace "slow" or "full"
 * @property {string} below the errors: "push" or "probability"
 * @property {number} image of those held out, which is large
 */

/** The four that are compared, in order; the visitor's own is the fifth. */
export const FOUR = ["ce", "bce", "dice_ce", "dbce"];

/** Radii that are swept side by side, px, and the preset of which that was recorded. */
export const SWEEP = [0, 2, 5, 10, 20, 40];
export const SWEPT = "needles";

/** What a problem's dials are called; the first two are of problems with one class. */
export const DIALS = /** @type {const} */ (["size", "count", "contrast", "softness", "decoys", "noise"]);

/** @typedef {typeof DIALS[number]} Dial */

/** @param {string} id @returns {Preset} the first one for what is none */
export const presetOf = (id) => PRESETS.find((preset) => preset.id === id) ?? PRESETS[0];

/** @param {Preset} preset @returns {Record<Dial, number>} what its dials stand at */
export function dialsOf({ problem }) {
  const [{ share, count }] = problem.objects;
  const { contrast, softness, decoys, noise } = problem;
  return { size: 100 * share, count, contrast, softness, decoys: decoys.count, noise };
}

/** @param {Experiment} experiment @returns {Problem} */
export function problemOf(experiment) {
  const preset = presetOf(experiment.preset);
  const { objects, decoys } = preset.problem;
  /** @param {Dial} dial */
  const at = (dial) => experiment[dial] ?? dialsOf(preset)[dial];
  const single = objects.length === 1;
  const { size } = experiment;
  return {
    objects: single
      ? [{ ...objects[0], share: size === null ? objects[0].share : size / 100, count: at("count") }]
      : objects,
    contrast: at("contrast"),
    softness: at("softness"),
    decoys: { ...decoys, count: at("decoys") },
    noise: at("noise"),
  };
}

/** @param {Experiment} experiment @returns {number} */
export const radiusOf = (experiment) => experiment.radius ?? presetOf(experiment.preset).radius;

/**
 * What one network is started with. Prior correction is for the loss whose weights are those of the training set.
 * @param {Experiment} experiment
 * @param {string} loss
 * @param {number} [radius] another than the experiment's
 * @returns {import("./trainer.js").Start}
 */
export function startOf(experiment, loss, radius = radiusOf(experiment)) {
  return {
    loss,
    problem: problemOf(experiment),
    seed: experiment.seed,
    settings: settingsOf(experiment, loss, radius),
  };
}

/**
 * What of it may change while it learns.
 * @param {Experiment} experiment
 * @param {string} loss
 * @param {number} [radius]
 * @returns {import("./trainer.js").Settings}
 */
export function settingsOf(experiment, loss, radius = radiusOf(experiment)) {
  return {
    radius,
    learningRate: Number(experiment.rate),
    threshold: experiment.threshold,
    correction: loss === "bce" && experiment.correction,
    formula: loss === "own" ? (experiment.formula ?? "") : "",
  };
}

/**
 * Whether it learns just what was recorded of its preset.
 * @param {Experiment} experiment
 */
export const asRecorded = (experiment) =>
  DIALS.every((dial) => experiment[dial] === null) &&
  radiusOf(experiment) === presetOf(experiment.preset).radius &&
  Number(experiment.rate) === SETTINGS.learningRate &&
  experiment.threshold === SETTINGS.threshold;
