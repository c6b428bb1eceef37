import assert from "node:assert/strict";
import test from "node:test";
import { SharesChart, spread } from "../../dbce/web/parts/shares_chart.js";
import { random } from "./golden.js";

/** @type {any} */
const ROWS = [
  { key: "none", name: "CE", line: ["#888", ""], curve: [[0.5, 0.5], [5, 5], [50, 50]] }, // prettier-ignore
  { key: "dilated", name: "dilated", line: ["#f80", "2 3"], curve: [[0.5, 7], [5, 20], [50, 51]] }, // prettier-ignore
];

test("labels keep their order and their distance, and stay within the chart", () => {
  const draw = random(5);
  for (let round = 0; round < 200; round++) {
    const wanted = Array.from({ length: 1 + draw(6) }, () => 14 + draw(260)).sort((a, b) => a - b);
    const at = spread(wanted, 274);
    at.forEach((y, k) => assert.ok(y <= 274 && (!k || y - at[k - 1] >= 19 - 1e-9), `${wanted}: ${at}`));
    if (wanted.every((y, k) => !k || y - wanted[k - 1] >= 19)) assert.deepEqual(at, wanted);
  }
});

test("the axis is logarithmic, from the smallest object to the whole image", () => {
  const chart = new SharesChart(ROWS);
  assert.deepEqual([0.5, 100].map((size) => chart.part(size)), [0, 1]); // prettier-ignore
  const step = chart.part(5) - chart.part(0.5);
  assert.ok(Math.abs(chart.part(50) - chart.part(5) - step) < 1e-12);
  assert.deepEqual([0.01, 120].map((size) => chart.part(size)), [0, 1]); // prettier-ignore
});

test("every line passes through its points, and has its name beside its end", () => {
  const chart = new SharesChart(ROWS);
  const svg = chart.svg();
  for (const { name, curve } of ROWS) {
    const [size, share] = curve[1];
    const point = `${chart.chart.x(chart.part(size)).toFixed(1)} ${chart.chart.y(share / 100).toFixed(1)}`;
    assert.ok(svg.includes(`L${point}`), name);
    assert.match(svg, new RegExp(`class="direct"[^>]*>${name}</text>`));
  }
});
