// Below the networks in Compare: Dice against threshold on this image, and the reliability diagram of the test set.
import { sigmoid } from "../core/losses.js";
import {
  diceRows,
  fillDices,
  gapRows,
  measuredOf,
  reliability,
  ThresholdChart,
  THRESHOLDS,
} from "../parts/threshold_chart.js";

const HTML = `<figure><figcaption></figcaption>
    <div class="chart" data-chart="dice"></div>
    <div class="scroll" tabindex="0"><table class="dices"></table></div><p class="quiet"></p></figure>
  <figure hidden><figcaption></figcaption><div class="chart still" data-chart="reliability"></div>
    <div class="scroll" tabindex="0"><table class="gaps"></table></div><p class="quiet"></p></figure>`;

export class ThresholdCard {
  /** @param {import("../app/viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.card = viewer.$(".thresholds");
    this.card.innerHTML = HTML;
    this.card.querySelector("figcaption").textContent = viewer.config.captions.dice_curve;
    this.dice = this.card.querySelector('[data-chart="dice"]');
    this.table = this.card.querySelector(".dices");
    this.chart = new ThresholdChart();
    /** @type {any[]} */
    this.key = [];
    /** @type {import("../parts/threshold_chart.js").Curve[]} */
    this.curves = [];
    this.listen();
  }

  /** @param {string[]} losses the networks in view */
  draw(losses) {
    const { state, study } = this.viewer;
    this.card.hidden = !study.labelled;
    if (!study.labelled) return;
    const now = [study, study.labels, state.prior, losses.join()];
    if (now.some((part, i) => part !== this.key[i])) {
      this.key = now;
      this.drawCurves(losses);
      this.table.innerHTML = diceRows(this.curves);
      this.drawReliability(losses);
    }
    this.chart.chart.mark(this.dice, state.threshold);
    fillDices(this.table, this.curves, state.threshold);
  }

  /** @param {string[]} losses */
  drawCurves(losses) {
    const { state, study, config } = this.viewer;
    const corrected = study.corrected(config.shifts);
    const [now, other] = state.prior === "corrected" ? [corrected, study] : [study, corrected];
    this.curves = losses.map((loss) => ({
      name: config.titles[loss],
      line: config.lines[loss],
      values: now.diceCurve(loss, THRESHOLDS),
      ...(loss in config.shifts ? { ghost: other.diceCurve(loss, THRESHOLDS) } : {}),
    }));
    const shifted = losses.filter((loss) => loss in config.shifts);
    const foretold = state.prior === "corrected" ? [] : shifted;
    this.dice.innerHTML = this.chart.svg(
      this.curves,
      foretold.map((loss) => ({ at: sigmoid(config.shifts[loss]), line: config.lines[loss] })),
    );
    const names = shifted.map((loss) => config.titles[loss]).join(", ");
    const at = shifted.map((loss) => sigmoid(config.shifts[loss]).toFixed(2)).join(", ");
    this.card.querySelector("figure .quiet").textContent = !shifted.length
      ? "Drag the marker to set the threshold of all networks."
      : state.prior === "corrected"
        ? `Faint: ${names} as it was trained. Drag the marker to set the threshold of all networks.`
        : `Faint: ${names} with its class weights taken out. Dotted, at ${at}: the threshold that makes up for them.`;
  }

  /** @param {string[]} losses */
  drawReliability(losses) {
    const { state, config } = this.viewer;
    const figure = this.card.querySelectorAll("figure")[1];
    const measured = config.calibration && losses.filter((loss) => loss in config.calibration.rows);
    figure.hidden = !measured?.length;
    if (figure.hidden) return;
    const { test_data: data, note, axis } = config.calibration;
    const networks = measuredOf(config, measured, state.prior);
    figure.querySelector("figcaption").textContent = config.captions.reliability.replace("{data}", data);
    figure.querySelector(".chart").innerHTML = reliability(networks, axis);
    figure.querySelector("table").innerHTML = gapRows(networks.filter(({ ghost }) => !ghost));
    figure.querySelector(".quiet").textContent = note;
  }

  /** The marker can be dragged. */
  listen() {
    const set = (event) => {
      const at = this.chart.chart.valueAt(event.clientX, this.dice.firstElementChild);
      this.viewer.set({ threshold: Math.max(0.01, Math.min(0.99, +at.toFixed(2))) });
    };
    this.dice.addEventListener("pointerdown", (event) => {
      this.dice.setPointerCapture(event.pointerId);
      set(event);
    });
    this.dice.addEventListener("pointermove", (event) => {
      if (this.dice.hasPointerCapture(event.pointerId)) set(event);
    });
  }
}
