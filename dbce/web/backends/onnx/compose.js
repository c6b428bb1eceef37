// An opened image and what the networks say of it -> what Python sends as a scene, without packing it: it stays in this
// browser. Twin of dbce/page/scene.py.
import { IGNORE, distanceField } from "../../core/dilation.js";
import { LOGIT_STEP, labelMap } from "../../core/logits.js";

/** @typedef {import("../../readers/open.js").Opened} Opened */
/** @typedef {import("../../core/scene.js").Composed} Composed */

/**
 * @param {Opened} opened
 * @param {Map<string, Int16Array>} steps by loss, what `runNetwork` gives
 * @param {{size: number, classes: number}} task
 * @returns {Composed}
 */
export function compose({ image, labels, title, note, place, numbering, shape }, steps, { size, classes }) {
  const arrays = arraysOf(steps, labels, classes);
  if (labels) {
    arrays.labels = labels;
    for (let cls = 0; cls < classes; cls++) arrays[`distance:${cls}`] = distanceField(labels, cls, size);
  }
  const about = { size, title, note, place, numbering, shape, classes, logit_step: LOGIT_STEP };
  return { ...about, losses: [...steps.keys()], pixels: image, unpacked: arrays };
}

/**
 * What a study holds of networks.
 * @param {Map<string, Int16Array>} steps as of `compose`
 * @param {Uint8Array | null} labels
 * @param {number} classes
 */
export function arraysOf(steps, labels, classes) {
  /** @type {import("../../core/scene.js").Arrays} */
  const arrays = {};
  for (const [loss, values] of steps) {
    if (classes === 2) arrays[`logit:${loss}`] = values;
    else {
      if (labels) arrays[`entropy:${loss}`] = entropy(values, labels);
      arrays[`found:${loss}`] = labelMap(values, classes);
    }
  }
  return arrays;
}

/**
 * Cross entropy of the true class, 0 where ignored.
 * @param {Int16Array} steps classes * count log-probabilities
 * @param {Uint8Array} labels
 */
export function entropy(steps, labels) {
  const count = labels.length;
  const out = new Int16Array(count);
  for (let i = 0; i < count; i++) out[i] = labels[i] === IGNORE ? 0 : -steps[labels[i] * count + i];
  return out;
}
