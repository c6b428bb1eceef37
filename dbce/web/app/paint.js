// Painting a mask: everything follows the brush, and nothing leaves the page.
import { IGNORE } from "../core/dilation.js";

const UNDO = 30; // earlier masks that are kept

export class Painter {
  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {Uint8Array[]} earlier masks, for undo */
    this.earlier = [];
    /** @type {import("./viewer.js").Pixel | null} where the brush is, while it is down */
    this.brush = null;
    viewer.followers.push(() => (this.earlier.length = 0));
  }

  /** Of a chosen organ there is nothing to paint: the cross entropy of every class would have to be here. */
  start() {
    const { viewer } = this;
    if (viewer.several) return;
    if (!viewer.study.labelled) viewer.study.setLabels(new Uint8Array(viewer.study.count));
    viewer.say(
      "Paint the object on the image or on the labels. The maps follow your brush; the mask stays in this page.",
    );
    viewer.set({ tab: "anatomy", painting: true, erase: false });
    const behavior = viewer.calm ? "auto" : "smooth";
    const seen = () => viewer.$("[data-paint]").scrollIntoView({ block: "nearest", inline: "nearest", behavior });
    requestAnimationFrame(() => requestAnimationFrame(seen)); // when it has its size
  }

  stop() {
    const { viewer } = this;
    const { study } = viewer;
    if (study.labelled && !study.labels.includes(1)) study.setLabels(null);
    viewer.say(study.labelled ? "Your painted mask is in use." : "No mask: nothing was painted.");
    viewer.set({ painting: false });
  }

  /** @param {import("./viewer.js").Pixel} pixel */
  down(pixel) {
    this.remember();
    this.brush = pixel;
    this.move(pixel);
  }

  /**
   * A stroke from where the brush is.
   * @param {import("./viewer.js").Pixel} to
   */
  move(to) {
    const { study, state } = this.viewer;
    const { size } = study;
    const from = this.brush;
    const labels = study.labels.slice();
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / Math.max(1, state.brush / 2)));
    for (let s = 0; s <= steps; s++) {
      const cx = Math.round(from.x + ((to.x - from.x) * s) / steps);
      const cy = Math.round(from.y + ((to.y - from.y) * s) / steps);
      for (let y = Math.max(0, cy - state.brush); y <= Math.min(size - 1, cy + state.brush); y++)
        for (let x = Math.max(0, cx - state.brush); x <= Math.min(size - 1, cx + state.brush); x++)
          if ((x - cx) ** 2 + (y - cy) ** 2 <= state.brush ** 2) labels[y * size + x] = state.erase ? 0 : 1;
    }
    study.setLabels(labels);
    this.brush = to;
    this.viewer.set({ pixel: to });
  }

  undo() {
    if (this.earlier.length) this.relabel(this.earlier.pop());
  }

  clear() {
    this.remember();
    this.relabel(this.viewer.study.labels.map((label) => (label === IGNORE ? IGNORE : 0)));
  }

  remember() {
    this.earlier.push(this.viewer.study.labels.slice());
    this.earlier.splice(0, this.earlier.length - UNDO);
  }

  /** @param {Uint8Array} labels */
  relabel(labels) {
    this.viewer.study.setLabels(labels);
    this.viewer.set({});
  }
}
