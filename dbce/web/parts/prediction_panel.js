// What a network of two classes finds: correct, false and missed pixels in colour, or outlines on the image.
import { outline } from "../core/dilation.js";
import { Findings } from "../core/findings.js";
import { BLACK, hatched, styled } from "./colour.js";
import { Panel } from "./panel.js";

const LAYERS = ["tp", "fp", "fn"];

export class PredictionPanel extends Panel {
  /** @type {Findings | null} what is drawn, to follow a threshold */
  findings = null;
  /** @type {any[]} what it was drawn for */
  key = [];
  everywhere = new Uint8Array(0); // one region, where there is no mask

  /**
   * Fill in what a network finds; `show` is to follow.
   * @param {string} loss
   * @returns what `Study.compare` counts, null where there is no mask
   */
  find(loss) {
    const { state, judged: study } = this.viewer;
    if (state.shape === "outline") return this.drawOutlines(loss);
    const logit = study.logits(loss);
    const regions = study.labelled ? study.regions(state.radius) : this.whole();
    const { colours, striped } = this.colours();
    const key = [this.words(), logit, regions, striped, ...colours];
    if (!this.findings || key.some((part, k) => part !== this.key[k])) {
      const { size } = study;
      this.key = key;
      this.findings = new Findings(logit, regions, this.pixels, (at, i) => {
        if (at % 4 === 0) return hatched(i, size);
        return striped && stripe(at, i, size) ? BLACK : colours[at];
      });
    }
    const counts = this.findings.moveTo(Math.floor(study.limit(state.threshold))); // logits are whole
    if (state.opacity < 1) this.findings = null; // the picture is about to be laid over the image
    return study.labelled ? study.judge(counts) : null;
  }

  /** Every pixel in the one region that is not hatched. */
  whole() {
    const { count } = this.viewer.study;
    if (this.everywhere.length !== count) this.everywhere = new Uint8Array(count).fill(1);
    return this.everywhere;
  }

  /** Colours by region, first where nothing is found; and whether errors bear a second sign. */
  colours() {
    const { state, study, root } = this.viewer;
    const [hit, excess, miss] = LAYERS.map((name) => (state.layers.includes(name) ? styled(root, name) : BLACK));
    return study.labelled
      ? { colours: [BLACK, miss, BLACK, BLACK, BLACK, hit, excess, excess], striped: state.palette === "safe" }
      : { colours: [BLACK, BLACK, BLACK, BLACK, BLACK, hit, hit, hit], striped: false };
  }

  clear() {
    this.findings = null;
    super.clear();
  }

  /** @param {string} loss */
  drawOutlines(loss) {
    const { state, judged: study, image, root } = this.viewer;
    this.findings = null;
    const out = this.words();
    const logit = study.logits(loss);
    const limit = study.limit(state.threshold);
    const [tp, line] = ["tp", "object"].map((name) => styled(root, name));
    out.set(image);
    if (study.labelled && state.layers.includes("fn")) for (const i of study.edge()) out[i] = tp;
    if (state.layers.includes("fp")) for (const i of outline((i) => logit[i] > limit, study.size)) out[i] = line;
    return study.labelled ? study.compare(loss, state.radius, state.threshold) : null;
  }
}

/**
 * Whether a wrong pixel is left dark, as a second sign beside the colour: misses fall, what is found too much rises.
 * @param {number} at region, plus 4 where found
 * @param {number} i pixel
 * @param {number} size pixels a side
 */
function stripe(at, i, size) {
  const slope = at === 1 ? 5 : at > 5 ? 1 : 0;
  return slope > 0 && ((i % size) + slope * ((i / size) | 0)) % 6 === 0;
}
