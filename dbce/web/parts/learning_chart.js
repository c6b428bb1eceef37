// How a score grows with the steps of training: a line a network, faint where it was recorded before.
import { Chart } from "./chart.js";
import { spread } from "./shares_chart.js";

/**
 * @typedef {object} Learner
 * @property {string} name as at the end of its line
 * @property {[string, string]} line colour and dash
 * @property {[number, number][]} points step and score, 0 to 1
 * @property {[number, number][]} ghost the same of a run that was recorded
 */

const SIZE = { width: 360, height: 180, right: 128 };
const TICK = 15; // units between two numbers at the ends of lines

/** @param {[string, string]} line */
const stroke = ([colour, dash]) => `stroke="${colour}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;

/**
 * @param {object} options
 * @param {string} options.title what a screen reader says
 * @param {Learner[]} options.learners
 * @param {number} options.at the step in view
 * @param {number} options.last step
 * @param {number} options.top the largest score there is room for
 */
export function learningChart({ title, learners, at, last, top }) {
  const quarter = last / 4;
  const chart = new Chart({ ...SIZE, last, ticks: [0, quarter, 2 * quarter, 3 * quarter, last] });
  /** @param {[number, number][]} points */
  const path = (points) =>
    chart.line(
      points.map(([, score]) => Math.min(1, score / top)),
      points.map(([step]) => step),
    );
  const faint = learners
    .filter(({ ghost }) => ghost.length)
    .map(({ ghost, line }) => `<path class="ghost" ${stroke(line)} d="${path(ghost)}"/>`);
  const drawn = learners
    .filter(({ points }) => points.length > 1)
    .map(({ points, line }) => `<path class="curve" ${stroke(line)} d="${path(points)}"/>`);
  const ends = learners
    .flatMap(({ name, line, points, ghost }) => {
      const end = points.length > 1 ? points[points.length - 1] : ghost[ghost.length - 1];
      return end ? [{ name, colour: line[0], step: end[0], score: end[1], faint: points.length < 2 }] : [];
    })
    .map((end) => ({ ...end, x: chart.x(end.step), y: chart.y(Math.min(1, end.score / top)) }))
    .sort((a, b) => a.y - b.y || b.score - a.score);
  const heights = spread(ends.map(({ y }) => y), chart.inner.bottom + 4, TICK); // prettier-ignore
  const { right } = chart.inner;
  const labels = ends.map(
    ({ name, colour, score, x, y, faint }, k) =>
      `<circle class="${faint ? "ghost" : ""}" cx="${x}" cy="${y}" r="3" fill="${colour}"/>` +
      `<rect x="${right + 9}" y="${heights[k] - 4}" width="7" height="7" rx="2" fill="${colour}"/>` +
      `<text class="direct" x="${right + 21}" y="${heights[k] + 4}">${name} ${Math.round(100 * score)}</text>`,
  );
  const parts = top === 1 ? [0, 0.5, 1] : [0, top / 2, top];
  const levels = parts.map((v) => /** @type {[number, string]} */ ([v / top, String(+(100 * v).toFixed(1))]));
  const said = ends.map(({ name, score }) => `${name} ${Math.round(100 * score)}`).join(", ");
  const svg = chart.svg([...faint, ...drawn, ...labels].join(""), levels, `${title} at step ${at}: ${said || "none"}`);
  return { chart, svg };
}
