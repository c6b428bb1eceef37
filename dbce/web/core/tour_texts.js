// The tour: what each step says of the image in view, what it asks, and the answer that moving something gives.
import { grouped } from "./format.js";
import { dotAreas } from "./glossary.js";
import { factor, lies, ratio, share } from "./sentences.js";
import {
  bestThreshold,
  facts,
  foretold,
  gap,
  HALF,
  has,
  levelFrom,
  measuredRim,
  needsNoRepair,
  push,
  repair,
  rimHere,
  rimOfThreshold,
  smallest,
  SWEEP,
  swings,
  wrong,
} from "./tour_numbers.js";

/** @typedef {import("./tour_numbers.js").Sight} Sight */
/** @typedef {import("./tour_numbers.js").Settings} Settings */
/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} title
 * @property {(sight: Sight) => boolean} [bears] whether the networks and what was measured of them bear it; always
 * @property {(sight: Sight) => string} text
 * @property {(sight: Sight) => string} ask
 * @property {(sight: Sight, now: Settings) => string} answer "" until the question is answered by moving something
 */

const LEARNT = 60; // steps in the lab, from which the order tells something
const NO_OUTLINE = "There is no outline here, so nothing moved.";

/** @param {string} name "Balanced CE" -> "Balanced CE\u2019s" */
const of = (name) => `${name}\u2019s`;

/** @param {number} v points, with a true minus */
const points = (v) => (Math.abs(v) < 0.05 ? 0 : v).toFixed(1).replace("-", "\u2212");

/** @param {number} from @param {Settings} now whether the threshold was moved up to there, or the prior corrected */
const raised = (from, { threshold, prior }) => threshold >= (prior === "corrected" ? HALF : from);

/** @param {Settings} now */
const where = ({ threshold, prior }) =>
  `${prior === "corrected" ? "Prior corrected, at" : "At"} ${threshold.toFixed(2)}`;

/** @type {Step[]} */
export const STEPS = [
  {
    name: "vote",
    title: "One pixel, one vote",
    text: () =>
      "Plain cross entropy gives every pixel the same weight. Whatever covers most of the picture owns most of the " +
      "weight.",
    ask: ({ nouns }) => `How much of it do${nouns.several ? "" : "es"} the ${nouns.object} own? Set your guess.`,
    answer(sight, { guess }) {
      if (guess === null) return "";
      const plain = facts(sight, "none", sight.paper);
      return `You said ${guess} %; it is ${share(plain.shares[0])}. ${lies(plain, sight.nouns)}.`;
    },
  },
  {
    name: "raise",
    title: "Balancing raises, it does not lower",
    text: ({ nouns }) =>
      "Balanced CE weighs a pixel by 1/area of its class. No class falls below its weight in CE; a small one rises " +
      `most, and a step opens at the outline${nouns.several ? " of every organ" : ""}.`,
    ask: ({ nouns }) =>
      `Choose \u201cbalanced (image)\u201d. Which moved more: the ${nouns.object}, or what lies just outside?`,
    answer(sight, { weighting, radius }) {
      if (weighting !== "balanced") return "";
      const now = facts(sight, "balanced", radius);
      if (!now.outside || !now.inside) return NO_OUTLINE;
      return (
        `Just inside \u00d7${factor(now.inside)}, just outside \u00d7${factor(now.outside)}, against CE: ` +
        `outside : inside is ${ratio(now)}.`
      );
    },
  },
  {
    name: "push",
    title: "What the optimiser sees",
    bears: ({ nouns }) => !nouns.several,
    text: ({ colours: { up, down } }) =>
      `Training follows the gradient M(p \u2212 y), not the loss map. ${up} pushes a pixel\u2019s probability up, ` +
      `${down.toLowerCase()} pushes it down, and no pixel pushes harder than its weight M.`,
    ask: () => "Switch to \u201cgradient\u201d. Which colour lies inside the outline?",
    answer(sight, now) {
      if (now.map !== "gradient") return "";
      const pushes = push(sight, now);
      if (!pushes) return "None: this network is right and sure at every pixel, so nothing pushes.";
      if (!facts(sight, "none", 0).counts[0]) return "No pixel here is an object, so all of the push is down.";
      return (
        `${sight.colours.up}, always: y is 1 there, so p \u2212 y is below 0. Of the whole push, ${share(pushes.up)} ` +
        `is up and ${share(pushes.down)} down.`
      );
    },
  },
  {
    name: "rim",
    title: "A rim made by a threshold",
    bears: rimOfThreshold,
    text(sight) {
      const { before, after, plain } = measuredRim(sight);
      const { titles, calibration } = sight;
      return (
        `Class weights shift the logit to be learnt by log(w\u2081/w\u2080). ${of(titles.bce)} even odds lie not at ` +
        `one half but near w\u2081/(w\u2080 + w\u2081) = ${foretold(sight).toFixed(2)}: there its red rim on ` +
        `${calibration.test_data} falls from ${before.toFixed(1)} to ${after.toFixed(1)} % of the object. ` +
        `${titles.ce} has ${plain.toFixed(1)} %.`
      );
    },
    ask(sight) {
      const { ce, bce } = sight.titles;
      const here = rimHere(sight);
      if (here === "more") return `Raise the threshold. When has ${bce} as little red rim as ${ce} at 0.50?`;
      const [plain, balanced] = ["ce", "bce"].map((loss) => grouped(wrong(sight, loss).rim));
      const raise = `Raise the threshold to ${foretold(sight).toFixed(2)}: what is left of it?`;
      if (here === "stuck") return `Here ${bce} has ${balanced} px of red rim, ${ce} ${plain}. ${raise}`;
      return `Not on this ${sight.nouns.seen}: ${bce} has ${balanced} px of red rim, ${ce} ${plain}. ${raise}`;
    },
    answer(sight, now) {
      const { threshold, prior } = now;
      const [before, after] = [wrong(sight, "bce"), wrong(sight, "bce", threshold, prior)];
      if (rimHere(sight) !== "more") {
        if (!raised(+foretold(sight).toFixed(2), now)) return "";
      } else if (!raised(HALF, now) || after.rim > wrong(sight, "ce").rim) return "";
      const [rim, rimBefore, missed, missedBefore] = [after.rim, before.rim, after.missed, before.missed].map(grouped);
      return (
        `${where(now)}: ${rim} px, ${rimBefore} before; it misses ${missed} px, ${missedBefore} before. ` +
        `The prior alone foretold ${foretold(sight).toFixed(2)}.`
      );
    },
  },
  {
    name: "cost",
    title: "What balancing costs",
    bears: (sight) => sight.nouns.several && has(sight, "ce", "bce", sight.method),
    text(sight) {
      const { titles, nouns } = sight;
      const [plain, balanced] = ["ce", "bce"].map((loss) => wrong(sight, loss).rim);
      const here = `${titles.bce} has ${grouped(balanced)} px of them, ${titles.ce} ${grouped(plain)}`;
      return (
        "Where marking too much is cheap, a network marks too much: wrong pixels, red, gather in the rim. " +
        `${balanced > plain ? "Here" : `Not on this ${nouns.seen}:`} ${here}. One ${nouns.seen} proves nothing; ` +
        "Results has the test set."
      );
    },
    ask: ({ titles, method }) => `Show ${titles[method]} too, under Networks. How many has it in the rim?`,
    answer(sight, { shown }) {
      const { method, titles } = sight;
      if (!shown.includes(method)) return "";
      const [ours, plain, balanced] = [method, "ce", "bce"].map((loss) => grouped(wrong(sight, loss).rim));
      return `${titles[method]} has ${ours} px, ${titles.ce} ${plain}, ${titles.bce} ${balanced}.`;
    },
  },
  {
    name: "away",
    title: "Dilation moves the step away",
    text: () =>
      "Dilate each class by a disk of radius R, weigh it by 1/(1 + dilated area), and give every pixel the largest " +
      "weight that reaches it. The step then lies R px from the outline.",
    ask: () => "Raise R from 0. When is outside : inside 1 : 1?",
    answer(sight, { weighting, radius }) {
      if (weighting !== "dilated" || !radius) return "";
      const now = ratio(facts(sight, "dilated", radius));
      const from = levelFrom(sight);
      if (now === "\u2013") return "There is no outline here, so there is no such ratio.";
      if (from === null || now !== "1 : 1") return `It is ${now} at R = ${radius}, on average over the outline.`;
      if (from > radius) return `It is 1 : 1 at R = ${radius}.`;
      return `From R = ${from} on. A larger R moves the step further out: ${radius} px now.`;
    },
  },
  {
    name: "ceiling",
    title: "A ceiling for tiny objects",
    text({ paper }) {
      const areas = dotAreas();
      return (
        "Weights are taken per image: undilated, a tiny object\u2019s pixels outweigh all others. The disk puts a " +
        "floor under the area, and so a ceiling over the weight: a pixel of a dot of " +
        `${areas[0]} px weighs 1/${1 + areas[0]} at R = 0, and 1/${grouped(1 + areas[paper])} at R = ${paper}.`
      );
    },
    ask: ({ nouns, paper }) =>
      `Raise R from 0 to ${paper}. What does a pixel of the ${nouns.several ? "smallest organ" : nouns.object} weigh?`,
    answer(sight, { weighting, radius }) {
      if (weighting !== "dilated" || radius < sight.paper) return "";
      if (!facts(sight, "none", 0).counts[0]) return "No pixel here is an object: there is none to weigh.";
      const [before, now] = [0, radius].map((r) => grouped(smallest(sight, r)));
      return `W\u1d9c was 1/${before} at R = 0; at R = ${radius} it is 1/${now}.`;
    },
  },
  {
    name: "end",
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
  {
    name: "honest",
    title: "What dilation leaves you with",
    bears: needsNoRepair,
    text(sight) {
      const { titles, method, calibration } = sight;
      const [difference, low, high] = /** @type {number[]} */ (repair(sight)).map(points);
      return (
        `With its prior taken out, ${titles.bce} is not to be told from ${titles.ce} on ${calibration.test_data}: ` +
        `${difference} points of Dice, 95 % ${low} to ${high}. ${titles[method]} needs no repair: its best threshold ` +
        `there, ${bestThreshold(sight).toFixed(2)}, lies near one half.`
      );
    },
    ask: () =>
      `Move the threshold to ${SWEEP.map((end) => end.toFixed(2)).join(" and to ")}. Whose Dice moves least here, ` +
      "and are its probabilities the most honest?",
    answer(sight, { swept, prior }) {
      if (swept[0] > SWEEP[0] || swept[1] < SWEEP[1]) return "";
      const moved = swings(sight, prior);
      const gaps = new Map([...moved.keys()].map((loss) => [loss, gap(sight, loss, prior)]));
      const [steady, honest] = [moved, gaps].map(leastOf);
      const [first, best] = [steady, honest].map((losses) => losses.map((loss) => sight.titles[loss]).join(" and "));
      const by = `by ${points(Math.min(...moved.values()))} points`;
      const [own, least] = [gaps.get(steady[0]) ?? NaN, Math.min(...gaps.values())].map(points);
      const diagonal = `gap to the diagonal on ${sight.calibration.test_data}`;
      const tie = `${steady.length} of ${moved.size} alike, ${by}.`;
      if (steady.length > 1) return `${tie} The smallest ${diagonal}, ${least} points, is ${of(best)}.`;
      if (first === best) return `${first}, ${by}. Its ${diagonal}, ${own} points, is the smallest too.`;
      return `${first}, ${by}. Yet its ${diagonal} is ${own} points; the smallest, ${least}, is ${of(best)}.`;
    },
  },
  {
    name: "lab",
    title: "Watch them learn",
    text: () =>
      "Four small U-Nets, alike in all but the loss, learn here in your browser: the same first weights, the same " +
      "images in the same order. Two needles fill 1 % of each. White is found, the colours are errors.",
    ask: () => "Let them learn to step 60: Play, if they rest. Which network marks most that is wrong?",
    answer({ lab: { frame, titles } }) {
      if (!frame || frame.step < LEARNT || frame.scores.size < 2) return "";
      const { step, scores } = frame;
      const precision = new Map([...scores].map(([loss, of]) => [loss, Math.round(100 * of.precision)]));
      const names = leastOf(precision);
      const head = `At step ${step} the lowest precision, ${Math.min(...precision.values())} %, is that of `;
      const recall = Math.round(100 * (scores.get(names[0])?.recall ?? NaN));
      const finds = names.length > 1 ? "" : `; its recall is ${recall} %`;
      return `${head}${names.map((loss) => titles[loss]).join(" and ")}${finds}.`;
    },
  },
];

/**
 * Who has the least value as it is printed: more than one where they tie.
 * @param {Map<string, number>} values
 */
function leastOf(values) {
  const least = points(Math.min(...values.values()));
  return [...values.keys()].filter((loss) => points(/** @type {number} */ (values.get(loss))) === least);
}

/** The steps that a page's networks and measurements bear. @param {Sight} sight */
export const stepsFor = (sight) => STEPS.filter(({ bears }) => !bears || bears(sight));
