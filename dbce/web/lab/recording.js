// The scores of runs that were recorded in Node, which learns the same bits as any browser.
import { FOUR } from "./experiment.js";
import { RADII, RUNS } from "./recorded.js";

/** @typedef {import("./measure.js").Measures} Measures */

/** Steps between two scores, and the last one with some. */
export const [EVERY, LAST] = [20, 240];

/** @param {string} text two letters a thousandth @returns {number[]} */
const unpacked = (text) => (text.match(/../g) ?? []).map((pair) => parseInt(pair, 36) / 1000);

/** @param {string} text @returns {Measures[]} one a score */
function rowsOf(text) {
  const values = unpacked(text);
  const count = values.length / 4;
  const [dice, precision, recall, calibration] = [0, 1, 2, 3].map((k) => values.slice(k * count, (k + 1) * count));
  return dice.map((_, i) => ({
    dice: dice[i],
    precision: precision[i],
    recall: recall[i],
    calibration: calibration[i],
  }));
}

/**
 * What was recorded of a preset: by loss, and "corrected", which is balanced CE after prior correction.
 * @param {string} preset
 * @param {number} seed
 * @returns {Record<string, Measures[]> | null} scores every EVERY steps from 0 on; null where there is none
 */
export function recordingOf(preset, seed) {
  const found = [...FOUR, "corrected"].map(
    (loss) => /** @type {const} */ ([loss, RUNS.get(`${preset} ${seed} ${loss}`)]),
  );
  if (found.some(([, text]) => text === undefined)) return null;
  return Object.fromEntries(found.map(([loss, text]) => [loss, rowsOf(text ?? "")]));
}

/**
 * Dice of dilated balanced CE on the swept preset, by radius.
 * @returns {Map<number, number[]>} every EVERY steps from 0 on
 */
export const sweepRecording = () => new Map([...RADII].map(([radius, text]) => [Number(radius), unpacked(text)]));
