// The charts of the results: marks stand where the numbers are, and an interval is grey where it holds 0.
import assert from "node:assert/strict";
import test from "node:test";
import { classDots } from "../../dbce/web/parts/class_dots.js";
import { bar, scaleOf } from "../../dbce/web/parts/interval.js";
import { gapRows, measuredOf, reliability, ThresholdChart, THRESHOLDS } from "../../dbce/web/parts/threshold_chart.js";
import { testCurves } from "../../dbce/web/tabs/test_curves.js";
import { random } from "./golden.js";

/** @type {[string, string]} */
const LINE = ["#123456", ""];
const BINS = { p: [0.1, null, 0.9], y: [0.2, null, 0.7], share: [0.75, 0, 0.25] };

/** @param {string} svg @returns {{x: number, y: number, r: number, ring: boolean}[]} */
const circles = (svg) =>
  [...svg.matchAll(/<circle( class="hollow")? cx="([-\d.]+)" cy="([-\d.]+)" r="([\d.]+)"([^>]*)>/g)].map(
    ([, first, x, y, r, rest]) => ({ x: +x, y: +y, r: +r, ring: Boolean(first) || rest.includes("hollow") }),
  );

test("an interval is grey if and only if it holds 0, and lies on the common scale", () => {
  const draw = random(8);
  for (let round = 0; round < 200; round++) {
    const three = () => Array.from({ length: 3 }, () => (draw(2000) - 1000) / 100).sort((a, b) => a - b);
    const all = [three(), three()].map(([low, value, high]) => [value, low, high]);
    const scale = scaleOf(all);
    for (const [value, low, high] of all) {
      const svg = bar([value, low, high], scale, "of");
      assert.equal(svg.includes("chance"), low <= 0 && high >= 0);
      const places = [...svg.matchAll(/(?:x1|x2|cx)="([-\d.]+)"/g)].map(([, x]) => +x);
      assert.ok(places.every((x) => x >= 0 && x <= 300), svg); // prettier-ignore
      const zero = +(svg.match(/class="zero" x1="([\d.]+)"/)?.[1] ?? -1);
      const at = +(svg.match(/<circle cx="([\d.]+)"/)?.[1] ?? -1);
      assert.ok(Math.sign(at - zero) * Math.sign(value) >= 0);
    }
  }
});

test("dots and rings stand on the curves that they mark", () => {
  const values = THRESHOLDS.map((t) => 0.5 + 0.4 * t * (1 - t));
  const points = [
    { at: 0.5, value: values[49], line: LINE },
    { at: 0.8, value: values[79], line: LINE, ring: true },
  ];
  const charts = [new ThresholdChart(), new ThresholdChart()];
  const svgs = charts.map((chart) => chart.svg([{ name: "N", line: LINE, values }], [], "SET", points));
  const [dot, ring] = circles(svgs[0]);
  const drawn = [...svgs[0].matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [+x, +y]);
  for (const [mark, k] of /** @type {[any, number][]} */ ([
    [dot, 49],
    [ring, 79],
  ]))
    // prettier-ignore
    assert.deepEqual([mark.x, mark.y], drawn[k]);
  assert.deepEqual([dot.ring, ring.ring], [false, true]);
  assert.match(svgs[0], /Dice of N on SET against/);
  const ids = svgs.map((svg) => svg.match(/clipPath id="([^"]+)"/)?.[1]);
  assert.notEqual(ids[0], ids[1]); // two such charts may stand on one page
});

test("the area of a dot is the share of the pixels, and empty bins have none", () => {
  const [few, many] = circles(reliability([{ name: "N", line: LINE, bins: BINS, gap: [], brier: [], ghost: false }], "A"))
    .sort((a, b) => a.r - b.r); // prettier-ignore
  assert.ok(Math.abs((many.r / few.r) ** 2 - 3) < 0.1);
});

test("of a network with class weights both are measured, and the prior says which counts", () => {
  const row = (/** @type {number} */ gap) => ({ reliability: BINS, gap: [gap, 0, 9], brier: [2, 1, 3] });
  const rows = { ce: row(4), bce: row(14), bce_corrected: row(6) };
  const config = { calibration: { rows }, titles: { ce: "CE", bce: "BCE" }, lines: { ce: LINE, bce: LINE } };
  for (const [prior, faint] of [
    ["trained", "bce_corrected"],
    ["corrected", "bce"],
  ]) {
    // prettier-ignore
    const found = measuredOf(config, ["ce", "bce"], prior);
    assert.deepEqual(found.map(({ key }) => key), ["ce", "bce", "bce_corrected"]); // prettier-ignore
    assert.deepEqual(found.filter(({ ghost }) => ghost).map(({ key }) => key), [faint]); // prettier-ignore
  }
  const [plain, both] = [false, true].map((brier) => gapRows(measuredOf(config, ["ce"], "trained"), brier));
  assert.match(both, /<td>4\.0<\/td><td class="span">0\.0 to 9\.0<\/td><td>2\.00<\/td>/);
  assert.ok(!plain.includes("Brier") && plain.includes("4.0"));
});

test("a class has its dot before, its ring after, and its name", () => {
  const rows = { ce: [0, 90], bce: [50, 75], bce_corrected: [80, 70], dbce: [95, 96] };
  const svg = classDots(["a", "b"], rows, { ce: LINE, bce: LINE, dbce: LINE });
  const [before, after, second, then] = circles(svg);
  assert.ok(before.x < after.x && then.x < second.x && before.y === after.y && before.y < second.y);
  assert.ok(Math.abs((after.x - before.x) / (second.x - before.x) - 30 / 25) < 0.02);
  assert.match(svg, />a<\/text>[^]*>b<\/text>/);
});

test("in the results a network is marked at 0.50, and on its curve where its prior puts the threshold", () => {
  const dice = THRESHOLDS.map((t) => 60 + 30 * t);
  const row = { dice, reliability: BINS, gap: [4, 3, 5], brier: [2, 1, 3] };
  const texts = { said: "T < 1", note: "N" };
  const config = {
    ...{ losses: ["bce"], titles: { bce: "BCE" }, lines: { bce: LINE } },
    calibration: { rows: { bce: row, bce_corrected: row } },
    findings: {
      curves: {
        ...{ data: "SET", prior: { bce: 0.846 }, dice: texts, classes: null, reliability: { ...texts, axis: "A" } },
        row_titles: { bce: "BCE", bce_corrected: "BCE after" },
      },
    },
  };
  const html = testCurves(config);
  const [dot, ring] = circles(html);
  const chart = new ThresholdChart().chart;
  const part = (/** @type {number} */ value) => (value - 0.6) / 0.4; // the lowest level of the axis is 60 %
  assert.ok(Math.abs(dot.x - chart.x(0.5)) < 0.1 && Math.abs(dot.y - chart.y(part(0.75))) < 0.1 && !dot.ring);
  assert.ok(Math.abs(ring.x - chart.x(0.846)) < 0.1 && Math.abs(ring.y - chart.y(part(0.8538))) < 0.1 && ring.ring);
  assert.match(html, /T &lt; 1\./);
  assert.match(html, /BCE after/);
  assert.equal(testCurves({ ...config, findings: null }), "");
});
