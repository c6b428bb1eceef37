// A small square picture of its own, apart from the panels of the image in view.
import { BLACK } from "./colour.js";

export class Tile {
  /**
   * @param {Element} parent
   * @param {number} size pixels a side
   */
  constructor(parent, size) {
    this.canvas = document.createElement("canvas");
    this.canvas.className = "tile undrawn";
    this.canvas.width = this.canvas.height = size;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Not drawn yet");
    parent.append(this.canvas);
    this.context = this.canvas.getContext("2d");
    this.data = this.context.createImageData(size, size);
    this.words = new Uint32Array(this.data.data.buffer).fill(BLACK); // not shown: black is a prediction of nothing
  }

  /** @param {string} text what a screen reader says of it */
  show(text) {
    this.context.putImageData(this.data, 0, 0);
    this.canvas.classList.remove("undrawn");
    if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text);
  }

  /** Brighter where the values are larger. @param {ArrayLike<number>} values @param {string} text */
  grey(values, text) {
    const { words } = this;
    let [least, most] = [Infinity, -Infinity];
    for (let i = 0; i < words.length; i++) {
      least = Math.min(least, values[i]);
      most = Math.max(most, values[i]);
    }
    const factor = most > least ? 255 / (most - least) : 0;
    for (let i = 0; i < words.length; i++) {
      const v = ((values[i] - least) * factor) | 0;
      words[i] = ((255 << 24) | (v << 16) | (v << 8) | v) >>> 0;
    }
    this.show(text);
  }
}
