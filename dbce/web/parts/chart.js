// One frame under every chart: scales, axes, a marker (at the radius, say), and the value under the pointer.
import { attribute } from "./write.js";

/** Every line and area against a value from 0 to a largest one, a radius or a threshold, in an SVG of this size. */
export class Chart {
  /**
   * @param {object} options
   * @param {number} options.width in units of the SVG
   * @param {number} options.height
   * @param {number} options.last the largest value
   * @param {number} [options.step] what values are multiples of
   * @param {(number | [number, string])[]} options.ticks values to be written below, or what to write there
   * @param {string} [options.title] of the axis
   * @param {number} [options.right] room for labels beside the ends of the lines
   * @param {number} [options.left] room for what is written beside the levels
   */
  constructor({ width, height, last, step = 1, ticks, title = "", right: room = 16, left: beside = 56 }) {
    this.last = last;
    this.step = step;
    this.size = { width, height };
    this.inner = { left: beside, right: width - room, top: 14, bottom: height - (title ? 44 : 26) };
    const { left, right, bottom } = this.inner;
    this.axis = ticks
      .map((tick) => (Array.isArray(tick) ? tick : [tick, tick]))
      .map(([value, text]) => `<text x="${this.x(+value)}" y="${bottom + 20}" text-anchor="middle">${text}</text>`)
      .join("");
    if (title) this.axis += `<text x="${(left + right) / 2}" y="${height - 3}" text-anchor="middle">${title}</text>`;
  }

  /** @param {number} value */
  x(value) {
    const { left, right } = this.inner;
    return left + (value / this.last) * (right - left);
  }

  /** @param {number} part 0 at the bottom, 1 at the top */
  y(part) {
    const { top, bottom } = this.inner;
    return bottom - part * (bottom - top);
  }

  /**
   * A path through parts of the height, each at a value.
   * @param {number[]} parts from 0 to 1
   * @param {number[]} [values] 0, 1, 2, ... where they are not given
   */
  line(parts, values) {
    return parts
      .map((v, k) => `${k ? "L" : "M"}${this.x(values?.[k] ?? k).toFixed(1)} ${this.y(v).toFixed(1)}`)
      .join("");
  }

  /**
   * The area between two such lines.
   * @param {number[]} top
   * @param {number[]} bottom
   */
  area(top, bottom) {
    const back = this.line(bottom)
      .split(/(?=[ML])/)
      .reverse()
      .join("")
      .replaceAll("M", "L");
    return `${this.line(top)}${back}Z`;
  }

  /**
   * @param {string} body what is drawn, above the lines of the levels
   * @param {[number, string][]} levels parts of the height, and what is written beside their lines
   * @param {string} label what a screen reader says
   * @param {string} areas what is drawn below them
   */
  svg(body, levels, label, areas = "") {
    const { left, right, top, bottom } = this.inner;
    const rows = levels.map(([part, text]) => {
      const y = this.y(part);
      return (
        `<line x1="${left}" x2="${right}" y1="${y}" y2="${y}" class="grid"/>` +
        `<text x="${left - 8}" y="${y + 4}" text-anchor="end">${text}</text>`
      );
    });
    return `<svg viewBox="0 0 ${this.size.width} ${this.size.height}" role="img" aria-label="${label}">
      ${areas}${rows.join("")}${body}${this.axis}<line class="now" y1="${top}" y2="${bottom}"/></svg>`;
  }

  /**
   * Move the marker of a drawn chart.
   * @param {Element} drawn
   * @param {number} value
   */
  mark(drawn, value) {
    const now = drawn.querySelector(".now");
    if (now) for (const end of ["x1", "x2"]) attribute(now, end, String(this.x(value)));
  }

  /**
   * The value under the pointer.
   * @param {number} clientX
   * @param {Element} svg
   */
  valueAt(clientX, svg) {
    const box = svg.getBoundingClientRect();
    const { left, right } = this.inner;
    const at = ((clientX - box.left) / box.width) * this.size.width;
    const value = ((at - left) / (right - left)) * this.last;
    return Math.max(0, Math.min(this.last, Math.round(value / this.step) * this.step));
  }
}
