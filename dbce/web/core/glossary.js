// Every term of the page, explained once.
import { areaCurve, distanceField } from "./dilation.js";
import { grouped } from "./format.js";

const SIDE = 320; // px, on which the paper works
const DOT = 2; // px: a disk of this radius has 13 pixels

/**
 * Pixels of a dot alone in an image, dilated by every whole radius: [0] is the dot itself.
 * @returns {Int32Array}
 */
export function dotAreas() {
  const labels = new Uint8Array(SIDE * SIDE);
  const middle = SIDE / 2;
  for (let i = 0; i < labels.length; i++)
    if (((i % SIDE) - middle) ** 2 + (Math.floor(i / SIDE) - middle) ** 2 <= DOT * DOT) labels[i] = 1;
  return areaCurve(distanceField(labels, 1, SIDE), labels);
}

/**
 * Why "1 +", and why no object weighs infinitely: with the numbers of a dot.
 * @param {number} radius the paper's, px
 * @param {Int32Array} areas of `dotAreas`
 */
export const whyOne = (radius, areas) =>
  "A class weighs W\u1d9c = 1/(1 + its dilated area). A class without a pixel has area 0, and 1/0 would be infinite; " +
  "with the 1 it weighs 1, and reaches no pixel. No object weighs infinitely either: the disk puts a floor under its " +
  `area. A dot of ${areas[0]} pixels weighs 1/${grouped(1 + areas[0])} a pixel at R = 0, and ` +
  `1/${grouped(1 + areas[radius])} at R = ${radius}.`;

/** @typedef {{term: string, also?: string[], text: string}} Entry a term, other forms of it, and what it is */

/** @type {Record<string, Entry>} */
export const GLOSSARY = {
  ce: {
    term: "cross entropy",
    also: ["CE"],
    text:
      "The loss of a pixel: \u2212ln p, where p is the probability that the network gives to the true " +
      "class. 0 when it is sure and right; the surer and wronger, the larger.",
  },
  nats: {
    term: "nats",
    text: "The unit of cross entropy with the natural logarithm: p = 0.5 costs 0.69 nats, p = 0.1 costs 2.3.",
  },
  weight: {
    term: "weight",
    text: "How much the cross entropy of a pixel counts in the loss of the image. Computed here, from this mask.",
  },
  image: {
    term: "balanced (image)",
    also: ["Balanced (image)"],
    text:
      "Every class of an image weighs 1 in all: a pixel 1/area of its class here. The object holds half of the " +
      "weight, however small it is; R = 0 is this, but for the \u201c1 +\u201d.",
  },
  dilated: {
    term: "Dilated",
    also: ["Dilated balanced CE"],
    text:
      "Every class is dilated by the disk first and weighs 1/(1 + its dilated area); a pixel takes the largest " +
      "weight that reaches it. So the rim weighs as much as the object, and few pixels do not mean an enormous weight.",
  },
  set: {
    term: "balanced (data set)",
    also: ["Balanced (data set)"],
    text:
      "A class weighs 1/f by its frequency f in the training set, the same in every image, over N pixels: as " +
      "balanced CE was trained. A small object holds less than half of the weight, a large one more.",
  },
  unet: {
    term: "U-Net",
    also: ["weight of U-Net\u2019s map"],
    text:
      "U-Net\u2019s map (2015): 1/area of the class plus " +
      "w\u2080/N exp(\u2212(d\u2081 + d\u2082)\u00b2/2\u03c3\u00b2) with " +
      "the distances to the borders of the two nearest objects, w\u2080 = 10, \u03c3 = 5 px. With one object " +
      "alone d\u2082 is infinite, and the term vanishes.",
  },
  wc: {
    term: "W\u1d9c",
    text: "The weight that class c gives to every pixel its dilated mask reaches: 1/(1 + dilated area).",
  },
  m: {
    term: "M",
    text: "The weight of a pixel: the largest W\u1d9c of the classes whose dilated masks reach it.",
  },
  disk: {
    term: "disk",
    text: "What dilates a class: every pixel at most R px away from one of its own is added.",
  },
  rim: {
    term: "rim",
    text: "Background at most R px from an object: what dilation adds around it. Here false positives gather.",
  },
  ratio: {
    term: "outside : inside",
    text:
      "Mean weight of background pixels at most 1 px from the outline to that of object pixels at most 1 px " +
      "from it. 1 : 1 is no step; 1 : 9 means that marking a pixel too much costs a ninth of missing one.",
  },
  total: {
    term: "total loss",
    text:
      "Weight times cross entropy, summed over this image, for the network chosen. Weightings have " +
      "different sums of weights: compare networks under one weighting, not weightings by this number.",
  },
  dice: {
    term: "Dice",
    also: ["mDice", "Mean Dice"],
    text: "Twice the overlap of prediction and truth over the sum of both areas: 100 % is a perfect match, 0 % none.",
  },
  iou: {
    term: "IoU",
    also: ["mIoU"],
    text:
      "Intersection over union: the overlap of prediction and truth over the area that either covers. " +
      "Stricter than Dice.",
  },
  precision: {
    term: "Precision",
    also: ["mPrec."],
    text: "Of the pixels that the network marks, the share that is right. False positives lower it.",
  },
  recall: {
    term: "Recall",
    also: ["mRec."],
    text: "Of the pixels of the object, the share that the network finds. Misses lower it.",
  },
  calibration: {
    term: "Calibration error",
    text:
      "How far probabilities are from what they say, on average over all pixels: of those given 70 %, seven in ten " +
      "should be object. 0 is perfect.",
  },
  prior: {
    term: "prior correction",
    also: ["Prior correction"],
    text:
      "Taking out of a network\u2019s logits what class weights put in, the log of their ratio. It runs no training " +
      "again.",
  },
  threshold: {
    term: "Threshold",
    text: "A pixel is marked where the probability of the object is above it.",
  },
  seed: {
    term: "seed",
    also: ["seeds"],
    text:
      "Where the random numbers of a training begin: another seed gives another network, and somewhat other " +
      "scores.",
  },
  epochs: {
    term: "epochs",
    also: ["epoch"],
    text: "How often a training goes through all its images.",
  },
  short: {
    term: "short run",
    text:
      "A training with fewer epochs than the paper\u2019s, and mostly smaller images: the order of the " +
      "losses can be compared, the height of the scores cannot.",
  },
  phantom: {
    term: "phantom",
    also: ["phantoms", "CT phantoms"],
    text: "A drawn scan, made by a program: nobody\u2019s body.",
  },
  kvasir: {
    term: "Kvasir-SEG",
    text: "1000 colonoscopy frames with outlined polyps (Jha et al. 2020). The polyp networks learnt from them.",
  },
  clinic: {
    term: "CVC-ClinicDB",
    text: "612 colonoscopy frames of 29 sequences with outlined polyps (Bernal et al. 2015). Used only for testing.",
  },
  isic: {
    term: "ISIC 2018",
    also: ["ISIC2018"],
    text: "2594 pictures of skin lesions with outlines (Codella et al. 2018, task 1). A fifth is kept for testing.",
  },
};

const forms = Object.entries(GLOSSARY).flatMap(([key, { term, also = [] }]) =>
  [term, ...also].map((form) => /** @type {[string, string]} */ ([form, key])),
);

const escaped = (/** @type {string} */ text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const longestFirst = forms.map(([form]) => form).sort((a, b) => b.length - a.length);
const ANY = new RegExp(`(?<![\\w-])(?:${longestFirst.map(escaped).join("|")})(?![\\w-])`, "g");

/**
 * A text in pieces: terms, each where it first stands, and what is between them.
 * @param {string} text
 * @returns {{text: string, key?: string}[]}
 */
export function pieces(text) {
  const keys = new Map(forms);
  const seen = new Set();
  const out = [];
  let from = 0;
  for (const match of text.matchAll(ANY)) {
    const key = keys.get(match[0]);
    if (key === undefined || seen.has(key)) continue;
    seen.add(key);
    if (match.index > from) out.push({ text: text.slice(from, match.index) });
    out.push({ text: match[0], key });
    from = match.index + match[0].length;
  }
  if (from < text.length) out.push({ text: text.slice(from) });
  return out;
}
