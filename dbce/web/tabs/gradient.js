// Where the optimiser pushes, and which way: p - y and M (p - y), in place of the loss maps.
import { digits } from "../core/format.js";
import { SignedPanel } from "../parts/signed_panel.js";
import { hide, write } from "../parts/write.js";

const LEGEND = `<p class="legend push"><span><i class="fn"></i>p up <b></b></span>
  <span><i class="fp"></i>p down <b></b></span></p>`;

/** Of two classes: with more of them a pixel has a logit, and a gradient, for each. */
export class GradientPanels {
  /**
   * @param {import("../app/viewer.js").Viewer} viewer
   * @param {Element} strip
   * @param {import("../parts/panel.js").Panel[]} inPlaceOf the maps of cross entropy and of weighted loss
   */
  constructor(viewer, strip, inPlaceOf) {
    this.viewer = viewer;
    this.inPlaceOf = inPlaceOf;
    const { residual, gradient } = viewer.config.captions;
    const captions = [`<b>(c)</b> ${residual}`, `<b>(e)</b> ${gradient}`];
    this.panels = captions.map((caption) => new SignedPanel(viewer, strip, caption));
    this.panels.forEach(({ figure }, k) => {
      inPlaceOf[k].figure.after(figure);
      figure.dataset.panel = ["residual", "gradient"][k];
    });
    this.panels[1].figure.insertAdjacentHTML("beforeend", LEGEND);
    this.shares = this.panels[1].figure.querySelectorAll(".push b");
    this.values = new Float32Array(0);
  }

  /** Shows one pair of maps or the other; none where there are no labels. */
  choose() {
    const { state, study, several } = this.viewer;
    const on = !several && state.map === "gradient";
    for (const { figure } of this.panels) hide(figure, !on || !study.labelled);
    for (const { figure } of this.inPlaceOf) hide(figure, on || !study.labelled);
    return on;
  }

  /**
   * @param {Float32Array} weights of every pixel
   * @param {{at: number[], colour: number} | null} lines
   */
  draw(weights, lines) {
    const { state, study } = this.viewer;
    const residual = study.residual(state.loss);
    if (this.values.length !== study.count) this.values = new Float32Array(study.count);
    const { values } = this;
    let [up, down, top] = [0, 0, 0];
    for (let i = 0; i < values.length; i++) {
      const value = (values[i] = weights[i] * residual[i]);
      if (value < 0) {
        up -= value;
        if (-value > top) top = -value;
      } else {
        down += value;
        if (value > top) top = value;
      }
    }
    if (state.scale !== "own") top = study.gradientTop(state.radius);
    const share = (part) => (up + down > 0 ? `${Math.round((100 * part) / (up + down))} %` : "0 %");
    [up, down].forEach((part, k) => write(this.shares[k], share(part)));
    const pushes = `${share(up)} of it raises the probability, ${share(down)} lowers it`;
    const [plain, weighted] = this.panels;
    if (!plain.shows(residual, state.palette, state.theme, lines?.at, lines?.colour))
      plain.signed(residual, 1, `Probability less truth of ${this.viewer.who(state.loss)}, \u22121 to 1`, lines);
    weighted.signed(values, top, `Gradient by the logit, at most ${digits(top)} either way; ${pushes}`, lines);
  }
}
