// The problems that the networks learn: drawn images of 64 x 64 px that follow from a seed alone.
import { exp } from "./arithmetic.js";
import { mixed, normal, random } from "./random.js";

/** @typedef {import("./random.js").Random} Random */
/**
 * Objects of one class; label k + 1 for the k-th of a problem.
 * @typedef {object} Objects
 * @property {number} share of the image that they cover together, on average, in (0, 0.3]
 * @property {number} count how many, 1 to 8
 * @property {number} brightness of their own, 1 in problems of one class
 */
/**
 * @typedef {object} Problem
 * @property {Objects[]} objects one entry a class, at most 7
 * @property {number} contrast of everything drawn, above 0, up to 3
 * @property {number} softness standard deviation of the blur of edges in pixels, 0 to 6
 * @property {{count: number, brightness: number}} decoys of the first class's size, labelled background; 0 to 12
 * @property {number} noise 0 to 3
 */
/** @typedef {{image: Float32Array, labels: Uint8Array}} Sample SIZE * SIZE each */

/** Pixels a side. */
export const SIZE = 64;

const COUNT = SIZE * SIZE;

/**
 * @param {Problem} problem as it may come from an address
 * @returns {Problem} the same
 * @throws {RangeError} a sentence that names what is out of range
 */
export function checkProblem(problem) {
  const { objects, contrast, softness, decoys, noise } = problem;
  /** @type {[string, number, number, number, boolean?][]} name, value, least, most, whether whole */
  const rules = [
    ["the number of classes of objects", objects.length, 1, 7, true],
    ...objects.flatMap(
      /** @returns {[string, number, number, number, boolean?][]} */ ({ share, count, brightness }) => [
        ["the share of the image", share, 0.001, 0.3],
        ["the number of objects", count, 1, 8, true],
        ["the brightness of objects", brightness, 0.1, 3],
      ],
    ),
    ["contrast", contrast, 0.05, 3],
    ["softness", softness, 0, 6],
    ["the number of decoys", decoys.count, 0, 12, true],
    ["the brightness of decoys", decoys.brightness, 0, 3],
    ["noise", noise, 0, 3],
  ];
  for (const [name, value, least, most, whole] of rules)
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value)))
      throw new RangeError(
        `${name} is ${value}; it must be a ${whole ? "whole " : ""}number from ${least} to ${most}. Choose one there.`,
      );
  return problem;
}

/**
 * Ellipses that keep apart where there is room: those of every class, then the decoys.
 * @param {Random} u
 * @param {Problem} problem
 * @returns {{labels: Uint8Array, field: Float32Array}} field: brightness before blur and noise
 */
function drawShapes(u, { objects, decoys }) {
  const labels = new Uint8Array(COUNT);
  const field = new Float32Array(COUNT);
  /** @type {[number, number, number][]} x, y, radius */
  const taken = [];
  /** @param {number} radius @param {number} brightness @param {number} label */
  const shape = (radius, brightness, label) => {
    const flatness = Math.sqrt(0.6 + 0.4 * u()); // the ratio of the axes is its square
    const [a, b] = [(0.95 * radius) / flatness, 0.95 * radius * flatness];
    const [cos, sin] = direction(u);
    let [cx, cy] = [0, 0];
    for (let attempt = 0; attempt < 30; attempt++) {
      cx = a * 0.7 + u() * (SIZE - 1.4 * a);
      cy = a * 0.7 + u() * (SIZE - 1.4 * a);
      const apart = (/** @type {number[]} */ [x, y, r]) =>
        (x - cx) * (x - cx) + (y - cy) * (y - cy) > (r + a + 3) * (r + a + 3);
      if (taken.every(apart)) break;
    }
    taken.push([cx, cy, a]);
    const [top, bottom] = [Math.max(0, Math.floor(cy - a)), Math.min(SIZE - 1, Math.ceil(cy + a))]; // a is above b
    const [left, right] = [Math.max(0, Math.floor(cx - a)), Math.min(SIZE - 1, Math.ceil(cx + a))];
    for (let i = top; i <= bottom; i++)
      for (let j = left, at = i * SIZE + left; j <= right; j++, at++) {
        const along = ((j - cx) * cos + (i - cy) * sin) / a;
        const across = ((i - cy) * cos - (j - cx) * sin) / b;
        if (along * along + across * across > 1) continue;
        if (label) labels[at] = label;
        field[at] = label ? brightness : Math.max(field[at], brightness);
      }
  };
  /** @param {Objects} kind */
  const size = ({ share, count }) => Math.sqrt((share * COUNT) / count / (3.14159 * 0.78));
  objects.forEach((kind, k) => {
    for (let i = 0; i < kind.count; i++) shape(size(kind) * (0.7 + 0.6 * u()), kind.brightness, k + 1);
  });
  for (let i = 0; i < decoys.count; i++) shape(Math.max(2, size(objects[0]) * (0.6 + 0.5 * u())), decoys.brightness, 0);
  return { labels, field };
}

/**
 * Cosine and sine of a random direction, without either.
 * @param {Random} u
 */
function direction(u) {
  for (;;) {
    const [a, b] = [2 * u() - 1, 2 * u() - 1];
    const square = a * a + b * b;
    if (square > 1e-3 && square <= 1) return [a / Math.sqrt(square), b / Math.sqrt(square)];
  }
}

/**
 * @param {Random} u
 * @param {Problem} problem
 * @returns {Sample}
 */
export function drawSample(u, problem) {
  const { labels, field } = drawShapes(u, problem);
  const image = blur(field, problem.softness);
  for (let i = 0; i < COUNT; i++) image[i] *= problem.contrast;
  addClouds(u, image, 8, 0.35 * problem.noise);
  addClouds(u, image, 16, 0.25 * problem.noise);
  for (let i = 0; i < COUNT; i++) image[i] += 0.28 * problem.noise * normal(u);
  return { image, labels };
}

/**
 * Gaussian blur, mirrored at the border.
 * @param {Float32Array} field
 * @param {number} deviation in pixels; below 0.3 nothing changes
 */
function blur(field, deviation) {
  if (deviation < 0.3) return field.slice();
  const reach = Math.ceil(3 * deviation);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, k) =>
    exp((-(k - reach) * (k - reach)) / (2 * deviation * deviation)),
  );
  const total = kernel.reduce((sum, k) => sum + k, 0);
  const mirrored = Int32Array.from({ length: SIZE + 2 * reach }, (_, k) =>
    k < reach ? reach - k : k < SIZE + reach ? k - reach : 2 * SIZE - 2 - (k - reach),
  );
  /** @param {Float32Array} from @param {number} step @param {number} line */
  const along = (from, step, line) => {
    const to = new Float32Array(COUNT);
    const places = mirrored.map((i) => i * step);
    for (let l = 0; l < SIZE; l++)
      for (let i = 0; i < SIZE; i++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) sum += kernel[k] * from[l * line + places[i + k]];
        to[l * line + i * step] = sum / total;
      }
    return to;
  };
  return along(along(field, 1, SIZE), SIZE, 1);
}

/**
 * Noise on a coarse grid, linear in between.
 * @param {Random} u
 * @param {Float32Array} image changed
 * @param {number} grain pixels a cell
 * @param {number} strength
 */
function addClouds(u, image, grain, strength) {
  const cells = SIZE / grain;
  const grid = Float32Array.from({ length: cells * cells }, () => normal(u));
  const place = Float64Array.from({ length: SIZE }, (_, i) =>
    Math.max(0, Math.min(cells - 1, (i + 0.5) / grain - 0.5)),
  );
  const cell = Int32Array.from(place, (at) => Math.min(cells - 2, Math.floor(at)));
  for (let i = 0, at = 0; i < SIZE; i++)
    for (let j = 0; j < SIZE; j++, at++) {
      const [y, x] = [cell[i], cell[j]];
      const [down, right, g] = [place[i] - y, place[j] - x, y * cells + x];
      const upper = (1 - right) * grid[g] + right * grid[g + 1];
      const lower = (1 - right) * grid[g + cells] + right * grid[g + cells + 1];
      image[at] += strength * ((1 - down) * upper + down * lower);
    }
}

/**
 * The images of one step of training: the same for every loss.
 * @param {Problem} problem
 * @param {number} seed
 * @param {number} step from 1
 * @param {number} count
 */
export function drawBatch(problem, seed, step, count) {
  const u = random(mixed(1, seed, step));
  return Array.from({ length: count }, () => drawSample(u, problem));
}

/**
 * The images on which networks are scored, never those of training; they do not depend on the seed of a run.
 * @param {Problem} problem
 * @param {number} count
 */
export const drawHeldOut = (problem, count) =>
  Array.from({ length: count }, (_, i) => drawSample(random(mixed(2, i)), problem));

/**
 * Share of every class, the background first, in 256 label maps of their own: what Eq. 1 calls class frequency.
 * @param {Problem} problem
 */
export function frequencies(problem) {
  const counts = new Float64Array(problem.objects.length + 1);
  for (let i = 0; i < 256; i++) for (const label of drawShapes(random(mixed(3, i)), problem).labels) counts[label]++;
  return Array.from(counts, (count) => count / (256 * COUNT));
}
