// From what a network says at a quarter of its size to the maps of a scene. Twin of the last lines of
// dbce/network.py and of dbce/study/predictor.py, in PyTorch's order of operations.
import { rint } from "./resize.js";

/** Logits are kept in whole multiples of this. */
export const LOGIT_STEP = 1 / 1024;

const LIMIT = 32767; // of int16

/**
 * Maps at a larger size, as PyTorch's interpolate (bilinear, align_corners=False). On processors that multiply and add
 * in one step the results are PyTorch's to the last bit, but for maps of many channels that lie side by side.
 * @param {Float32Array} maps channels * from * from
 * @param {number} from pixels a side
 * @param {number} size pixels a side of the result
 * @returns {Float32Array} channels * size * size
 */
export function enlarge(maps, from, size) {
  const channels = maps.length / (from * from);
  const out = new Float32Array(channels * size * size);
  const { low, high, rest } = places(from, size);
  const wide = new Float32Array(from * size); // every row of a map at its new length
  for (let c = 0, k = 0; c < channels; c++) {
    const map = maps.subarray(c * from * from, (c + 1) * from * from);
    for (let y = 0, j = 0; y < from; y++) {
      const row = y * from;
      for (let x = 0; x < size; x++, j++) {
        const right = rest[x];
        const left = Math.fround(1 - right);
        wide[j] = map[row + low[x]] * left + Math.fround(map[row + high[x]] * right);
      }
    }
    for (let y = 0; y < size; y++) {
      const [upper, lower, down] = [low[y] * size, high[y] * size, rest[y]];
      const up = Math.fround(1 - down);
      for (let x = 0; x < size; x++, k++) out[k] = wide[upper + x] * up + Math.fround(wide[lower + x] * down);
    }
  }
  return out;
}

/**
 * Between which pixels the middle of each new pixel lies, and how far from the first; in float32, as in PyTorch.
 * @param {number} from
 * @param {number} size
 */
function places(from, size) {
  const [low, high, rest] = [new Int32Array(size), new Int32Array(size), new Float32Array(size)];
  const scale = Math.fround(from / size);
  for (let i = 0; i < size; i++) {
    const at = Math.max(0, Math.fround(scale * (i + 0.5) - 0.5));
    low[i] = Math.min(Math.floor(at), from - 1);
    high[i] = Math.min(low[i] + 1, from - 1);
    rest[i] = at - low[i];
  }
  return { low, high, rest };
}

/**
 * In steps of `LOGIT_STEP`, limited to +-31.999. Twin of quantise.
 * @param {Float32Array | Float64Array} values
 * @returns {Int16Array}
 */
export function quantise(values) {
  const out = new Int16Array(values.length); // in a loop: `from` takes ten times as long
  for (let i = 0; i < out.length; i++) out[i] = Math.max(-LIMIT, Math.min(LIMIT, rint(values[i] / LOGIT_STEP)));
  return out;
}

/**
 * Logit of the object against the background, of a network of two classes. Twin of foreground_logits.
 * @param {Float32Array} logits 2 * quarter * quarter, where 4 * quarter is the network's size
 * @param {number} size pixels a side of the page
 * @returns {Int16Array} size * size, in steps
 */
export function foregroundLogits(logits, size) {
  const quarter = Math.sqrt(logits.length / 2);
  const own = 4 * quarter;
  const both = enlarge(logits, quarter, own);
  const difference = new Float32Array(own * own);
  for (let i = 0; i < difference.length; i++) difference[i] = both[own * own + i] - both[i];
  return quantise(enlarge(difference, own, size));
}

/**
 * Log-probability of every class, of a network of any number of classes. Twin of log_probabilities.
 * @param {Float32Array} logits classes * quarter * quarter, where 4 * quarter is the network's size
 * @param {number} classes
 * @param {number} size pixels a side of the page
 * @returns {Int16Array} classes * size * size, in steps
 */
export function logProbabilities(logits, classes, size) {
  const quarter = Math.sqrt(logits.length / classes);
  return logSoftmax(enlarge(enlarge(logits, quarter, 4 * quarter), 4 * quarter, size), size * size);
}

/**
 * Log-probabilities, in steps.
 * @param {Float32Array} maps classes * count logits; written over
 * @param {number} count pixels
 * @returns {Int16Array} classes * count
 */
export function logSoftmax(maps, count) {
  for (let i = 0; i < count; i++) {
    let most = -Infinity;
    for (let k = i; k < maps.length; k += count) most = Math.max(most, maps[k]);
    let sum = 0;
    for (let k = i; k < maps.length; k += count) sum += Math.exp(maps[k] - most);
    const log = Math.log(sum);
    for (let k = i; k < maps.length; k += count) maps[k] = maps[k] - most - log;
  }
  return quantise(maps);
}

/**
 * The most probable class at every pixel, the first of several that are equal. Twin of LabelStudy.label_map.
 * @param {Int16Array} logProbability classes * count
 * @param {number} classes
 * @returns {Uint8Array} count
 */
export function labelMap(logProbability, classes) {
  const count = logProbability.length / classes;
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++)
    for (let cls = 1; cls < classes; cls++)
      if (logProbability[cls * count + i] > logProbability[labels[i] * count + i]) labels[i] = cls;
  return labels;
}
