// How a score grows with the steps or epochs of training: a line a network, faint where it was recorded before.
import { Chart } from "./chart.js";
import { spread } from "./shares_chart.js";

/**
 * @typedef {object} Learner
 * @property {string} name as at the end of its line
 * @property {[string, string]} line colour and dash
 * @property {[number, number][]} points step and score, 0 to 1
 * @property {[number, number][]} [ghost] the same of a run that was recorded
 */

const SIZE = { width: 360, height: 180, right: 128 };
const whole = (score) => String(Math.round(100 * score));
const TICK = 15; // units between two numbers at the ends of lines

/** @param {[string, string]} line */
const stroke = ([colour, dash]) => `stroke="${colour}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;

/**
 * @param {object} options
 * @param {string} options.title what a screen reader says, before the scores
 * @param {Learner[]} options.learners
 * @param {number} options.last step
 * @param {number} options.top the largest score there is room for
 * @param {(score: number) => string} [options.written] a score at the end of a line, in percent by default
 * @param {object} [options.size] of the chart, and its axis
 * @param {boolean} [options.dots] at every point: there are few
 * @param {boolean} [options.ends] whether lines are named at their ends
 */
export function learningChart({ title, learners, last, top, written = whole, size = SIZE, dots = false, ends = true }) {
  const quarter = last / 4;
  const chart = new Chart({ ticks: [0, quarter, 2 * quarter, 3 * quarter, last], ...SIZE, ...size, last });
  /** @param {[number, number][]} points */
  const path = (points) =>
    chart.line(
      points.map(([, score]) => Math.min(1, score / top)),
      points.map(([step]) => step),
    );
  const faint = learners
    .filter(({ ghost = [] }) => ghost.length)
    .map(({ ghost, line }) => `<path class="ghost" ${stroke(line)} d="${path(ghost)}"/>`);
  const drawn = learners
    .filter(({ points }) => points.length > 1)
    .map(({ points, line }) => `<path class="curve" ${stroke(line)} d="${path(points)}"/>`);
  const dot = ([step, score], colour) => {
    const [x, y] = [chart.x(step), chart.y(Math.min(1, score / top))].map((at) => at.toFixed(1));
    return `<circle cx="${x}" cy="${y}" r="2.5" fill="${colour}"/>`;
  };
  const marks = dots ? learners.flatMap(({ points, line }) => points.map((point) => dot(point, line[0]))) : [];
  const reached = learners
    .flatMap(({ name, line, points, ghost = [] }) => {
      const end = points.length > 1 ? points[points.length - 1] : ghost[ghost.length - 1];
      return end ? [{ name, colour: line[0], step: end[0], score: end[1], faint: points.length < 2 }] : [];
    })
    .map((end) => ({ ...end, x: chart.x(end.step), y: chart.y(Math.min(1, end.score / top)) }))
    .sort((a, b) => a.y - b.y || b.score - a.score);
  const heights = spread(reached.map(({ y }) => y), chart.inner.bottom + 4, TICK); // prettier-ignore
  const { right } = chart.inner;
  const labels = reached.map(
    ({ name, colour, score, x, y, faint }, k) =>
      `<circle class="${faint ? "ghost" : ""}" cx="${x}" cy="${y}" r="3" fill="${colour}"/>` +
      `<rect x="${right + 9}" y="${heights[k] - 4}" width="7" height="7" rx="2" fill="${colour}"/>` +
      `<text class="direct" x="${right + 21}" y="${heights[k] + 4}">${name} ${written(score)}</text>`,
  );
  const parts = top === 1 ? [0, 0.5, 1] : [0, top / 2, top];
  const levels = parts.map((v) => /** @type {[number, string]} */ ([v / top, String(+(100 * v).toFixed(1))]));
  const said = reached.map(({ name, score }) => `${name} ${written(score)}`).join(", ");
  const body = [...faint, ...drawn, ...marks, ...(ends ? labels : [])];
  const svg = chart.svg(body.join(""), levels, `${title}: ${said || "none"}`);
  return { chart, svg };
}
