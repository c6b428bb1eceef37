// The lab's sentences claim only what the numbers show, as they are printed, over a grid of runs.
import assert from "node:assert/strict";
import test from "node:test";
import { EARLY, lessons, SWEPT_EARLY, sweepLesson } from "../../dbce/web/lab/lessons.js";
import { EVERY, recordingOf } from "../../dbce/web/lab/recording.js";
import { PRESETS } from "../../dbce/web/lab/presets.js";

const TITLES = { ce: "CE", bce: "balanced CE", dice_ce: "Dice + CE", dbce: "dilated balanced CE" };
const points = (v) => Math.round(100 * v);
const measures = (dice, precision, recall) => ({ dice, precision, recall, calibration: 0 });

/** Frames of all that can happen: every order of a few values that tie, nearly tie, or differ. */
function* grid() {
  const values = [0.3, 0.304, 0.33, 0.8, 0.996, 1];
  for (const a of values)
    for (const b of values)
      for (const c of [0.3, 0.81])
        for (const fixed of [null, 0.28, 0.31, 0.9]) {
          const scores = new Map([
            ["ce", measures(a, b, c)],
            ["bce", measures(0.3, a, b)],
            ["dice_ce", measures(c, 0.7, 0.7)],
            ["dbce", measures(b, c, a)],
          ]);
          yield { step: 120, scores, corrected: fixed === null ? null : measures(fixed, 0, 0) };
        }
}

/** Holds sentences to their frame. */
function hold({ scores, corrected }, said) {
  const bce = scores.get("bce");
  const others = ["ce", "dice_ce", "dbce"].filter((loss) => scores.has(loss)).map((loss) => scores.get(loss));
  const text = said.join(" ");
  const most = others.every(({ recall }) => points(bce.recall) > points(recall));
  const least = others.every(({ precision }) => points(bce.precision) < points(precision));
  assert.equal(/ has the highest recall /.test(text), most, text);
  assert.equal(/ has the lowest precision |and the lowest precision:/.test(text), least, text);
  assert.ok(text.includes(`recall ${points(bce.recall)} %, precision ${points(bce.precision)} %`), text);
  const gain = corrected && points(corrected.dice) - points(bce.dice);
  assert.equal(/heals/.test(text), gain !== null && gain >= 2, text);
  assert.equal(/does not help/.test(text), gain !== null && gain <= -2, text);
  assert.equal(/correction/.test(text), gain !== null, text);
  const best = Math.max(
    ...["ce", "bce", "dice_ce"].filter((l) => scores.has(l)).map((l) => points(scores.get(l).dice)),
  );
  const lead = points(scores.get("dbce").dice) - best;
  assert.equal(/about level/.test(text), Math.abs(lead) <= 2, text);
  assert.equal(/ahead of/.test(text), lead > 2, text);
  assert.equal(/is \d+ points of Dice behind/.test(text), lead < -2, text);
  if (Math.abs(lead) > 2) assert.ok(text.includes(`is ${Math.abs(lead)} points`), text);
  assert.doesNotMatch(text, /NaN|undefined|null/);
}

test("sentences hold for every frame of a grid, and all kinds of them occur", () => {
  const kinds = new Set();
  for (const frame of grid()) {
    const said = lessons(frame, TITLES);
    hold(frame, said);
    for (const sentence of said) kinds.add(sentence.replace(/\d+/g, "#").replace(/(CE|Dice \+ CE)(?=:| as|\.)/g, "X"));
  }
  assert.ok(kinds.size >= 10, [...kinds].join("\n"));
});

test("sentences hold for every score of every recorded run, with four networks and with two", () => {
  for (const { id } of PRESETS) {
    const rows = recordingOf(id, 0);
    rows.ce.forEach((_, i) => {
      if (i * EVERY < EARLY || Object.values(rows).every((row) => points(row[i].dice) === 0)) return;
      for (const losses of [
        ["ce", "bce", "dice_ce", "dbce"],
        ["bce", "dbce"],
      ]) {
        const scores = new Map(losses.map((loss) => [loss, rows[loss][i]]));
        const frame = { step: i * EVERY, scores, corrected: rows.corrected[i] };
        hold(frame, lessons(frame, TITLES));
      }
    });
  }
});

test("before anything can be said, nothing is claimed; one network alone is compared with none", () => {
  const nothing = new Map([["ce", measures(0, 1, 0)], ["bce", measures(0.004, 0, 1)]]); // prettier-ignore
  assert.match(lessons({ step: 1, scores: nothing, corrected: null }, TITLES)[0], /After 1 step there is no order/);
  assert.match(lessons({ step: 40, scores: nothing, corrected: null }, TITLES)[0], /no network finds anything/);
  const alone = new Map([["bce", measures(0.5, 0.5, 0.5)]]);
  assert.deepEqual(lessons({ step: 40, scores: alone, corrected: null }, TITLES), []);
  const own = new Map([...alone, ["own", measures(0.5, 0.1, 1)]]); // the visitor's own is not among those compared
  assert.deepEqual(lessons({ step: 40, scores: own, corrected: null }, TITLES), []);
});

test("the radius: which is best, and which ends are behind by more than a point", () => {
  const said = (dice, step = 120) => sweepLesson(step, new Map([0, 5, 20, 40].map((radius, k) => [radius, dice[k]])));
  const both = "At step 120 the highest Dice, 89, is that of R = 5. Both ends are behind: R = 0 has 58, R = 40 has 83.";
  assert.equal(said([0.58, 0.89, 0.86, 0.83]), both);
  assert.match(said([0.88, 0.89, 0.86, 0.83]), /One end is behind: R = 40 has 83\.$/);
  assert.match(said([0.58, 0.886, 0.89, 0.89]), /R = 5 and 20 and 40\. One end is behind: R = 0 has 58\.$/);
  assert.match(said([0.88, 0.885, 0.88, 0.88]), /The ends are level with it\.$/);
  assert.equal(said([0.58, 0.89, 0.86, 0.83], SWEPT_EARLY - 10), "After 50 steps there is no order yet.");
});
