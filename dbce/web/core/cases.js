// A test set, image by image: scores of every network from counts of wrong pixels, thirds by size, differences of two
// networks with bootstrap intervals over groups of images. Twin of dbce/scores/findings.py and resampling.py.
import { scoresOf } from "./metrics.js";
import { random } from "./random.js";

/**
 * @typedef {object} Counts wrong pixels of one network, image by image
 * @property {string} loss
 * @property {string} prior "trained", or "corrected"
 * @property {number[]} missed of the object
 * @property {number[]} rim false, within the radius of the object
 * @property {number[]} far false, beyond it
 */

/**
 * @typedef {object} Set as of dbce.scores.set_summary
 * @property {string[]} names
 * @property {number[]} groups the number of the group of every image: images of one are drawn together
 * @property {number[]} pixels that count
 * @property {number[]} area of the object, in pixels
 * @property {Counts[]} networks
 */

/** @typedef {{mean: number, low: number, high: number, beyond: boolean}} Interval 95 % */
/** @typedef {"dice" | "iou" | "precision" | "recall"} Score */

const DRAWS = 10000;
const MOST_DRAWN = 10000000; // groups times samples that are held at once
const FEWEST = 5; // groups, below which no interval is given

/**
 * Value below which a part of sorted values lies, interpolated as NumPy does.
 * @param {ArrayLike<number>} sorted
 * @param {number} part from 0 to 1
 */
export function quantile(sorted, part) {
  const at = part * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

export class Cases {
  /** @param {Set} set */
  constructor({ names, groups, pixels, area, networks }) {
    this.names = names;
    this.groups = groups;
    this.area = area;
    this.count = names.length;
    this.held = groups.reduce((most, group) => Math.max(most, group), -1) + 1;
    /** Whether images come in groups, such as the frames of a video. */
    this.grouped = this.held < this.count;
    /** Share of the image that is object. */
    this.share = Float64Array.from(area, (a, i) => a / Math.max(1, pixels[i]));
    const sizes = this.share.filter((size) => size > 0).sort();
    /** What parts the thirds. @type {[number, number]} */
    this.bounds = [quantile(sizes, 1 / 3), quantile(sizes, 2 / 3)];
    /** 0, 1 or 2; -1 where there is no object. */
    this.third = Int8Array.from(this.share, (size) =>
      size > 0 ? +(size > this.bounds[0]) + +(size > this.bounds[1]) : -1,
    );
    /** @type {Map<string, Counts>} */
    this.networks = new Map(networks.map((network) => [key(network.loss, network.prior), network]));
    /** @type {Map<string, Float64Array>} */
    this.known = new Map();
    /** @type {Uint16Array[] | null} how often each group is drawn, by draw */
    this.drawn = null;
    /** Bootstrap samples. */
    this.size = drawsOf(this.held);
  }

  /**
   * The counts of a network: with its class weights taken out, where that is asked for and changes it.
   * @param {string} loss
   * @param {string} prior
   * @returns {Counts}
   */
  counts(loss, prior = "trained") {
    const found = this.networks.get(key(loss, prior)) ?? this.networks.get(key(loss, "trained"));
    if (!found) throw new Error(`no network ${loss} in this set`);
    return found;
  }

  /**
   * @param {string} loss
   * @param {Score} score
   * @param {string} prior
   * @returns {Float64Array} from 0 to 1, by image
   */
  scores(loss, score, prior = "trained") {
    const name = `${key(loss, prior)} ${score}`;
    const known = this.known.get(name);
    if (known) return known;
    const { missed, rim, far } = this.counts(loss, prior);
    const values = Float64Array.from(
      this.area,
      (area, i) => scoresOf(area - missed[i], rim[i] + far[i], missed[i])[score],
    );
    this.known.set(name, values);
    return values;
  }

  /** Numbers of the images of a third, or of all. @param {number | null} third */
  within(third = null) {
    return [...this.names.keys()].filter((i) => third === null || this.third[i] === third);
  }

  /**
   * The mean over some images, and its interval: whole groups are drawn with replacement.
   * @param {ArrayLike<number>} values by image
   * @param {number[]} members numbers of images
   * @returns {Interval | null} null where there are fewer than five groups: too few to draw from
   */
  interval(values, members) {
    const { sums, counts } = this.byGroup(values, members);
    if (counts.filter((n) => n).length < FEWEST) return null;
    this.drawn ??= draws(this.held, this.size);
    const means = new Float64Array(this.size);
    let kept = 0;
    for (const drawn of this.drawn) {
      let [sum, n] = [0, 0];
      for (let g = 0; g < drawn.length; g++) {
        sum += drawn[g] * sums[g];
        n += drawn[g] * counts[g];
      }
      if (n) means[kept++] = sum / n;
    }
    const sorted = means.subarray(0, kept).sort();
    const [low, high] = [quantile(sorted, 0.025), quantile(sorted, 0.975)];
    return { mean: mean(values, members), low, high, beyond: low > 0 || high < 0 };
  }

  /**
   * The group without which a mean falls to less than half of what it is, or changes its sign; -1 where there is none.
   * @param {ArrayLike<number>} values by image
   * @param {number[]} members numbers of images
   * @returns {{group: number, without: number}} and the mean without it
   */
  leansOn(values, members) {
    const { sums, counts } = this.byGroup(values, members);
    const [sum, n] = [sums.reduce((a, b) => a + b, 0), members.length];
    const whole = sum / n;
    let [group, without] = [-1, whole];
    for (let g = 0; g < this.held; g++) {
      if (!counts[g] || counts[g] === n) continue;
      const rest = (sum - sums[g]) / (n - counts[g]);
      if (rest / whole < 0.5 && rest / whole < without / whole) [group, without] = [g, rest];
    }
    return { group, without };
  }

  /** @param {ArrayLike<number>} values @param {number[]} members */
  byGroup(values, members) {
    const [sums, counts] = [new Float64Array(this.held), new Float64Array(this.held)];
    for (const i of members) {
      sums[this.groups[i]] += values[i];
      counts[this.groups[i]]++;
    }
    return { sums, counts };
  }
}

/** @param {string} loss @param {string} prior */
const key = (loss, prior) => `${loss} ${prior}`;

/** @param {ArrayLike<number>} values @param {number[]} members */
export const mean = (values, members) => members.reduce((sum, i) => sum + values[i], 0) / members.length;

/** Bootstrap samples of so many groups. Twin of draws_of in dbce/scores/resampling.py. @param {number} groups */
export const drawsOf = (groups) => Math.min(DRAWS, Math.max(1000, Math.floor(MOST_DRAWN / Math.max(1, groups))));

/**
 * How often each of some groups is drawn, sample by sample. Twin of page_draws in dbce/scores/resampling.py.
 * @param {number} groups
 * @param {number} size samples
 */
export function draws(groups, size) {
  const next = random(0);
  return Array.from({ length: size }, () => {
    const drawn = new Uint16Array(groups);
    for (let k = 0; k < groups; k++) drawn[Math.floor(next() * groups)]++;
    return drawn;
  });
}
