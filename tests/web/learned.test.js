import assert from "node:assert/strict";
import test from "node:test";
import { resultsCsv } from "../../dbce/web/files/tables.js";
import { epochs, learned } from "../../dbce/web/tabs/learned.js";

/** @type {any} */
const ROWS = [
  { title: "CE", short: "CE", line: ["#888", ""], points: [[10, 45.2], [20, 70], [30, 92]], classes: { liver: [[10, 94], [20, 95], [30, 96]], aorta: [[10, 0], [20, 40], [30, 90]] } }, // prettier-ignore
  { title: "Dilated", short: "Dilated", line: ["#f80", "2 3"], points: [[10, 90], [20, 93]], classes: { liver: [[10, 95], [20, 96]], aorta: [[10, 91], [20, 92]] } }, // prettier-ignore
];
const LEARNING = { title: "T", heads: { mean: "M", each: "E", epochs: "N" }, said: ["A < B."], note: "one training each.", command: "python -m dbce learning organs", last: 40, rows: ROWS }; // prettier-ignore

/** Where a chart has drawn the points of its lines, as parts of its axes. @param {string} svg */
function pathsOf(svg) {
  const [, left, right] = svg.match(/<line x1="([\d.]+)" x2="([\d.]+)"/).map(Number);
  const [, top, bottom] = svg.match(/class="now" y1="([\d.]+)" y2="([\d.]+)"/).map(Number);
  return [...svg.matchAll(/class="curve"[^>]* d="([^"]+)"/g)].map(([, d]) =>
    [...d.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [
      (Number(x) - left) / (right - left),
      (bottom - Number(y)) / (bottom - top),
    ]),
  );
}

test("every line passes through what was measured, of all classes and of one", () => {
  for (const name of [undefined, "liver", "aorta"]) {
    const paths = pathsOf(epochs(ROWS, 40, name));
    assert.equal(paths.length, ROWS.length);
    paths.forEach((path, k) => {
      const points = name ? ROWS[k].classes[name] : ROWS[k].points;
      assert.equal(path.length, points.length);
      path.forEach(([x, y], i) => {
        assert.ok(Math.abs(x - points[i][0] / 40) < 2e-3, `${name}: epoch ${points[i][0]} at ${x}`);
        assert.ok(Math.abs(y - points[i][1] / 100) < 2e-3, `${name}: ${points[i][1]} % at ${y}`);
      });
    });
  }
});

test("the table has a cell an epoch, empty where a run has not come so far", () => {
  const html = learned(LEARNING);
  const rows = [...html.matchAll(/<tr><th scope="row">.*?<\/tr>/gs)].map(([row]) =>
    [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell),
  );
  assert.deepEqual(rows, [["45.2", "70.0", "92.0"], ["90.0", "93.0", ""]]); // prettier-ignore
  assert.match(html, /A &lt; B\./);
  assert.match(html, /python -m dbce learning organs/);
  assert.equal([...html.matchAll(/<figcaption>(liver|aorta)</g)].length, 2);
});

test("without classes there are no small charts, and without a training no card", () => {
  const plain = ROWS.map((row) => ({ ...row, classes: {} }));
  assert.doesNotMatch(learned({ ...LEARNING, rows: plain }), /class="small"/);
  assert.equal(learned(null), "");
});

test("the CSV has a row a number, as Python writes it", () => {
  const row = { title: "CE", points: [[10, 45.2], [20, 70]], classes: { liver: [[10, 94]] } }; // prettier-ignore
  const learning = { title: "T", rows: [row] };
  const lines = resultsCsv({ findings: null, learning, results: [], titles: {} }).split("\r\n");
  assert.deepEqual(lines.slice(1, -1), [
    'T,CE,"Dice after 10 epochs, %",45.2',
    'T,CE,"Dice after 20 epochs, %",70',
    'T,CE,"liver: Dice after 10 epochs, %",94',
  ]);
});
