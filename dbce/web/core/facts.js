// What a weighting does to one image, in the numbers that sentences are made of.
import { cellOf, weightsByCell } from "./cells.js";
import { FAR, IGNORE, within } from "./dilation.js";

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

/** @typedef {ReturnType<typeof tallyOf>} Tally pixels and weights in sums from which the facts at any radius follow */

/**
 * @param {import("./study.js").Study} study with labels
 * @param {Float32Array} weights of every pixel
 */
export function tallyOf(study, weights) {
  const { labels, near, distance, valid, areas } = study;
  /** @type {Record<"counts" | "sums", Float64Array>} by distance to an object */
  const background = { counts: new Float64Array(FAR + 1), sums: new Float64Array(FAR + 1) };
  let [objects, object] = [0, 0];
  let [outsides, outside, insides, inside] = [0, 0, 0, 0];
  let [low, high] = [Infinity, 0];
  const toBackground = distance[0];
  for (let i = 0; i < weights.length; i++) {
    if (labels[i] === IGNORE) continue;
    const weight = weights[i];
    if (weight < low) low = weight;
    if (weight > high) high = weight;
    if (labels[i]) {
      objects++;
      object += weight;
      if (!within(toBackground[i], BESIDE)) continue;
      insides++;
      inside += weight;
    } else {
      background.counts[near[i]]++;
      background.sums[near[i]] += weight;
      if (!within(near[i], BESIDE)) continue;
      outsides++;
      outside += weight;
    }
  }
  const held = areas.filter((curve) => curve[0] > 0).length;
  return { valid, background, objects, object, outsides, outside, insides, inside, alike: low === high, high, held };
}

/**
 * The same of two classes and their weights, from how many pixels of each lie how far from the other: no pixel is
 * looked at.
 * @param {import("./study.js").Study} study with labels of two classes
 * @param {import("./weights.js").ClassWeights} given
 * @returns {Tally}
 */
export function tallyOfClasses(study, given) {
  const [counts, inside] = study.sumsByDistance(null);
  const sums = counts.map(() => 0);
  const by = weightsByCell(given);
  const tally = { objects: 0, object: 0, outsides: 0, outside: 0, insides: 0, inside: 0 };
  let [low, high] = [Infinity, 0];
  for (let d = 0; d <= FAR; d++) {
    const [outer, inner] = [by[cellOf(0, d)], by[cellOf(1, d)]];
    sums[d] = counts[d] * outer;
    tally.objects += inside[d];
    tally.object += inside[d] * inner;
    if (counts[d]) [low, high] = [Math.min(low, outer), Math.max(high, outer)];
    if (inside[d]) [low, high] = [Math.min(low, inner), Math.max(high, inner)];
    if (!within(d, BESIDE)) continue;
    tally.outsides += counts[d];
    tally.outside += sums[d];
    tally.insides += inside[d];
    tally.inside += inside[d] * inner;
  }
  const held = study.areas.filter((curve) => curve[0] > 0).length;
  return { valid: study.valid, background: { counts, sums }, ...tally, alike: low === high, high, held };
}

/**
 * @param {Tally} tally
 * @param {number} radius
 * @returns {Facts}
 */
export function factsAt(
  { valid, background, objects, object, outsides, outside, insides, inside, alike, held },
  radius,
) {
  const counts = [objects, 0, 0];
  const sums = [object, 0, 0];
  for (let d = 0; d <= FAR; d++) {
    const region = within(d, radius) ? 1 : 2;
    counts[region] += background.counts[d];
    sums[region] += background.sums[d];
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
    alike,
    held,
  };
}

/**
 * @param {import("./study.js").Study} study with labels
 * @param {Float32Array} weights of every pixel
 * @param {number} radius
 */
export const factsOf = (study, weights, radius) => factsAt(tallyOf(study, weights), radius);
