// What a weighting does to one image, in the numbers that sentences are made of.
import { IGNORE, within } from "./dilation.js";

/**
 * Regions are, in this order: object, rim (background within the radius of an object), far background.
 * @typedef {object} Facts
 * @property {number} radius of the rim, px
 * @property {number[]} counts pixels of each region
 * @property {number[]} shares of each region in the sum of the weights, 0 to 1
 * @property {number[]} times mean weight of a region over that in CE, 1/N; 0 where it has no pixel
 * @property {number} outside the same of background at most 1 px from an object; 0 where there is none
 * @property {number} inside the same of object pixels at most 1 px from the background
 * @property {boolean} alike whether every pixel has one and the same weight
 * @property {number} held classes that occur, background included
 */

const BESIDE = 1; // px: this near to the outline is "just" outside or inside

/**
 * @param {import("./study.js").Study} study with labels
 * @param {Float32Array} weights of every pixel
 * @param {number} radius
 * @returns {Facts}
 */
export function factsOf(study, weights, radius) {
  const { labels, near, distance, valid } = study;
  const counts = [0, 0, 0];
  const sums = [0, 0, 0];
  let [outsides, outside, insides, inside] = [0, 0, 0, 0];
  let [low, high] = [Infinity, 0];
  const toBackground = distance[0];
  for (let i = 0; i < weights.length; i++) {
    if (labels[i] === IGNORE) continue;
    const weight = weights[i];
    if (weight < low) low = weight;
    if (weight > high) high = weight;
    const region = labels[i] ? 0 : within(near[i], radius) ? 1 : 2;
    counts[region]++;
    sums[region] += weight;
    if (labels[i]) {
      if (!within(toBackground[i], BESIDE)) continue;
      insides++;
      inside += weight;
    } else if (within(near[i], BESIDE)) {
      outsides++;
      outside += weight;
    }
  }
  const total = sums[0] + sums[1] + sums[2];
  /** @param {number} sum @param {number} count */
  const times = (sum, count) => (count ? (valid * sum) / count : 0);
  return {
    radius,
    counts,
    shares: sums.map((sum) => (total > 0 ? sum / total : 0)),
    times: sums.map((sum, k) => times(sum, counts[k])),
    outside: times(outside, outsides),
    inside: times(inside, insides),
    alike: low === high,
    held: study.areas.filter((curve) => curve[0] > 0).length,
  };
}
