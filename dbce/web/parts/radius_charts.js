// What the radius does: the weight of each class, and the share of object, rim and far background, against R.
import { power } from "../core/format.js";
import { Chart } from "./chart.js";

export class RadiusCharts {
  /** @param {import("../app/viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    const { max_radius: last, radius: paper } = viewer.config;
    const ticks = [0, paper, 50, 100, last];
    this.chart = new Chart({ width: 560, height: 190, last, ticks });
    this.key = [];
    this.listen();
  }

  /** Moves the markers; draws the curves where something else has changed. */
  draw() {
    const { state, study } = this.viewer;
    const now = [study, study.labels, state.of, state.of === "loss" && state.loss];
    if (now.some((part, i) => part !== this.key[i])) {
      this.key = now;
      this.drawCurves();
    }
    for (const drawn of this.viewer.found.all(".charts .chart")) this.chart.mark(drawn, state.radius);
  }

  drawCurves() {
    const { state, study, config } = this.viewer;
    const of = state.of === "loss" ? state.loss : null;
    const { weights, shares } = study.radiusCurves(this.chart.last, of);
    this.drawWeights(weights);
    this.drawShares(shares);
    const title = of ? `Share of the loss of ${config.titles[of]}` : "Share of the weight";
    this.viewer.$('[data-out="chart-title"]').textContent = title;
  }

  /** @param {number[][]} weights weights[class][R] */
  drawWeights(weights) {
    const { config, several } = this.viewer;
    const all = weights.flat().filter((w) => w > 0);
    const [low, high] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
    const span = Math.max(1, high - low);
    const part = (w) => (w > 0 ? (Math.log10(w) - low) / span : 0);
    /** @type {[number, string][]} */
    const powers = Array.from({ length: span + 1 }, (_, k) => [k / span, power(low + k)]);
    const colour = (cls) => (cls ? config.colours[cls] : "var(--far)");
    const style = (cls) =>
      several ? `class="of-class" style="stroke:${colour(cls)}"` : `class="${cls ? "of-object" : "of-far"}"`;
    const held = weights.map((values, cls) => cls).filter((cls) => weights[cls][0] || !cls);
    const lines = held.map((cls) => `<path ${style(cls)} d="${this.chart.line(weights[cls].map(part))}"/>`);
    if (several)
      this.viewer.$('[data-legend="curves"]').innerHTML = held
        .filter((cls) => weights[cls][0])
        .map((cls) => `<li><i style="background:${colour(cls)}"></i>${config.classes[cls]}</li>`)
        .join("");
    const label = `Weight of ${config.classes.join(" and ")} against the radius, logarithmic`;
    this.viewer.$('[data-chart="weight"]').innerHTML = this.chart.svg(lines.join(""), powers, label);
  }

  /** @param {number[][]} shares of object, rim, far, by R */
  drawShares([object, rim]) {
    const inner = object.map((v, r) => v + rim[r]);
    const [none, whole] = [0, 1].map((v) => inner.map(() => v));
    const fill = (name, top, bottom) => `<path class="fill-${name}" d="${this.chart.area(top, bottom)}"/>`;
    const stack = [fill("far", whole, inner), fill("rim", inner, object), fill("object", object, none)];
    const label = `Share of the ${this.viewer.state.of} held by object, rim and far background against the radius`;
    /** @type {[number, string][]} */
    const levels = [
      [0, "0 %"],
      [0.5, "50 %"],
      [1, "100 %"],
    ];
    this.viewer.$('[data-chart="share"]').innerHTML = this.chart.svg("", levels, label, stack.join(""));
  }

  /** The marker can be dragged. */
  listen() {
    const charts = this.viewer.$(".charts");
    charts.addEventListener("pointerdown", (event) => {
      const svg = event.target.closest("svg");
      if (!svg) return;
      this.viewer.setRadius(this.chart.valueAt(event.clientX, svg));
      event.target.closest(".chart").setPointerCapture(event.pointerId);
    });
    charts.addEventListener("pointermove", (event) => {
      const chart = event.target.closest(".chart");
      if (!chart?.hasPointerCapture(event.pointerId)) return;
      this.viewer.set({ radius: this.chart.valueAt(event.clientX, chart.firstElementChild) });
    });
  }
}
