// What is said below the bars: sentences that follow the numbers, whatever the weighting, the radius and the image.
import { digits, grouped } from "./format.js";

/** @typedef {import("./facts.js").Facts} Facts */
/**
 * @typedef {object} Nouns
 * @property {string} object what the foreground is: "polyp", "organs"
 * @property {string} seen what is looked at: "image", "slice"
 * @property {boolean} several whether there are several classes beside the background
 */
/**
 * @typedef {object} Weighing what is drawn
 * @property {string} key of the weighting
 * @property {boolean} hasRadius
 * @property {number} [inSet] share of the objects in the data set, of a weighting that balances by it
 */
/** @typedef {{title: string, who?: string, shares: number[]}} LossShares where a network's weighted loss falls */

/** A network in words. @param {string} title of its loss */
export const trained = (title) => `the network trained with ${title}`;

/** From which share on a word is used. */
export const WORDS = /** @type {[number, string][]} */ ([
  [1, "All"],
  [0.9, "Nearly all"],
  [0.55, "Most"],
  [0.45, "About half"],
  [0, "The largest part"],
]);

/** From which share of the weight on U-Net's border term is told. */
export const TOLD = 0.0005;

/** Up to which relative difference two weights are called the same. */
export const SAME = 0.005;

/** From which factor against the region that gains least on a region is said to gain. */
export const GAIN = 1.05;

/** @param {number} share @param {boolean} whole whether nothing at all lies elsewhere */
export const word = (share, whole) =>
  WORDS.slice(whole ? 0 : 1).find(([least]) => whole || share >= least)?.[1] ?? WORDS[0][1];

/**
 * A share in percent: one decimal below 10 %, none above.
 * @param {number} v
 */
export function share(v) {
  const p = 100 * v;
  if (v > 0 && p < 0.1) return "<\u20090.1 %";
  if (v < 1 && p > 99) return p > 99.9 ? ">\u200999.9 %" : `${p.toFixed(1)} %`;
  return `${p.toFixed(v > 0 && p < 9.95 ? 1 : 0)} %`;
}

/**
 * A factor: two decimals below 2, one below 10, none above.
 * @param {number} v
 */
export const factor = (v) =>
  v < 0.1 ? digits(v) : v < 1.995 ? v.toFixed(2) : v < 9.95 ? v.toFixed(1) : grouped(Math.round(v));

/** @param {number} a @param {number} b */
export const same = (a, b) => Math.abs(a - b) <= SAME * Math.max(a, b);

/**
 * Weight just outside the outline to weight just inside: "1 : 9.2"; "\u2013" where there is no outline.
 * @param {Facts} facts
 */
export function ratio({ outside, inside }) {
  if (!outside || !inside) return "\u2013";
  if (same(outside, inside)) return "1 : 1";
  return inside > outside ? `1 : ${factor(inside / outside)}` : `${factor(outside / inside)} : 1`;
}

/** @param {Nouns} nouns */
const regions = ({ object }) => [`inside the ${object}`, "in the rim", `on background far from the ${object}`];

/**
 * Where the outline is, and what it does to the weight.
 * @param {Facts} facts
 * @param {Weighing} weighing
 * @param {Nouns} nouns
 */
export function aboutOutline({ radius, counts, times, outside, inside, alike }, { hasRadius }, { object, several }) {
  if (!counts[0]) return "No pixel here is an object: there is no outline.";
  if (!counts[1] && !counts[2]) return "Every pixel here is an object: there is no outline.";
  if (!outside || !inside) return "Right beside the outline no pixel counts.";
  const start = `${several ? "On average a" : "A"} pixel just outside the ${object} weighs`;
  const level = same(outside, inside);
  const q = inside / outside;
  const than = level ? "as much as" : q > 1 ? `1/${factor(q)} of` : `${factor(1 / q)} times`;
  return `${start} ${than} one just inside${tail()}.`;

  function tail() {
    const dilated = hasRadius && radius > 0;
    if (!dilated && !level) return q > 1 ? ": there, marking too much is cheap" : ": there, missing is cheap";
    if (!dilated && alike) return ": this loss knows no outline";
    if (dilated && alike) return "; the disk covers everything, no step is left";
    if (dilated && counts[2] && outside > times[2] && !same(outside, times[2]))
      return `; beyond ${radius} px the weight falls to 1/${factor(outside / times[2])} of that`;
    return "";
  }
}

/**
 * Which region holds most of the weight.
 * @param {Facts} facts
 * @param {Nouns} nouns
 */
export function lies({ shares }, nouns) {
  const most = shares.indexOf(Math.max(...shares));
  const whole = shares.every((part, k) => k === most || part === 0);
  return `${word(shares[most], whole)} of the weight (${share(shares[most])}) lies ${regions(nouns)[most]}`;
}

/**
 * What a pixel of each region weighs, CE being 1.
 * @param {Facts} facts
 * @param {Nouns} nouns
 */
export function against({ counts, times, alike }, { object }) {
  if (alike && same(times.find((v) => v > 0) ?? 1, 1)) return "Every pixel weighs as much as in plain CE.";
  if (alike) return `Every pixel weighs alike: plain CE, times ${factor(Math.max(...times))}.`;
  const places = [`a pixel inside the ${object}`, "one in the rim", "one far away"];
  const said = places.map((place, k) => counts[k] && `${place} \u00d7${factor(times[k])}`).filter(Boolean);
  const held = times.filter((_, k) => counts[k]);
  const least = Math.min(...held);
  const gain = [times[0] > GAIN * least && `the ${object}`, times[1] > GAIN * least && "the rim"].filter(Boolean);
  const rises = gain.length ? `, ${gain.join(" and ")} gain${gain.length > 1 || object.endsWith("s") ? "" : "s"}` : "";
  const loses = least >= 1 - SAME ? `: nothing loses weight${rises}` : ": some pixels lose weight";
  return `Against CE, ${said.join(", ")}${loses}.`;
}

/**
 * What is peculiar to a weighting at these numbers.
 * @param {Facts} facts
 * @param {Weighing} weighing
 * @param {Nouns} nouns
 */
export function peculiar(facts, { key, hasRadius, inSet }, nouns) {
  const { radius, counts, shares, alike, held } = facts;
  const all = counts[0] + counts[1] + counts[2];
  if (key === "none")
    return `${lies(facts, nouns)}, as ${share(shares[shares.indexOf(Math.max(...shares))])} of the pixels do.`;
  if (hasRadius && !radius) return "R = 0 dilates nothing: no rim, and balanced (image) but for the \u201c1 +\u201d.";
  if (key === "balanced" && held > 1 && nouns.several)
    return (
      `Each of the ${held} classes in this ${nouns.seen} holds as much as any other: the ${nouns.object} ` +
      `hold ${share(shares[0])} together.`
    );
  if (key === "balanced" && held > 1) return `The ${nouns.object} and the background hold half of the weight each.`;
  if (inSet !== undefined && held > 1)
    return nouns.several
      ? `By frequencies of the data set, not of this ${nouns.seen}: the ${nouns.object} are ` +
          `${share(counts[0] / all)} of its pixels and hold ${share(shares[0])} of the weight.`
      : `A ${nouns.object} of ${share(inSet)} of the ${nouns.seen}, its part in the data set, would hold half of the ` +
          `weight; this one of ${share(counts[0] / all)} holds ${share(shares[0])}.`;
  if (key === "unet" && held) return border(facts, nouns);
  if (alike || !counts[1]) return `${lies(facts, nouns)}.`;
  return `The rim is ${share(counts[1] / all)} of the pixels and holds ${share(shares[1])} of the weight.`;
}

/**
 * What U-Net's border term has of the weight; that of the classes sums to one for each.
 * @param {Facts} facts
 * @param {Nouns} nouns
 */
function border({ counts, times, held }, { several }) {
  const all = counts[0] + counts[1] + counts[2];
  const total = times.reduce((sum, v, k) => sum + (v * counts[k]) / all, 0);
  const part = 1 - held / total;
  if (part >= TOLD)
    return `Two objects lie close together: U-Net\u2019s border term holds ${share(part)} of the weight.`;
  const lone = several ? "no two objects" : "no two parts of it";
  return `U-Net\u2019s border term has nothing to add, for ${lone} lie close together: this is balanced (image).`;
}

/**
 * Where a weighted loss falls.
 * @param {LossShares} loss
 * @param {Facts} facts
 * @param {Nouns} nouns
 */
export function falls({ title, who = trained(title), shares }, { counts }, nouns) {
  const places = regions(nouns).map((place, k) => counts[k] && `${share(shares[k])} falls ${place}`);
  return `Of the weighted loss of ${who}, ${places.filter(Boolean).join(", ")}.`;
}

/**
 * All that is said of a state.
 * @param {Facts} facts
 * @param {Weighing} weighing
 * @param {Nouns} nouns
 * @param {LossShares | null} loss where the bars show the loss of a network
 */
export const moral = (facts, weighing, nouns, loss = null) =>
  [
    aboutOutline(facts, weighing, nouns),
    weighing.key === "none" ? "" : against(facts, nouns),
    loss ? falls(loss, facts, nouns) : peculiar(facts, weighing, nouns),
  ]
    .filter(Boolean)
    .join(" ");

/**
 * Who has the highest Dice on this image, and that this proves nothing.
 * @param {Record<string, number | undefined>} dice by network
 * @param {Record<string, string>} titles
 * @param {string} method key of the paper's own
 * @param {string} seen "image" or "slice"
 * @param {string} [nothing] that it proves nothing
 */
export function oneImage(
  dice,
  titles,
  method,
  seen,
  nothing = `One ${seen} proves nothing: the test set is under Results.`,
) {
  /** @param {string} key */
  const at = (key) => (100 * (dice[key] ?? NaN)).toFixed(1);
  const measured = Object.keys(dice).filter((key) => dice[key] !== undefined);
  const top = Math.max(...measured.map((key) => +at(key)));
  const best = measured.filter((key) => +at(key) === top);
  if (measured.length < 2 || !(top > 0)) return nothing;
  if (best.length > 1)
    return (
      `On this ${seen} ${best.map((key) => titles[key]).join(" and ")} have the same highest Dice, ` +
      `${at(best[0])} %. ${nothing}`
    );
  const counter = measured.includes(method) && best[0] !== method;
  const said = counter
    ? `A counterexample: on this ${seen} ${titles[best[0]]} has the highest Dice, ${at(best[0])} %, ` +
      `${titles[method]} has ${at(method)} %.`
    : `On this ${seen} ${titles[best[0]]} has the highest Dice, ${at(best[0])} %.`;
  return `${said} ${nothing}`;
}
