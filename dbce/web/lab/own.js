// The visitor's own loss in training: its formula over the images of a batch, and the gradient of the logits.
import { exp, log } from "./arithmetic.js";
import { distanceField } from "../core/dilation.js";
import { SIZE } from "./problem.js";
import { Tape } from "./tape.js";

/** @typedef {import("./network.js").Network} Network */

const COUNT = SIZE * SIZE;
const LEAST = 1e-7; // of p in a formula, so that log(p) and 1 / p are finite; its slope is that of the true p

export class OwnLoss {
  /**
   * @param {string} source of the formula
   * @throws {import("./formula.js").Mistake}
   */
  constructor(source) {
    this.tape = new Tape(source, COUNT);
    this.slopes = { p: new Float64Array(COUNT), ce: new Float64Array(COUNT) };
    this.maps = { p: new Float64Array(COUNT), y: new Float64Array(COUNT), ce: new Float64Array(COUNT) };
  }

  /**
   * The mean over the images of a batch, and over the objects that occur in an image (all of them where none does): for
   * each of them the formula holds, that object against all else. Fills the network's `slopes`; its `logits`, `labels`
   * and `weight` are given.
   * @param {Network} network
   * @param {number[]} frequencies of every class, the background first
   * @param {number} radius
   * @returns {number} the loss
   * @throws {import("./formula.js").Mistake} where it is no finite number
   */
  objective(network, frequencies, radius) {
    const { batch, objects, logits, slopes } = network;
    slopes.fill(0);
    let loss = 0;
    for (let b = 0; b < batch; b++) {
      const labels = network.labels.subarray(b * COUNT, (b + 1) * COUNT);
      const weight = network.weight.subarray(b * COUNT, (b + 1) * COUNT);
      const z = logits.subarray(b * objects * COUNT, (b + 1) * objects * COUNT);
      const gz = slopes.subarray(b * objects * COUNT, (b + 1) * objects * COUNT);
      const { p, ce } = softmax(z, labels);
      const every = [...Array(objects).keys()];
      const found = every.filter((k) => labels.includes(k + 1));
      const present = found.length ? found : every;
      for (const k of present) {
        const inputs = this.inputs(k, p, ce, labels, weight, frequencies[k + 1], radius);
        const share = 1 / (present.length * batch);
        loss += share * this.tape.forward(inputs);
        this.tape.backward(inputs, this.slopes.p, this.slopes.ce);
        this.addSlopes(k, p, labels, objects, share, gz);
      }
    }
    return loss;
  }

  /**
   * @param {number} k object
   * @param {Float64Array} p [object][pixel]
   * @param {Float64Array} ce
   * @param {Uint8Array} labels
   * @param {Float32Array} w
   * @param {number} f
   * @param {number} r
   */
  inputs(k, p, ce, labels, w, f, r) {
    const { maps } = this;
    let a = 0;
    for (let i = 0; i < COUNT; i++) {
      maps.p[i] = Math.min(Math.max(p[k * COUNT + i], LEAST), 1 - LEAST);
      a += maps.y[i] = Number(labels[i] === k + 1);
    }
    const binary = Uint8Array.from(maps.y);
    const [outside, inside] = [distanceField(binary, 0, SIZE), distanceField(binary, 1, SIZE)];
    const d = outside.map((toBackground, i) => (binary[i] ? toBackground : inside[i]));
    return { p: maps.p, y: maps.y, ce, w, d, f, a, n: COUNT, r };
  }

  /**
   * From slopes in p of object k and in ce to those in every logit, through the softmax.
   * @param {number} k
   * @param {Float64Array} p
   * @param {Uint8Array} labels
   * @param {number} objects
   * @param {number} share
   * @param {Float32Array} gz
   */
  addSlopes(k, p, labels, objects, share, gz) {
    for (let i = 0; i < COUNT; i++) {
      const [inP, inCe] = [this.slopes.p[i] * p[k * COUNT + i], this.slopes.ce[i]];
      for (let m = 0; m < objects; m++) {
        const q = p[m * COUNT + i];
        gz[m * COUNT + i] += share * (inP * (Number(m === k) - q) + inCe * (q - Number(labels[i] === m + 1)));
      }
    }
  }
}

/**
 * Probabilities of the objects, the background's logit being 0, and cross entropy; twin of that in objective.c.
 * @param {Float32Array} z [object][pixel]
 * @param {Uint8Array} labels
 */
function softmax(z, labels) {
  const p = new Float64Array(z.length);
  const ce = new Float64Array(COUNT);
  for (let i = 0; i < COUNT; i++) {
    let top = 0;
    for (let at = i; at < z.length; at += COUNT) top = Math.max(top, z[at]);
    let sum = exp(-top);
    for (let at = i; at < z.length; at += COUNT) sum += p[at] = exp(z[at] - top);
    for (let at = i; at < z.length; at += COUNT) p[at] /= sum;
    ce[i] = top + log(sum) - (labels[i] ? z[(labels[i] - 1) * COUNT + i] : 0);
  }
  return { p, ce };
}
