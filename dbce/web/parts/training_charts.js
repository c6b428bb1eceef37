// How a network learns: its training loss on a scale of factors, and its validation score, epoch by epoch.
import { digits } from "../core/format.js";
import { Chart } from "./chart.js";

/**
 * @typedef {object} Curves from dbce.offline.compose.Progress
 * @property {string} title
 * @property {number} last epoch of the training
 * @property {[number, number | null][]} loss epoch and loss, null where that is not a number
 * @property {[number, number][]} dice epoch and Dice in percent
 */

const SIZE = { width: 560, height: 240, title: "epoch" };
const MOST = 5; // levels on the scale of the loss

/** What is written on the scale of the loss, times powers of ten: as much as there is room for. */
const FACTORS = [[1, 1.5, 2, 2.5, 3, 4, 5, 6, 8], [1, 2, 5], [1]];

/**
 * Levels that hold both values between the first and the last.
 * @param {number} low above 0
 * @param {number} high
 */
export function levelsBetween(low, high) {
  for (const factors of FACTORS) {
    const powers = Array.from({ length: 60 }, (_, k) => k - 30);
    const all = powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)));
    const first = all.findLastIndex((level) => level <= low);
    const last = all.findIndex((level) => level >= high);
    const found = all.slice(first, Math.max(last, first + 1) + 1);
    if (found.length <= MOST || factors.length === 1) return found;
  }
  return [];
}

/** Epochs that are written below. @param {number} last */
function ticksTo(last) {
  const step = Math.max(1, Math.ceil(last / 4));
  return [0, 1, 2, 3].map((k) => k * step).filter((tick) => tick < last - step / 2).concat(last); // prettier-ignore
}

/**
 * A line with a dot at its end, and a dot at every value where there are few.
 * @param {Chart} chart
 * @param {[number, number][]} points epoch, and part of the height
 */
function drawn(chart, points) {
  if (!points.length) return "";
  const dots = (points.length > 20 ? points.slice(-1) : points).map(
    ([epoch, part]) => `<circle cx="${chart.x(epoch).toFixed(1)}" cy="${chart.y(part).toFixed(1)}" r="3"/>`,
  );
  const line = chart.line(
    points.map(([, part]) => part),
    points.map(([epoch]) => epoch),
  );
  return `<path class="curve" d="${line}"/>${dots.join("")}`;
}

/** @param {string} title @param {string} said @param {string} svg */
const figure = (title, said, svg) =>
  `<figure class="measure"><figcaption>${title} <span class="quiet">${said}</span></figcaption>${svg}</figure>`;

/** @param {Curves} curves */
function lossChart({ loss, last }) {
  const known = /** @type {[number, number][]} */ (loss.filter(([, value]) => value !== null && value > 0));
  const missing = loss.length - known.length;
  if (!known.length) return figure("Training loss", "no epoch has one that is a number above 0", "");
  const values = known.map(([, value]) => value);
  const levels = levelsBetween(Math.min(...values), Math.max(...values));
  const [low, high] = [levels[0], levels[levels.length - 1]].map(Math.log);
  const part = (value) => (Math.log(value) - low) / (high - low);
  const chart = new Chart({ ...SIZE, last, ticks: ticksTo(last) });
  const [[from, first], [to, now]] = [known[0], known[known.length - 1]];
  const said = `${digits(now)} in epoch ${to}${to > from ? `, ${digits(first)} in epoch ${from}` : ""}`;
  const lost = missing ? `; in ${missing} of ${loss.length} epochs it is no number above 0` : "";
  const rows = levels.map((level) => /** @type {[number, string]} */ ([part(level), digits(level)]));
  const line = drawn(chart, known.map(([epoch, value]) => [epoch, part(value)])); // prettier-ignore
  return figure("Training loss", said + lost, chart.svg(line, rows, `Training loss: ${said}${lost}`));
}

/** @param {Curves} curves */
function diceChart({ dice, last }) {
  if (!dice.length) return figure("Validation Dice", "none yet; --hold-out or --validate say on which images", "");
  const chart = new Chart({ ...SIZE, last, ticks: ticksTo(last) });
  const [to, now] = dice[dice.length - 1];
  const best = dice.reduce((top, each) => (each[1] > top[1] ? each : top));
  const said = `${now.toFixed(1)} % in epoch ${to}, at best ${best[1].toFixed(1)} in epoch ${best[0]}`;
  const rows = [0, 25, 50, 75, 100].map((level) => /** @type {[number, string]} */ ([level / 100, `${level} %`]));
  const line = drawn(chart, dice.map(([epoch, value]) => [epoch, value / 100])); // prettier-ignore
  return figure("Validation Dice", said, chart.svg(line, rows, `Validation Dice: ${said}`));
}

/** Both, under a title. @param {Curves} curves */
export const trainingCharts = (curves) =>
  `<div class="card"><h2>${curves.title}</h2><div class="learnt">${lossChart(curves)}${diceChart(curves)}</div></div>`;
