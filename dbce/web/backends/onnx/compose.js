// An opened image and what the networks say of it -> a scene, as Python sends it. Twin of dbce/page/scene.py.
import { IGNORE, distanceField } from "../../core/dilation.js";
import { LOGIT_STEP, labelMap } from "../../core/logits.js";
import { base64, deflate } from "../../core/scene.js";
import { png } from "../../files/png.js";

/** @typedef {import("../../readers/open.js").Opened} Opened */
/** @typedef {import("../../core/scene.js").Scene} Scene */

/**
 * @param {Opened} opened
 * @param {Map<string, Int16Array>} steps by loss, what `runNetwork` gives
 * @param {{size: number, classes: number}} task
 * @returns {Promise<Scene>}
 */
export async function compose({ image, labels, title, note, place, numbering, shape }, steps, { size, classes }) {
  /** @type {[string, Uint8Array | Int16Array][]} */
  const arrays = [];
  const several = classes > 2;
  for (const [loss, values] of steps) {
    if (!several) arrays.push([`logit:${loss}`, values]);
    else {
      if (labels) arrays.push([`entropy:${loss}`, entropy(values, labels)]);
      arrays.push([`found:${loss}`, labelMap(values, classes)]);
    }
  }
  if (labels) {
    arrays.push(["labels", labels]);
    for (let cls = 0; cls < classes; cls++) arrays.push([`distance:${cls}`, distanceField(labels, cls, size)]);
  }
  /** @type {Scene["arrays"]} */
  const index = {};
  const block = new Uint8Array(arrays.reduce((sum, [, array]) => sum + array.byteLength, 0));
  let offset = 0;
  for (const [name, array] of arrays) {
    const type = array instanceof Int16Array ? "int16" : "uint8";
    index[name] = { type, offset, length: array.length };
    block.set(array instanceof Int16Array ? differences(array, size) : array, offset);
    offset += array.byteLength;
  }
  return {
    ...{ size, title, note, place, numbering, shape, classes, losses: [...steps.keys()], logit_step: LOGIT_STEP },
    ...{
      image: `data:image/png;base64,${base64(await png(image, { width: size, height: size }, 3))}`,
      arrays: index,
      data: await deflate(block),
    },
  };
}

/**
 * Cross entropy of the true class, 0 where ignored.
 * @param {Int16Array} steps classes * count log-probabilities
 * @param {Uint8Array} labels
 */
function entropy(steps, labels) {
  const count = labels.length;
  const out = new Int16Array(count);
  for (let i = 0; i < count; i++) out[i] = labels[i] === IGNORE ? 0 : -steps[labels[i] * count + i];
  return out;
}

/**
 * What is left of each value when its left and upper neighbours predict it, low bytes first. `sums` undoes it.
 * @param {Int16Array} values size * size
 * @param {number} size
 */
export function differences(values, size) {
  const count = values.length;
  const out = new Uint8Array(2 * count);
  for (let i = 0; i < count; i++) {
    const left = i % size ? values[i - 1] : 0;
    const above = i >= size ? values[i - size] : 0;
    const corner = i % size && i >= size ? values[i - size - 1] : 0;
    const rest = values[i] - left - above + corner;
    out[i] = rest & 255;
    out[count + i] = (rest >> 8) & 255;
  }
  return out;
}
