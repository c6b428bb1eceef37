// A U-Net of 53 thousand weights (at width 8) in the kernels of layers.c and objective.c: forward, backward, Adam.
import { SIZE } from "./problem.js";
import { fingerprint, random } from "./random.js";

/**
 * A 3 x 3 convolution, batch norm and ReLU; offsets are in bytes.
 * @typedef {object} Layer
 * @property {number} from channels
 * @property {number} to channels
 * @property {number} side pixels
 * @property {number} weights [to][from][9], from the first parameter
 * @property {number} affine gamma[to], beta[to], from the first parameter
 * @property {number} running mean[to], variance[to], from the first statistic
 * @property {number} x input
 * @property {number} z after the convolution
 * @property {number} y after batch norm and ReLU
 * @property {number} g gradient of y, then of z
 * @property {number} used statistics of the last batch
 */
/** @typedef {{y: number, g: number}} Map a map and its gradient */
/** @typedef {{step: number, numbers: Float32Array}} State */

/** Channels from and to in units of the width, 0 for the one of the image, and how often the side was halved. */
const SHAPES = [
  ...[[0, 1, 0], [1, 1, 0], [1, 2, 1], [2, 2, 1], [2, 4, 2], [4, 4, 2], [4, 4, 3], [4, 4, 3]], // prettier-ignore
  ...[[8, 2, 2], [2, 2, 2], [4, 1, 1], [1, 1, 1], [2, 1, 0], [1, 1, 0]], // prettier-ignore
];
const PAGE = 65536; // bytes; the first is the stack of the kernels

/** Hands out memory before there is any, so that exactly as much is taken as is needed. */
class Plan {
  bytes = PAGE;

  /** @param {number} count of float32 @returns {number} offset in bytes */
  floats(count) {
    const at = this.bytes;
    this.bytes += (4 * count + 63) & ~63;
    return at;
  }
}

/** Weights, their averages and all that Adam remembers; the background's logit is 0, each object has one. */
export class Network {
  /** Steps of Adam so far. */
  step = 0;

  /** 0.9 and 0.999 to that power. */
  powers = [1, 1];

  /**
   * @param {WebAssembly.Module} kernels kernels.wasm
   * @param {{objects?: number, width?: number, batch?: number, seed?: number}} options objects: classes but for the
   * background, 1 to 7; width: channels of the first level, a multiple of 4
   */
  constructor(kernels, { objects = 1, width = 8, batch = 4, seed = 0 } = {}) {
    if (!(objects >= 1 && objects <= 7)) throw new RangeError(`objects is ${objects}; it must be 1 to 7.`);
    if (!(width >= 4 && width % 4 === 0)) throw new RangeError(`width is ${width}; it must be 4, 8, 12, ...`);
    this.objects = objects;
    this.width = width;
    this.batch = batch;
    this.seed = seed;
    const plan = new Plan();
    /** @param {number} c @param {number} side */
    const map = (c, side) => plan.floats(batch * c * (side + 2) * (side + 2) + 16);
    const channels = SHAPES.map(([from, to, level]) => ({
      from: from * width || 1,
      to: to * width,
      side: SIZE >> level,
    }));

    // one block: parameters, their averages, Adam's two moments, statistics, their averages
    this.count = channels.reduce((sum, { from, to }) => sum + 9 * from * to + 2 * to, objects * (width + 1));
    this.statistics = channels.reduce((sum, { to }) => sum + 2 * to, 0);
    const block = plan.floats(4 * this.count + 2 * this.statistics);
    this.parameters = block;
    this.averages = block + 4 * this.count;
    this.m = block + 8 * this.count;
    this.v = block + 12 * this.count;
    this.running = block + 16 * this.count;
    this.runningAverages = this.running + 4 * this.statistics;
    this.gradients = plan.floats(this.count);
    this.turned = plan.floats(9 * 8 * width * 4 * width);

    let [parameter, statistic] = [0, 0];
    /** @type {Layer[]} */
    this.layers = channels.map(({ from, to, side }) => {
      const layer = { from, to, side, weights: parameter, affine: parameter + 36 * from * to, running: statistic };
      parameter += 36 * from * to + 8 * to;
      statistic += 8 * to;
      const maps = { z: map(to, side), y: map(to, side), g: map(to, side), used: plan.floats(2 * to) };
      return { ...layer, ...maps, x: 0 };
    });
    this.head = parameter;
    this.x = map(1, SIZE);
    /** @type {Map[]} */
    this.pooled = [1, 2, 4].map((c, d) => ({ y: map(c * width, SIZE >> (d + 1)), g: map(c * width, SIZE >> (d + 1)) }));
    /** @type {Map[]} */
    this.joined = [8, 4, 2].map((c, d) => ({ y: map(c * width, SIZE >> (2 - d)), g: map(c * width, SIZE >> (2 - d)) }));
    const pixels = batch * SIZE * SIZE;
    const [z, p, gz, weight] = [objects, objects, objects, 1].map((c) => plan.floats(c * pixels));
    this.at = { z, p, gz, weight, labels: plan.floats(pixels / 4) };

    const pages = Math.ceil(plan.bytes / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { exports } = new WebAssembly.Instance(kernels, { env: { memory } });
    if (/** @type {WebAssembly.Global} */ (exports.__heap_base).value > PAGE)
      throw new Error("the kernels' stack grew");
    this.kernels = /** @type {Record<string, (...args: number[]) => number>} */ (/** @type {unknown} */ (exports));
    this.buffer = memory.buffer;
    /** Logits, probabilities and gradient of the logits, [image][object][pixel]; weight and labels, [image][pixel]. */
    this.logits = this.floats(z, objects * pixels);
    this.probabilities = this.floats(p, objects * pixels);
    this.slopes = this.floats(gz, objects * pixels);
    this.weight = this.floats(weight, pixels);
    this.labels = new Uint8Array(this.buffer, this.at.labels, pixels);
    this.all = this.floats(block, 4 * this.count + 2 * this.statistics);
    this.reset();
  }

  /** @param {number} at bytes @param {number} length */
  floats(at, length) {
    return new Float32Array(this.buffer, at, length);
  }

  /** To the first weights, which follow from the seed: uniform within 1 / sqrt(inputs), as in torch. */
  reset() {
    this.step = 0;
    this.powers = [1, 1];
    this.all.fill(0);
    const u = random(this.seed);
    /** @param {number} at @param {number} count @param {number} inputs */
    const uniform = (at, count, inputs) => {
      const values = this.floats(this.parameters + at, count);
      for (let i = 0; i < count; i++) values[i] = (2 * u() - 1) / Math.sqrt(inputs);
    };
    for (const { from, to, weights, affine, running } of this.layers) {
      uniform(weights, 9 * from * to, 9 * from);
      this.floats(this.parameters + affine, to).fill(1);
      this.floats(this.running + running + 4 * to, to).fill(1);
    }
    for (let k = 0; k < this.objects; k++) uniform(this.head + 4 * k * (this.width + 1), this.width, this.width);
    this.floats(this.averages, this.count).set(this.floats(this.parameters, this.count));
    this.floats(this.runningAverages, this.statistics).set(this.floats(this.running, this.statistics));
  }

  /** @returns {State} all that training changes; about 850 kB at width 8 */
  save() {
    return { step: this.step, numbers: this.all.slice() };
  }

  /** @param {State} state */
  restore({ step, numbers }) {
    this.all.set(numbers);
    this.step = 0;
    this.powers = [1, 1];
    while (this.step < step) this.count1();
  }

  count1() {
    this.step++;
    this.powers = [this.powers[0] * 0.9, this.powers[1] * 0.999];
  }

  /** Equal where all weights, averages and statistics are, to the last bit. */
  fingerprint() {
    return fingerprint(new Uint8Array(this.buffer, this.all.byteOffset, this.all.byteLength));
  }

  /**
   * @param {number} b place in the batch
   * @param {Float32Array} image SIZE * SIZE
   */
  setImage(b, image) {
    const side = SIZE + 2;
    const to = this.floats(this.x, this.batch * side * side);
    for (let i = 0; i < SIZE; i++)
      to.set(image.subarray(i * SIZE, (i + 1) * SIZE), b * side * side + (i + 1) * side + 1);
  }

  /**
   * @param {number} k layer
   * @param {number} x its input
   * @param {boolean} train
   * @param {boolean} averaged
   */
  runLayer(k, x, train, averaged) {
    const layer = this.layers[k];
    const { from, to, side, z, y, used } = layer;
    const parameters = averaged ? this.averages : this.parameters;
    const running = (averaged ? this.runningAverages : this.running) + layer.running;
    layer.x = x;
    this.kernels.convolve(x, parameters + layer.weights, z, from, to, side, this.batch);
    this.kernels.normalize(z, y, parameters + layer.affine, used, running, to, side, this.batch, train ? 1 : 0);
    return y;
  }

  /**
   * Images -> `logits`. In training, batch norm takes the statistics of the batch, and counts them.
   * @param {{train?: boolean, averaged?: boolean}} options averaged: with the averaged weights and statistics
   */
  forward({ train = false, averaged = false } = {}) {
    const { layers, kernels, pooled, joined, batch } = this;
    let x = this.x;
    for (let d = 0; d < 3; d++) {
      x = this.runLayer(2 * d + 1, this.runLayer(2 * d, x, train, averaged), train, averaged);
      kernels.pool(x, pooled[d].y, layers[2 * d].to, layers[2 * d].side, batch);
      x = pooled[d].y;
    }
    x = this.runLayer(7, this.runLayer(6, x, train, averaged), train, averaged);
    for (let d = 0; d < 3; d++) {
      const [low, skip] = [layers[7 + 2 * d], layers[5 - 2 * d]];
      kernels.join(x, skip.y, joined[d].y, low.to, skip.to, skip.side, batch);
      x = this.runLayer(9 + 2 * d, this.runLayer(8 + 2 * d, joined[d].y, train, averaged), train, averaged);
    }
    const head = (averaged ? this.averages : this.parameters) + this.head;
    kernels.head(x, head, this.at.z, this.width, this.objects, SIZE, batch);
  }

  /**
   * Sum of `weight` times the cross entropy of `labels`, plus 1 - soft Dice if asked: the mean over the images; and
   * its gradient -> `slopes`.
   * @param {boolean} withDice
   */
  objective(withDice) {
    const { z, labels, weight, p, gz } = this.at;
    const { objects, batch } = this;
    return this.kernels.objective(z, labels, weight, p, gz, objects, SIZE * SIZE, batch, withDice ? 1 : 0);
  }

  /** @param {number} k layer @param {number} gx where the gradient of its input goes; 0: nowhere */
  runBackward(k, gx) {
    const { from, to, side, x, z, y, g, used, weights, affine } = this.layers[k];
    const { kernels, parameters, gradients, turned, batch } = this;
    kernels.normalize_backward(z, y, g, parameters + affine, used, gradients + affine, to, side, batch);
    kernels.convolve_weights(x, g, gradients + weights, from, to, side, batch);
    if (!gx) return;
    kernels.transpose(parameters + weights, turned, from, to);
    kernels.convolve(g, turned, gx, to, from, side, batch);
  }

  /** `slopes` -> the gradient of every parameter. After `forward` in training. */
  backward() {
    const { layers, kernels, pooled, joined, batch, objects, head } = this;
    const [parameters, gradients] = [this.parameters + head, this.gradients + head];
    const last = layers[13];
    kernels.head_backward(last.y, parameters, this.at.gz, last.g, gradients, last.to, objects, SIZE, batch);
    for (let d = 2; d >= 0; d--) {
      const [low, skip] = [layers[7 + 2 * d], layers[5 - 2 * d]];
      this.runBackward(9 + 2 * d, layers[8 + 2 * d].g);
      this.runBackward(8 + 2 * d, joined[d].g);
      kernels.join_backward(joined[d].g, low.g, skip.g, low.to, skip.to, skip.side, batch);
    }
    this.runBackward(7, layers[6].g);
    this.runBackward(6, pooled[2].g);
    for (let d = 2; d >= 0; d--) {
      const { y, g, to, side } = layers[2 * d + 1];
      kernels.pool_backward(y, pooled[d].g, g, to, side, batch);
      this.runBackward(2 * d + 1, layers[2 * d].g);
      this.runBackward(2 * d, d ? pooled[d - 1].g : 0);
    }
  }

  /**
   * A step of Adam; then the averages follow: decay 0.96, less in the first steps.
   * @param {number} rate
   */
  update(rate) {
    const { kernels, parameters, averages, gradients, m, v, count } = this;
    this.count1();
    const [c1, c2] = this.powers.map((power) => 1 / (1 - power));
    kernels.adam(parameters, gradients, m, v, count, rate, c1, c2);
    const share = 1 - Math.min(0.96, (1 + this.step) / (10 + this.step));
    kernels.average(averages, parameters, count, share);
    kernels.average(this.runningAverages, this.running, this.statistics, share);
  }
}
