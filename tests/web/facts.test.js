import assert from "node:assert/strict";
import test from "node:test";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { tallyOf, tallyOfClasses } from "../../dbce/web/core/facts.js";
import { grouped } from "../../dbce/web/core/format.js";
import { LOGIT_STEP } from "../../dbce/web/core/logits.js";
import { random } from "../../dbce/web/core/random.js";
import { Study } from "../../dbce/web/core/study.js";

const SIZE = 48;

/** Disks on background, some of it ignored; logits without an order. */
function drawn(seed) {
  const draw = random(seed);
  const next = (limit) => Math.floor(draw() * limit);
  const labels = new Uint8Array(SIZE * SIZE);
  const put = (label, most) => {
    const [x, y, r] = [next(SIZE), next(SIZE), next(most)];
    for (let i = 0; i < labels.length; i++)
      if (((i % SIZE) - x) ** 2 + (((i / SIZE) | 0) - y) ** 2 <= r * r) labels[i] = label;
  };
  for (let k = next(4); k > 0; k--) put(1, 16);
  for (let k = next(3); k > 0; k--) put(IGNORE, 9);
  const logits = Int16Array.from(labels, () => next(12000) - 6000);
  const scene = /** @type {any} */ ({ size: SIZE, classes: 2, losses: ["ce"], logit_step: LOGIT_STEP, place: null });
  const study = new Study(scene, { "logit:ce": logits }, [0.9, 0.1]);
  study.setLabels(labels);
  return study;
}

const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-12);

test("what is summed by distance is what is summed pixel by pixel", () => {
  for (let seed = 0; seed < 40; seed++) {
    const study = drawn(seed);
    for (const weighting of ["none", "balanced", "balanced_set", "dilated"])
      for (const radius of [0, 1, 5, 20, 150]) {
        const map = study.weightMap(weighting, radius);
        const slow = tallyOf(study, map);
        const quick = tallyOfClasses(study, /** @type {any} */ (study.given(weighting, radius)));
        const at = `seed ${seed}, ${weighting}, R = ${radius}`;
        for (const name of ["valid", "objects", "outsides", "insides", "alike", "held"])
          assert.equal(quick[name], slow[name], `${name}: ${at}`);
        for (const name of ["object", "outside", "inside"]) assert.ok(near(quick[name], slow[name]), `${name}: ${at}`);
        assert.deepEqual(quick.background.counts, slow.background.counts, at);
        slow.background.sums.forEach((sum, d) => assert.ok(near(quick.background.sums[d], sum), `${d} px: ${at}`));
      }
  }
});

test("errors and scores are those of a walk over the pixels", () => {
  let seen = 0;
  for (let seed = 0; seed < 40; seed++) {
    const study = drawn(seed);
    for (const radius of [0, 3, 150])
      for (const threshold of [0.01, 0.5, 0.8]) {
        const limit = study.limit(threshold);
        const count = { rim: 0, far: 0, missed: 0, hit: 0 };
        for (let i = 0; i < study.count; i++) {
          const [label, found] = [study.labels[i], study.logits("ce")[i] > limit];
          if (label === IGNORE || (!label && !found)) continue;
          count[label ? (found ? "hit" : "missed") : study.near[i] <= radius ? "rim" : "far"]++;
        }
        const { hit, ...errors } = count;
        const { scores, errors: got } = study.compare("ce", radius, threshold);
        assert.deepEqual(got, errors);
        const whole = 2 * hit + errors.rim + errors.far + errors.missed;
        if (whole) assert.ok(near(scores.dice, (2 * hit) / whole));
        seen += hit;
      }
  }
  assert.ok(seen > 1000);
});

test("thousands are set apart", () => {
  const written = [0, 7, 999, 1000, 102400, 1234567, -4321].map(grouped);
  assert.deepEqual(written, ["0", "7", "999", "1\u2009000", "102\u2009400", "1\u2009234\u2009567", "-4\u2009321"]);
});
