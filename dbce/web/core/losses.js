// Probabilities and cross entropy from logits. Twin of dbce/losses.py and of dbce/study/studies.py.
import { IGNORE } from "./dilation.js";

/**
 * ln(1 + e^z), without overflow.
 * @param {number} z
 */
export const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** @param {number} z */
export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/**
 * The logit, in steps, that a prediction must exceed at a threshold of the probability.
 * @param {number} threshold above 0, below 1
 * @param {number} step of the stored logits
 */
export const logitLimit = (threshold, step) => Math.log(threshold / (1 - threshold)) / step;

/**
 * Cross entropy of two classes in nats at every pixel, 0 where ignored.
 * @param {Int16Array} logit of the object, in steps
 * @param {Uint8Array} labels 0, 1 or IGNORE
 * @param {number} step
 * @returns {Float32Array}
 */
export function binaryCrossEntropy(logit, labels, step) {
  const map = new Float32Array(labels.length);
  const known = softplusOf(step);
  for (let i = 0; i < map.length; i++)
    if (labels[i] !== IGNORE) map[i] = known[(labels[i] ? -logit[i] : logit[i]) + HALF];
  return map;
}

const HALF = 32768; // of the values of int16
/** @type {{step: number, values: Float32Array} | null} */
let table = null;

/**
 * `softplus` of every whole number of steps that int16 holds: a look-up takes a tenth of the time.
 * @param {number} step
 */
function softplusOf(step) {
  if (table?.step !== step)
    table = { step, values: Float32Array.from({ length: 2 * HALF + 1 }, (_, k) => softplus((k - HALF) * step)) };
  return table.values;
}

/**
 * p - y at every pixel, 0 where ignored: the derivative of the cross entropy of two classes by the logit.
 * @param {Int16Array} logit of the object, in steps
 * @param {Uint8Array} labels 0, 1 or IGNORE
 * @param {number} step
 * @returns {Float32Array}
 */
export function residualOf(logit, labels, step) {
  const map = new Float32Array(labels.length);
  for (let i = 0; i < map.length; i++) {
    if (labels[i] === IGNORE) continue;
    const away = sigmoid((labels[i] ? -1 : 1) * logit[i] * step); // probability of the wrong class, to full precision
    map[i] = labels[i] ? -away : away;
  }
  return map;
}

/**
 * Logits of the object with a number added, which is what class weights do to them (dbce/prior.py).
 * @param {Int16Array} logit in steps
 * @param {number} by in nats
 * @param {number} step
 * @returns {Int16Array} in steps, limited to +-32767
 */
export const shiftedLogits = (logit, by, step) =>
  logit.map((steps) => Math.max(-32767, Math.min(32767, Math.round((steps * step + by) / step))));
