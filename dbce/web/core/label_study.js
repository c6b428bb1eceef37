// A study of several classes, where a network answers with a label for every pixel and no threshold.
// Twin of dbce.study.studies.LabelStudy.
import { IGNORE, within } from "./dilation.js";
import { confusion, scoresByClass } from "./metrics.js";
import { Study } from "./study.js";

/** What `Study` says of the object holds here for all foreground classes together. */
export class LabelStudy extends Study {
  /** @type {Float32Array | undefined} */
  spare;

  /**
   * Most probable class at every pixel.
   * @param {string} loss
   */
  found(loss) {
    return /** @type {Uint8Array} */ (this.arrays["found:" + loss]);
  }

  /**
   * Comes with the labels, 0 where ignored; other labels cannot have one here.
   * @param {string} loss
   */
  computeCrossEntropy(loss) {
    return Float32Array.from(this.arrays["entropy:" + loss], (steps) => steps * this.step);
  }

  /**
   * @param {string} loss
   * @param {number} i
   */
  probabilityOfTruth(loss, i) {
    return Math.exp(-this.crossEntropy(loss)[i]);
  }

  /**
   * @param {string} weighting
   * @param {number} radius
   * @param {string | null} loss
   */
  parts(weighting, radius, loss) {
    const weight = this.weightMap(weighting, radius, (this.spare ??= new Float32Array(this.count)));
    return this.sumsOf(weight, radius, loss);
  }

  /**
   * Scores of every class (null where neither labels nor prediction hold it), their mean Dice, and wrong pixels:
   * in the rim, far away, missed, and of another object than the true one.
   * @param {string} loss
   * @param {number} radius
   */
  compareLabels(loss, radius) {
    const { labels, near } = this;
    const found = this.found(loss);
    const errors = { rim: 0, far: 0, missed: 0, confused: 0 };
    for (let i = 0; i < this.count; i++) {
      if (labels[i] === found[i] || labels[i] === IGNORE) continue;
      errors[labels[i] ? (found[i] ? "confused" : "missed") : within(near[i], radius) ? "rim" : "far"]++;
    }
    return { ...scoresByClass(confusion(labels, found, this.classes.length), this.classes.length), errors };
  }

  /**
   * Mean Dice over the objects between the label maps of two networks.
   * @param {string} a
   * @param {string} b
   */
  agreement(a, b) {
    const first = this.labelled
      ? this.found(a).map((cls, i) => (this.labels[i] === IGNORE ? IGNORE : cls))
      : this.found(a);
    return scoresByClass(confusion(first, this.found(b), this.classes.length), this.classes.length).mean;
  }
}

/**
 * The study of a scene.
 * @param {import("./scene.js").Scene} scene
 * @param {import("./scene.js").Arrays} arrays
 * @param {number[] | null} [frequencies] of the classes in the data set that the networks learnt from, if known
 */
export const studyOf = (scene, arrays, frequencies) =>
  new (scene.classes > 2 ? LabelStudy : Study)(scene, arrays, frequencies);
