// One network learns with one loss. It touches no document and no worker: it runs in Node as well.
import { lossWeights, LOSSES, priorShift, RADII } from "./losses.js";
import { measure } from "./measure.js";
import { Network } from "./network.js";
import { OwnLoss } from "./own.js";
import { checkProblem, drawBatch, drawHeldOut, frequencies, SIZE } from "./problem.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./measure.js").Measures} Measures */
/**
 * What may change at any time; it holds from the next step, or picture, on.
 * @typedef {object} Settings
 * @property {number} radius of the dilation, whole pixels
 * @property {number} learningRate of Adam, constant
 * @property {number} threshold of the probability
 * @property {boolean} correction whether predictions are freed of the balancing (prior correction)
 * @property {string} formula of the loss "own"
 */
/**
 * @typedef {object} Start
 * @property {string} loss one of LOSSES
 * @property {Problem} problem
 * @property {number} [seed] of the first weights and of the batches
 * @property {Partial<Settings>} [settings]
 * @property {number} [heldOut] images on which it is scored, at most 64
 * @property {number[]} [shown] those of them whose predictions are shown, at most 8
 * @property {number} [batch] images a step
 * @property {number} [width] of the network
 */
/** @typedef {{logits: Float32Array, push: Float32Array}} Picture [object][pixel] both; logits as trained */
/**
 * @typedef {object} Snapshot
 * @property {number} step
 * @property {number | null} value of the loss in the last step
 * @property {Measures | null} scores of the averaged weights; null where none were asked for
 * @property {Measures | null} other the same of balanced CE with its prior the other way: corrected, or as trained
 * @property {boolean} corrected whether `scores` are those after prior correction
 * @property {number[]} shift what prior correction takes off the logit of each object
 * @property {string} fingerprint of weights, averages and statistics: equal where all their bits are
 * @property {Picture[]} pictures of the shown images, of the averaged weights; push: slope of the loss in the logits
 */

const COUNT = SIZE * SIZE;

/** @type {Settings} */
export const SETTINGS = { radius: 4, learningRate: 0.003, threshold: 0.5, correction: false, formula: "" };

/** @param {Settings} settings @throws {RangeError} a sentence */
function checkSettings({ radius, learningRate, threshold }) {
  const { least, most } = RADII;
  if (!(Number.isInteger(radius) && radius >= least && radius <= most))
    throw new RangeError(
      `The radius is ${radius}; it must be a whole number from ${least} to ${most}. Choose one there.`,
    );
  if (!(learningRate > 0 && learningRate <= 1))
    throw new RangeError(`The learning rate is ${learningRate}; it must be above 0, at most 1. Choose one there.`);
  if (!(threshold > 0 && threshold < 1))
    throw new RangeError(`The threshold is ${threshold}; it must be above 0 and below 1. Choose one there.`);
}

/** Networks with the same seed and problem start from the same weights and see the same images in the same order. */
export class Trainer {
  /** @type {Settings} */
  settings = SETTINGS;

  /** Loss of the last step. @type {number | null} */
  value = null;

  /** @type {OwnLoss | null} */
  own = null;

  /** @type {{step: number, logits: Float32Array[]} | null} */
  seen = null;

  /**
   * @param {WebAssembly.Module} kernels kernels.wasm
   * @param {Start} start
   * @throws {RangeError | import("./formula.js").Mistake} what is given is out of range; the formula cannot be read
   */
  constructor(
    kernels,
    { loss, problem, seed = 0, settings = {}, heldOut = 16, shown = [0, 1, 2], batch = 4, width = 8 },
  ) {
    if (!LOSSES.includes(loss)) throw new RangeError(`"${loss}" is no loss; choose from ${LOSSES.join(", ")}.`);
    if (!(heldOut >= 1 && heldOut <= 64)) throw new RangeError(`heldOut is ${heldOut}; it must be 1 to 64.`);
    if (shown.length > 8 || shown.some((i) => !(i in [...Array(heldOut)])))
      throw new RangeError(`shown is ${shown}; it must be at most 8 numbers below ${heldOut}.`);
    this.problem = checkProblem(problem);
    this.loss = loss;
    this.seed = seed;
    this.batch = batch;
    this.shown = shown;
    this.set({ formula: loss === "own" ? "ce" : "", ...settings });
    this.frequencies = frequencies(problem);
    this.heldOut = drawHeldOut(problem, heldOut);
    this.network = new Network(kernels, { objects: problem.objects.length, width, batch, seed });
  }

  get step() {
    return this.network.step;
  }

  /**
   * @param {Partial<Settings>} changes
   * @throws {RangeError | import("./formula.js").Mistake} then nothing changes
   */
  set(changes) {
    const settings = { ...this.settings, ...changes };
    checkSettings(settings);
    if (this.loss === "own" && settings.formula !== this.settings.formula) this.own = new OwnLoss(settings.formula);
    this.settings = settings;
  }

  /** To the first weights; the settings stay. */
  reset() {
    this.network.reset();
    this.value = null;
    this.seen = null;
  }

  /** @param {number} b place in the batch @param {import("./problem.js").Sample} sample */
  place(b, { image, labels }) {
    const { network } = this;
    network.setImage(b, image);
    network.labels.set(labels, b * COUNT);
    const weight = network.weight.subarray(b * COUNT, (b + 1) * COUNT);
    lossWeights(this.loss, labels, this.frequencies, this.settings.radius, weight);
  }

  /** Logits -> the loss of the batch, and its slopes. */
  objective() {
    const { network, own, loss } = this;
    return own ? own.objective(network, this.frequencies, this.settings.radius) : network.objective(loss === "dice_ce");
  }

  /**
   * One step of training.
   * @returns {number} the loss of its batch, before the step
   * @throws {import("./formula.js").Mistake} the own loss is no finite number; then nothing was learned
   */
  train() {
    const { network, problem, seed, batch } = this;
    drawBatch(problem, seed, network.step + 1, batch).forEach((sample, b) => this.place(b, sample));
    const before = network.floats(network.running, network.statistics).slice();
    network.forward({ train: true });
    try {
      this.value = this.objective();
    } catch (error) {
      network.floats(network.running, network.statistics).set(before);
      throw error;
    }
    network.backward();
    network.update(this.settings.learningRate);
    return this.value;
  }

  /**
   * Logits of images, [object][pixel] each.
   * @param {import("./problem.js").Sample[]} samples
   * @param {boolean} averaged with the averaged weights
   */
  predict(samples, averaged) {
    const { network, batch } = this;
    const length = network.objects * COUNT;
    const logits = [];
    for (let first = 0; first < samples.length; first += batch) {
      const part = samples.slice(first, first + batch);
      part.forEach(({ image }, b) => network.setImage(b, image));
      network.forward({ averaged });
      for (let b = 0; b < part.length; b++) {
        logits.push(network.logits.slice(b * length, (b + 1) * length));
      }
    }
    return logits;
  }

  /** Logits of the held-out images with the averaged weights; kept until the next step. */
  heldOutLogits() {
    if (this.seen?.step !== this.step) this.seen = { step: this.step, logits: this.predict(this.heldOut, true) };
    return this.seen.logits;
  }

  /** @param {boolean} correction @param {boolean} averaged @returns {Measures} on the held-out images */
  scores(correction = this.settings.correction, averaged = true) {
    const logits = averaged ? this.heldOutLogits() : this.predict(this.heldOut, false);
    const labels = this.heldOut.map((sample) => sample.labels);
    return measure(logits, labels, { threshold: this.settings.threshold, shift: this.shift(correction) });
  }

  /** @param {boolean} correction */
  shift(correction) {
    return correction ? priorShift(this.frequencies) : this.problem.objects.map(() => 0);
  }

  /** @returns {Picture[]} */
  pictures() {
    const { network, batch, shown } = this;
    const length = network.objects * COUNT;
    const scored = this.seen?.step === this.step ? this.seen.logits : null; // then they are known
    /** @type {Picture[]} */
    const pictures = [];
    for (let first = 0; first < shown.length; first += batch) {
      const part = shown.slice(first, first + batch);
      for (let b = 0; b < batch; b++) {
        const image = part[b] ?? part[0];
        this.place(b, this.heldOut[image]);
        if (scored) network.logits.set(scored[image], b * length);
      }
      if (!scored) network.forward({ averaged: true });
      this.objective();
      for (let b = 0; b < part.length; b++) {
        const [from, to] = [b * length, (b + 1) * length];
        const push = network.slopes.slice(from, to).map((slope) => slope * batch);
        pictures.push({ logits: network.logits.slice(from, to), push });
      }
    }
    return pictures;
  }

  /** @param {boolean} scored whether it has scores @returns {Snapshot} */
  snapshot(scored = true) {
    const { step, value, settings, loss } = this;
    const scores = scored ? this.scores() : null;
    const other = scored && loss === "bce" ? this.scores(!settings.correction) : null;
    const { correction: corrected } = settings;
    const [fingerprint, shift, pictures] = [this.network.fingerprint(), this.shift(true), this.pictures()];
    return { step, value, fingerprint, scores, other, corrected, shift, pictures };
  }

  /** All that training changes, for `restore`. */
  save() {
    return { ...this.network.save(), value: this.value };
  }

  /** @param {ReturnType<Trainer["save"]>} state of a trainer that was started alike */
  restore(state) {
    this.network.restore(state);
    this.value = state.value;
    this.seen = null;
  }
}
