// Where the weight mass goes over a data set: the share that the object holds against its size, one line a weighting.
import { percent } from "../core/format.js";
import { Chart } from "./chart.js";

/** @typedef {{key: string, name: string, line: [string, string], curve: [number, number][]}} Row as of Python */

const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const APART = 19; // between labels, in units of the SVG

/**
 * Heights of labels, moved apart as far as they must be, in the same order.
 * @param {number[]} wanted from the top down
 * @param {number} last below which none may stand
 * @param {number} apart
 */
export function spread(wanted, last, apart = APART) {
  const at = [...wanted];
  for (let k = 1; k < at.length; k++) at[k] = Math.max(at[k], at[k - 1] + apart);
  for (let k = at.length - 1, most = last; k >= 0; k--, most -= apart) at[k] = Math.min(at[k], most);
  return at;
}

export class SharesChart {
  /** @param {Row[]} rows @param {string} title of the axis */
  constructor(rows, title = "") {
    this.rows = rows;
    this.low = Math.min(...rows.flatMap(({ curve }) => curve.map(([size]) => size)));
    const within = TICKS.filter((size) => size >= this.low);
    const ticks = within.length > 8 ? within.filter((size) => /^[01.]+$/.test(String(size))) : within;
    this.chart = new Chart({
      ...{ width: 560, height: 320, last: 1, right: 165, title },
      ticks: ticks.map((size) => [this.part(size), String(size)]),
    });
  }

  /**
   * Where a size lies on the axis, which is logarithmic.
   * @param {number} size in percent
   */
  part(size) {
    return Math.max(0, Math.min(1, Math.log(size / this.low) / Math.log(100 / this.low)));
  }

  svg() {
    const { chart, rows } = this;
    const { right, bottom } = chart.inner;
    const lines = rows.map(({ curve, line: [colour, dash] }) => {
      const [sizes, shares] = [0, 1].map((k) => curve.map((point) => point[k]));
      const path = chart.line(
        shares.map((share) => share / 100),
        sizes.map((size) => this.part(size)),
      );
      return `<path class="curve" stroke="${colour}" ${dash && `stroke-dasharray="${dash}"`} d="${path}"/>`;
    });
    const ends = rows
      .map(({ name, line, curve }) => ({ name, colour: line[0], end: curve[curve.length - 1] }))
      .map(({ end: [size, share], ...row }) => ({ ...row, x: chart.x(this.part(size)), y: chart.y(share / 100) }))
      .sort((a, b) => a.y - b.y);
    const heights = spread(ends.map(({ y }) => y), bottom); // prettier-ignore
    const labels = ends.map(
      ({ name, colour, x, y }, k) =>
        `<line class="lead" x1="${x + 3}" y1="${y}" x2="${right + 10}" y2="${heights[k]}" stroke="${colour}"/>` +
        `<text class="direct" x="${right + 15}" y="${heights[k] + 4}">${name}</text>`,
    );
    const dots = rows.map(({ key, line }) => `<circle data-key="${key}" r="4.5" fill="${line[0]}"/>`);
    const mine = `<text class="mine" y="${chart.inner.top - 3}"></text>`;
    const levels = [0, 0.25, 0.5, 0.75, 1].map((v) => /** @type {[number, string]} */ ([v, `${100 * v} %`]));
    const label = `Share of the weight on the object against its size, for ${rows.map(({ name }) => name).join(", ")}`;
    return chart.svg(lines.join("") + labels.join("") + dots.join("") + mine, levels, label);
  }

  /**
   * The marker of the image in view.
   * @param {Element} drawn
   * @param {number | null} size of its object in percent; null where it has none
   * @param {Record<string, number>} shares on it by weighting, 0 to 1
   * @param {string} seen "image" or "slice"
   */
  mark(drawn, size, shares, seen) {
    for (const part of drawn.querySelectorAll(".now, .mine, circle"))
      part.toggleAttribute(
        "hidden",
        size === null || (part.matches("circle") && !(part.getAttribute("data-key") in shares)),
      );
    if (size === null) return;
    const { chart } = this;
    const x = chart.x(this.part(size));
    chart.mark(drawn, this.part(size));
    const text = drawn.querySelector(".mine");
    text.textContent = `this ${seen}, ${percent(size / 100)} %`;
    text.setAttribute("x", String(x));
    text.setAttribute("text-anchor", this.part(size) < 0.15 ? "start" : this.part(size) > 0.85 ? "end" : "middle");
    for (const [key, share] of Object.entries(shares)) {
      const dot = drawn.querySelector(`[data-key="${key}"]`);
      dot.setAttribute("cx", String(x));
      dot.setAttribute("cy", String(chart.y(share)));
    }
  }
}
