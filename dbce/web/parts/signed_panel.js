// A panel of values on both sides of 0: black is 0, one colour lies below and another above.
import { digits } from "../core/format.js";
import { diverging, GREY, styled } from "./colour.js";
import { Panel } from "./panel.js";
import { write } from "./write.js";

export class SignedPanel extends Panel {
  /**
   * @param {import("../app/viewer.js").Viewer} viewer
   * @param {Element} parent
   * @param {string} caption
   */
  constructor(viewer, parent, caption) {
    super(viewer, parent, caption, { scale: GREY });
    this.figure.querySelector(".scale p").innerHTML = "<span></span><span>0</span><span></span>";
    this.ends = this.figure.querySelectorAll(".scale span");
    this.key = "";
    this.table = GREY;
  }

  /** The colours of the palette in use: of what is missed below 0, of false positives above. */
  colours() {
    const [low, high] = ["fn", "fp"].map((name) => styled(this.viewer.root, name));
    if (this.key === `${low} ${high}`) return;
    this.key = `${low} ${high}`;
    this.table = diverging(low, high);
    this.drawBar(this.table);
  }

  /**
   * Values from -top to top.
   * @param {Float32Array} values
   * @param {number} top
   * @param {string} text what a screen reader says of it
   * @param {import("./panel.js").Lines} lines
   */
  signed(values, top, text, lines = null) {
    this.colours();
    const { table } = this;
    const out = this.words();
    const factor = top > 0 ? 127.5 / top : 0;
    for (let i = 0; i < out.length; i++) out[i] = table[(values[i] * factor + 127.5) | 0];
    this.show(text, { lines });
    write(this.ends[0], digits(-top));
    write(this.ends[2], digits(top));
  }
}
