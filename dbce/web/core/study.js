// One image, its labels if any, and what every network says of it. Twin of dbce.study.studies.Study.
import { CELLS, cellOf, cellsOf, largestByCell, weightsByCell } from "./cells.js";
import { areaCurve, distanceField, FAR, IGNORE, outline, within } from "./dilation.js";
import { countFound } from "./findings.js";
import { binaryCrossEntropy, logitLimit, residualOf, shiftedLogits, sigmoid } from "./losses.js";
import { diceAt, scoresOf } from "./metrics.js";
import { offeredWeightings, WEIGHTINGS, weightAt, weightMap } from "./weights.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Arrays} Arrays */

/**
 * Of two classes. Pixels labelled IGNORE have cross entropy and weight 0, and are neither object, rim nor far
 * background. Labels are null where the image has none; then nothing may be asked that needs them.
 */
export class Study {
  /**
   * @param {Scene} scene
   * @param {Arrays} arrays its unpacked arrays
   * @param {number[] | null} frequencies of the classes in the data set that the networks learnt from, if known
   */
  constructor(scene, arrays, frequencies = null) {
    this.size = scene.size;
    this.count = scene.size * scene.size;
    this.step = scene.logit_step;
    this.losses = scene.losses;
    /** @type {string[]} networks that have not answered yet */
    this.pending = scene.pending ?? [];
    this.place = scene.place;
    this.shape = scene.shape; // height and width of what was opened
    this.classes = [...Array(scene.classes).keys()];
    this.arrays = arrays;
    this.own = scene.own ?? {}; // by loss of somebody's own and network, as of dbce.page.scene
    this.frequencies = frequencies;
    this.weightings = offeredWeightings(frequencies);
    /** @type {Uint8Array} */
    this.labels = new Uint8Array(0);
    this.ignored = 0; // how many pixels
    this.valid = this.count; // how many are not
    /** @type {Uint8Array[]} */
    this.distance = [];
    /** @type {Int32Array[]} */
    this.areas = [];
    this.near = this.labels;
    /** @type {Record<string, Float32Array>} */
    this.entropy = {};
    /** @type {Record<string, Float32Array>} */
    this.residuals = {};
    /** @type {Record<string, Float64Array[]>} */
    this.byDistance = {};
    /** @type {Record<string, Float32Array>} */
    this.largest = {};
    /** @type {Uint16Array | null} */
    this.cellAt = null;
    this.region = { labels: this.labels, radius: NaN, of: this.labels };
    const labels = /** @type {Uint8Array | undefined} */ (arrays.labels);
    const given = this.classes.map((cls) => /** @type {Uint8Array} */ (arrays["distance:" + cls]));
    this.setLabels(labels ?? null, labels ? given : null);
  }

  /**
   * New labels (a painted mask): fields and areas follow; the networks need not run again.
   * @param {Uint8Array | null} labels
   * @param {Uint8Array[] | null} distance by class, where it is known
   */
  setLabels(labels, distance = null) {
    this.labels = labels ?? new Uint8Array(0);
    this.labelled = Boolean(labels);
    this.drawn = this.labelled && !distance; // made in the page, unknown to Python
    this.entropy = {};
    this.residuals = {};
    this.byDistance = {};
    this.largest = {};
    this.cellAt = null;
    /** @type {any} */
    this.other = null; // the corrected study
    /** @type {number[] | null} */
    this.edgeAt = null;
    this.ignored = 0;
    for (const label of this.labels) if (label === IGNORE) this.ignored++;
    this.valid = this.count - this.ignored;
    this.distance = [];
    this.areas = [];
    this.near = this.labels;
    if (!labels) return;
    this.distance = distance ?? this.classes.map((cls) => distanceField(labels, cls, this.size));
    this.areas = this.distance.map((field) => areaCurve(field, labels)); // areas[cls][R]
    this.near = nearest(this.distance.slice(1)); // distance to the nearest object
  }

  /**
   * What other networks say, as they answer: `losses` keeps the order of all.
   * @param {string[]} losses
   * @param {Arrays} arrays theirs
   * @param {string[]} order of all networks
   */
  take(losses, arrays, order) {
    Object.assign(this.arrays, arrays);
    this.pending = this.pending.filter((loss) => !losses.includes(loss));
    this.losses = order.filter((loss) => losses.includes(loss) || this.losses.includes(loss));
    this.other = null;
  }

  /**
   * Logits of the object, in steps.
   * @param {string} loss
   */
  logits(loss) {
    return /** @type {Int16Array} */ (this.arrays["logit:" + loss]);
  }

  /**
   * The same study with the class weights taken out of the networks that were trained with some. Twin of
   * dbce.study.studies.Study.corrected.
   * @param {Record<string, number>} shifts by loss, what its weights added to the logit
   * @returns {Study} itself where there are none
   */
  corrected(shifts) {
    const shifted = this.losses.filter((loss) => loss in shifts);
    if (!shifted.length) return this;
    if (!this.other) {
      const logits = shifted.map((loss) => [
        "logit:" + loss,
        shiftedLogits(this.logits(loss), -shifts[loss], this.step),
      ]);
      const arrays = { ...this.arrays, ...Object.fromEntries(logits) };
      this.other = Object.assign(Object.create(Object.getPrototypeOf(this)), this, { arrays });
      Object.assign(this.other, { entropy: {}, residuals: {}, byDistance: {}, largest: {} });
    }
    return this.other;
  }

  /**
   * Probability of the object at a pixel.
   * @param {string} loss
   * @param {number} i
   */
  probabilityAt(loss, i) {
    return sigmoid(this.logits(loss)[i] * this.step);
  }

  /**
   * Probability that a network gives to the true class of a pixel.
   * @param {string} loss
   * @param {number} i
   */
  probabilityOfTruth(loss, i) {
    return sigmoid((this.labels[i] ? 1 : -1) * this.logits(loss)[i] * this.step);
  }

  /**
   * Cross entropy in nats of one network at every pixel, 0 where ignored.
   * @param {string} loss
   */
  crossEntropy(loss) {
    return (this.entropy[loss] ??= this.computeCrossEntropy(loss));
  }

  /**
   * @param {string} loss
   * @returns {Float32Array}
   */
  computeCrossEntropy(loss) {
    return binaryCrossEntropy(this.logits(loss), this.labels, this.step);
  }

  /**
   * p - y of one network at every pixel: the derivative of the cross entropy by the logit; 0 where ignored. Times the
   * weight it is the gradient of the weighted loss.
   * @param {string} loss
   */
  residual(loss) {
    return (this.residuals[loss] ??= residualOf(this.logits(loss), this.labels, this.step));
  }

  /**
   * Largest gradient, whatever its sign, over all networks and weightings: one scale for all.
   * @param {number} radius
   */
  gradientTop(radius) {
    const all = this.losses.map((loss) => this.residual(loss));
    const weight = new Float32Array(this.count);
    let top = 0;
    for (const weighting of this.weightings) {
      this.weightMap(weighting, radius, weight);
      for (const residual of all)
        for (let i = 0; i < weight.length; i++) top = Math.max(top, weight[i] * Math.abs(residual[i]));
    }
    return top;
  }

  /**
   * What a weighting gives: weights of the classes and how far they reach, or one weight a pixel.
   * @param {string} weighting
   * @param {number} radius
   */
  given(weighting, radius) {
    return WEIGHTINGS[/** @type {import("./weights.js").Key} */ (weighting)](this, radius);
  }

  /**
   * @param {number} i
   * @param {string} weighting
   * @param {number} radius
   */
  weightAt(i, weighting, radius) {
    return weightAt(this, i, this.given(weighting, radius));
  }

  /**
   * Weight of every pixel, or that of one class by itself.
   * @param {string} weighting
   * @param {number} radius
   * @param {Float32Array} out
   * @param {number | null} only
   */
  weightMap(weighting, radius, out = new Float32Array(this.count), only = null) {
    return weightMap(this, this.given(weighting, radius), out, only);
  }

  /**
   * Largest cross entropy, weight and weighted loss over all networks and weightings: one scale for all.
   * @param {number} radius
   */
  tops(radius) {
    const top = { ce: 0, w: 0, wce: 0 };
    const entropy = new Float32Array(this.count);
    for (const loss of this.losses) {
      const own = this.crossEntropy(loss);
      for (let i = 0; i < this.count; i++) entropy[i] = Math.max(entropy[i], own[i]);
    }
    for (const weighting of this.weightings) {
      const weight = this.weightMap(weighting, radius);
      for (let i = 0; i < this.count; i++) {
        top.ce = Math.max(top.ce, entropy[i]);
        top.w = Math.max(top.w, weight[i]);
        top.wce = Math.max(top.wce, weight[i] * entropy[i]);
      }
    }
    return top;
  }

  /**
   * Share of object, rim and far background in the sum of the weights, or of the weighted loss of a network.
   * @param {string} weighting
   * @param {number} radius
   * @param {string | null} loss
   */
  shares(weighting, radius, loss = null) {
    const parts = this.parts(weighting, radius, loss);
    const total = parts[0] + parts[1] + parts[2];
    return parts.map((part) => (total > 0 ? part / total : 0));
  }

  /**
   * The sums themselves.
   * @param {string} weighting
   * @param {number} radius
   * @param {string | null} loss
   */
  parts(weighting, radius, loss) {
    const given = this.given(weighting, radius);
    if (given instanceof Float32Array) return this.sumsOf(given, radius, loss);
    const by = weightsByCell(given);
    const [background, object] = this.sumsByDistance(loss);
    const parts = [0, 0, 0];
    for (let d = 0; d <= FAR; d++) {
      parts[0] += object[d] * by[cellOf(1, d)];
      parts[within(d, radius) ? 1 : 2] += background[d] * by[cellOf(0, d)];
    }
    return parts;
  }

  /**
   * The same, of weights by pixel.
   * @param {Float32Array} weight
   * @param {number} radius
   * @param {string | null} loss
   */
  sumsOf(weight, radius, loss) {
    const entropy = loss ? this.crossEntropy(loss) : null;
    const parts = [0, 0, 0];
    for (let i = 0; i < this.count; i++)
      if (weight[i])
        parts[this.labels[i] ? 0 : within(this.near[i], radius) ? 1 : 2] += entropy
          ? weight[i] * entropy[i]
          : weight[i];
    return parts;
  }

  /**
   * Number of pixels, or the cross entropy of a network, summed by class and by distance to the other class: all that
   * sums of weights and of weighted losses need, for every radius.
   * @param {string | null} loss
   */
  sumsByDistance(loss) {
    const key = loss ?? "";
    if (!this.byDistance[key]) {
      const sums = new Float64Array(CELLS);
      const entropy = loss ? this.crossEntropy(loss) : null;
      const cells = this.cells();
      for (let i = 0; i < this.count; i++) sums[cells[i]] += entropy ? entropy[i] : 1;
      this.byDistance[key] = [sums.subarray(0, cellOf(1, 0)), sums.subarray(cellOf(1, 0), CELLS - 1)];
    }
    return this.byDistance[key];
  }

  /** The cell of every pixel, of two classes. */
  cells() {
    return (this.cellAt ??= cellsOf(this.labels, this.distance));
  }

  /**
   * Largest cross entropy of a network in each cell.
   * @param {string} loss
   */
  largestByCell(loss) {
    return (this.largest[loss] ??= largestByCell(this.cells(), this.crossEntropy(loss)));
  }

  /**
   * Dilated class weights and shares for every whole radius at once.
   * @param {number} last largest radius
   * @param {string | null} loss of whose weighted loss the shares are, or of the weights
   */
  radiusCurves(last, loss = null) {
    const radii = [...Array(last + 1).keys()];
    const each = radii.map((radius) => WEIGHTINGS.dilated(this, radius).weights);
    const shares = radii.map((radius) => this.shares("dilated", radius, loss));
    return {
      weights: this.classes.map((cls) => each.map((weights) => weights[cls])), // weights[class][R]
      shares: [0, 1, 2].map((part) => shares.map((parts) => parts[part])), // of object, rim, far
    };
  }

  /** Pixels of an object with a neighbour of another class. */
  edge() {
    const { labels, size } = this;
    this.edgeAt ??= this.classes
      .slice(1)
      .flatMap((cls) => (this.areas[cls][0] ? outline((i) => labels[i] === cls, size) : []));
    return this.edgeAt;
  }

  /** @param {number} threshold of the probability */
  limit(threshold) {
    return logitLimit(threshold, this.step);
  }

  /**
   * Everything counted at a threshold: scores, and wrong pixels in the rim, far away, and missed.
   * @param {string} loss
   * @param {number} radius
   * @param {number} threshold
   */
  compare(loss, radius, threshold) {
    return this.judge(countFound(this.logits(loss), this.regions(radius), Math.floor(this.limit(threshold))));
  }

  /**
   * The same from what is found in each region.
   * @param {Int32Array} counts as of `countFound`
   */
  judge(counts) {
    const [tp, rim, far] = counts.subarray(5);
    const missed = this.areas[1][0] - tp;
    return { scores: scoresOf(tp, rim + far, missed), errors: { rim, far, missed } };
  }

  /**
   * Where every pixel lies: 0 ignored, 1 object, 2 rim, 3 far background.
   * @param {number} radius
   */
  regions(radius) {
    const { labels, near } = this;
    if (this.region.labels === labels && this.region.radius === radius) return this.region.of;
    const of = new Uint8Array(this.count);
    for (let i = 0; i < of.length; i++)
      of[i] = labels[i] === IGNORE ? 0 : labels[i] ? 1 : within(near[i], radius) ? 2 : 3;
    this.region = { labels, radius, of };
    return of;
  }

  /**
   * Dice of one network at every threshold.
   * @param {string} loss
   * @param {number[]} thresholds of the probability
   */
  diceCurve(loss, thresholds) {
    const limits = thresholds.map((threshold) => this.limit(threshold));
    return diceAt(this.logits(loss), this.labels, limits);
  }

  /**
   * Dice between the predictions of two networks.
   * @param {string} a
   * @param {string} b
   * @param {number} threshold
   */
  agreement(a, b, threshold) {
    const [first, second] = [this.logits(a), this.logits(b)];
    const limit = this.limit(threshold);
    let [both, onlyFirst, onlySecond] = [0, 0, 0];
    for (let i = 0; i < this.count; i++) {
      if (this.labels[i] === IGNORE) continue;
      const [p, q] = [first[i] > limit, second[i] > limit];
      if (p && q) both++;
      else if (p) onlyFirst++;
      else if (q) onlySecond++;
    }
    return scoresOf(both, onlyFirst, onlySecond).dice;
  }
}

/**
 * The least of several distance fields at every pixel.
 * @param {Uint8Array[]} fields
 */
function nearest(fields) {
  if (fields.length === 1) return fields[0];
  const least = fields[0].slice();
  for (const field of fields.slice(1))
    for (let i = 0; i < least.length; i++) if (field[i] < least[i]) least[i] = field[i];
  return least;
}
