import assert from "node:assert/strict";
import test from "node:test";
import { resultsCsv } from "../../dbce/web/files/tables.js";
import { repeated } from "../../dbce/web/tabs/repeated.js";

const ROWS = [
  { name: "Dice: A < B", shown: [1.5, 0.5, 2.5], repeated: [0.2, -1, 1.4], texts: ["+1.5", "+0.2"] },
  { name: "gap", shown: [-4, -9, 1], repeated: [-6, -8, -4], texts: ["-4.0", "-6.0"] },
];
/** @type {any} */
const REPEATS = { title: "Again?", said: ["It <holds>."], heading: "Points", heads: ["once", "thrice"], rows: ROWS, note: "N.", command: "python -m dbce evidence polyp" }; // prettier-ignore

test("every difference has both intervals on one scale, grey where it holds 0", () => {
  const html = repeated(REPEATS);
  assert.match(html, /: A &lt; B/);
  assert.match(html, /It &lt;holds&gt;\./);
  const drawn = [...html.matchAll(/class="interval( chance)?".*?aria-label="([^"]+)".*?<circle cx="([\d.]+)"/gs)];
  assert.equal(drawn.length, 4);
  assert.deepEqual(
    drawn.map(([, chance]) => chance === undefined),
    ROWS.flatMap(({ shown, repeated }) => [shown, repeated].map(([, low, high]) => low > 0 || high < 0)),
  );
  const values = ROWS.flatMap((row) => [row.shown[0], row.repeated[0]]);
  const [first, second] = [Number(drawn[0][3]), Number(drawn[2][3])];
  const scale = (first - second) / (values[0] - values[2]);
  drawn.forEach(([, , about, cx], k) => {
    assert.ok(Math.abs(Number(cx) - first - scale * (values[k] - values[0])) < 0.11, about);
    assert.ok(about.includes(["once", "thrice"][k % 2]));
  });
  assert.equal(repeated(null), "");
});

test("the CSV has a row an interval, as Python writes it", () => {
  const lines = resultsCsv({ findings: null, learning: null, repeats: REPEATS, results: [], titles: {} }).split("\r\n");
  assert.equal(lines[0], "table,network,quantity,value,low,high");
  assert.equal(lines[1], "Again?,once,Dice: A < B,1.5,0.5,2.5");
  assert.equal(lines[2], "Again?,thrice,Dice: A < B,0.2,-1,1.4");
  assert.equal(lines.length, 6);
});
