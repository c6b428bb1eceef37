// The tour: what each step says of the image in view, what it asks, and the answer that moving something gives.
import { factsOf } from "./facts.js";
import { dotAreas } from "./glossary.js";
import { grouped } from "./format.js";
import { factor, lies, ratio, same, share } from "./sentences.js";

/** @typedef {import("./facts.js").Facts} Facts */
/**
 * @typedef {object} Sight what a step can speak of
 * @property {any} study a Study or LabelStudy with labels
 * @property {import("./sentences.js").Nouns} nouns
 * @property {number} paper the paper's radius, px
 * @property {number} last the largest radius, px
 * @property {Record<string, string>} titles of the networks
 */
/** @typedef {{weighting: string, radius: number, threshold: number}} Settings as the visitor has moved them */
/**
 * @typedef {object} Step
 * @property {string} title
 * @property {(sight: Sight) => string} text
 * @property {(sight: Sight) => string} ask "" where there is nothing to move
 * @property {(sight: Sight, now: Settings) => string} answer "" until the question is answered by moving something
 */

const HALF = 0.5;

/** @param {Sight} sight @param {string} weighting @param {number} radius @returns {Facts} */
const facts = ({ study }, weighting, radius) => factsOf(study, study.weightMap(weighting, radius), radius);

/** @param {string} text */
const lower = (text) => text[0].toLowerCase() + text.slice(1);

/**
 * False positives in the rim.
 * @param {Sight} sight
 * @param {string} loss
 * @param {number} threshold
 * @returns {number}
 */
const red = ({ study, nouns, paper }, loss, threshold = HALF) =>
  (nouns.several ? study.compareLabels(loss, paper) : study.compare(loss, paper, threshold)).errors.rim;

/** @param {Sight} sight whether both networks that step 3 speaks of are there */
const both = ({ study }) => ["ce", "bce"].every((loss) => study.losses.includes(loss));

/** @type {WeakMap<Uint8Array, number | null>} by labels */
const levels = new WeakMap();

/**
 * Smallest radius from which on outside and inside weigh the same; null where there is none.
 * @param {Sight} sight
 */
export function levelFrom(sight) {
  const known = levels.get(sight.study.labels);
  if (known !== undefined) return known;
  const found = searchLevel(sight);
  levels.set(sight.study.labels, found);
  return found;
}

/** @param {Sight} sight */
function searchLevel(sight) {
  for (let radius = 0; radius <= sight.paper; radius++) {
    const { outside, inside } = facts(sight, "dilated", radius);
    if (outside && same(outside, inside)) return radius;
  }
  return null;
}

/**
 * The smallest object: its class, and 1/weight of its pixels at a radius.
 * @param {Sight} sight
 * @param {number} radius
 */
function smallest({ study }, radius) {
  const held = study.classes.slice(1).filter((/** @type {number} */ cls) => study.areas[cls][0]);
  const cls = held.reduce((/** @type {number} */ a, /** @type {number} */ b) =>
    study.areas[b][0] < study.areas[a][0] ? b : a,
  );
  return 1 + study.areas[cls][radius];
}

/** @type {Step[]} */
export const STEPS = [
  {
    title: "One pixel, one vote",
    text: (sight) =>
      "Plain cross entropy gives every pixel the same weight: whatever covers most of the picture owns most of the " +
      `weight. Here ${lower(lies(facts(sight, "none", sight.paper), sight.nouns))}.`,
    ask: () => "Move R. What does it change in the first bar, CE?",
    answer: ({ paper }, { radius }) =>
      radius === paper ? "" : "Only what is called rim: the weights of CE have no radius, so the ratio stays 1 : 1.",
  },
  {
    title: "Balancing raises, it does not lower",
    text: ({ nouns }) =>
      "Balanced CE weighs a pixel by 1/area of its class. No class falls below its weight in CE; a small one rises " +
      `most, and a step opens at the outline${nouns.several ? " of every organ" : ""}.`,
    ask: ({ nouns }) =>
      `Choose \u201cbalanced (image)\u201d. Which moved more: the ${nouns.object}, or what lies just outside?`,
    answer(sight, { weighting, radius }) {
      if (weighting !== "balanced") return "";
      const now = facts(sight, "balanced", radius);
      if (!now.outside || !now.inside) return "There is no outline here, so nothing moved.";
      return (
        `Just inside \u00d7${factor(now.inside)}, just outside \u00d7${factor(now.outside)}, against CE: ` +
        `outside : inside is ${ratio(now)}.`
      );
    },
  },
  {
    title: "What balancing costs",
    text(sight) {
      const start =
        "Where marking too much is cheap, a network marks too much: false positives, red, gather in the rim. ";
      if (!both(sight)) return `${start}One ${sight.nouns.seen} proves nothing; Results has the test set.`;
      const [plain, balanced] = [red(sight, "ce"), red(sight, "bce")];
      const here =
        balanced > plain
          ? `Here ${sight.titles.bce} has ${grouped(balanced)} px of them, ${sight.titles.ce} ${grouped(plain)}. `
          : `Not on this ${sight.nouns.seen}: ${sight.titles.bce} has ${grouped(balanced)} px of them, ` +
            `${sight.titles.ce} ${grouped(plain)}. `;
      return `${start}${here}One ${sight.nouns.seen} proves nothing; Results has the test set.`;
    },
    ask: (sight) =>
      !sight.nouns.several && both(sight) && red(sight, "bce") > red(sight, "ce")
        ? `Raise the threshold. When has ${sight.titles.bce} as few as ${sight.titles.ce} at 0.50?`
        : "",
    answer(sight, { threshold }) {
      if (threshold <= HALF || !STEPS[2].ask(sight)) return "";
      const [plain, now] = [red(sight, "ce"), red(sight, "bce", threshold)];
      if (now > plain) return "";
      const [before, after] = [HALF, threshold].map((t) => sight.study.compare("bce", sight.paper, t).errors.missed);
      return (
        `At ${threshold.toFixed(2)}: ${grouped(now)} px. It misses ${grouped(after)} px now, ` +
        `${grouped(before)} before.`
      );
    },
  },
  {
    title: "Dilation moves the step away",
    text: () =>
      "Dilate each class by a disk of radius R, weigh it by 1/(1 + dilated area), and give every pixel the largest " +
      "weight that reaches it. The step then lies R px from the outline.",
    ask: () => "Raise R from 0. When is outside : inside 1 : 1?",
    answer(sight, { weighting, radius }) {
      if (weighting !== "dilated" || !radius) return "";
      const now = ratio(facts(sight, "dilated", radius));
      const from = levelFrom(sight);
      if (from === null || now !== "1 : 1") return `It is ${now} at R = ${radius}, on average over the outline.`;
      if (from > radius) return `It is 1 : 1 at R = ${radius}.`;
      return `From R = ${from} on. A larger R moves the step further out: ${radius} px now.`;
    },
  },
  {
    title: "A ceiling for tiny objects",
    text({ paper }) {
      const areas = dotAreas();
      return (
        "Weights are taken per image: undilated, the pixels of a tiny object outweigh all others. The disk puts a " +
        `floor under the area, and so a ceiling over the weight: a dot of ${areas[0]} px weighs 1/${1 + areas[0]} a ` +
        `pixel at R = 0, and 1/${grouped(1 + areas[paper])} at R = ${paper}.`
      );
    },
    ask: ({ nouns, paper }) =>
      `Raise R from 0 to ${paper}. What does a pixel of the ${nouns.several ? "smallest organ" : nouns.object} weigh?`,
    answer(sight, { weighting, radius }) {
      if (weighting !== "dilated" || radius < sight.paper || !facts(sight, "none", 0).counts[0]) return "";
      const [before, now] = [0, radius].map((r) => grouped(smallest(sight, r)));
      return `W\u1d9c was 1/${before} at R = 0; at R = ${radius} it is 1/${now}.`;
    },
  },
  {
    title: "The other end of R",
    text: () =>
      "The larger the disk, the more the dilated classes overlap. Once each covers the whole picture, every pixel " +
      "weighs the same: plain cross entropy again, up to a factor.",
    ask: ({ last }) => `Raise R to ${last}. How near is the bar \u201cDilated\u201d to that of CE?`,
    answer(sight, { weighting, radius }) {
      if (weighting !== "dilated" || radius < sight.last) return "";
      const [now, plain] = ["dilated", "none"].map((key) => facts(sight, key, radius));
      const { object } = sight.nouns;
      const shares = `inside the ${object} ${share(now.shares[0])} of the weight, in CE ${share(plain.shares[0])}`;
      if (now.alike) return `There: ${shares}, and every pixel weighs the same.`;
      return `Not there yet on this ${sight.nouns.seen}: ${shares}; the disks do not cover it.`;
    },
  },
];
