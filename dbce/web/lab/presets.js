// The problems that the lab offers.

/** @typedef {import("./problem.js").Problem} Problem */
/**
 * @typedef {object} Preset
 * @property {string} id as in an address
 * @property {string} title
 * @property {string} subtitle what is drawn
 * @property {string} watch one sentence: what to look at
 * @property {number} radius of the dilation in px
 * @property {Problem} problem
 */

/** @param {number} share @param {number} count @returns {Problem["objects"]} one class */
const one = (share, count) => [{ share, count, brightness: 1 }];

/** @type {Preset[]} */
export const PRESETS = [
  {
    id: "needles",
    title: "Needles",
    subtitle: "two small objects, 1 % of the image",
    watch: "Balanced CE finds the needles and paints them too large; prior correction takes the red rim away.",
    radius: 8,
    problem: { objects: one(0.01, 2), contrast: 1, softness: 1, decoys: { count: 2, brightness: 0.5 }, noise: 0.7 },
  },
  {
    id: "look-alikes",
    title: "Look-alikes",
    subtitle: "one object, six paler twins",
    watch: "Red blobs away from the object: who takes the paler twins for it, and until when?",
    radius: 4,
    problem: { objects: one(0.03, 1), contrast: 1, softness: 1, decoys: { count: 6, brightness: 0.65 }, noise: 0.7 },
  },
  {
    id: "big",
    title: "Big and soft",
    subtitle: "one object, a tenth of the image, blurred edge",
    watch: "How little there is to balance: look at how close all but balanced CE end.",
    radius: 4,
    problem: { objects: one(0.1, 1), contrast: 1, softness: 3, decoys: { count: 1, brightness: 0.5 }, noise: 0.7 },
  },
  {
    id: "faint",
    title: "Faint",
    subtitle: "low contrast: much is a guess",
    watch: "What no weight can mend: CE misses, balanced CE marks too much.",
    radius: 4,
    problem: { objects: one(0.03, 1), contrast: 0.6, softness: 2, decoys: { count: 2, brightness: 0.5 }, noise: 0.7 },
  },
  {
    id: "classes",
    title: "Three classes",
    subtitle: "9, 2.5 and 0.6 % of the image, by brightness",
    watch: "The smallest class: when does each loss find it, and how much else does it mark?",
    radius: 4,
    problem: {
      objects: [
        { share: 0.09, count: 1, brightness: 0.7 },
        { share: 0.025, count: 2, brightness: 1.1 },
        { share: 0.006, count: 2, brightness: 1.6 },
      ],
      contrast: 1,
      softness: 1,
      decoys: { count: 1, brightness: 0.35 },
      noise: 0.7,
    },
  },
];
