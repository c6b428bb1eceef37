// Two predictions laid over each other, and how many networks disagree, against counting pixel by pixel.
import assert from "node:assert/strict";
import test from "node:test";
import { BOTH, dissent, FIRST, NEITHER, overlap, SECOND } from "../../dbce/web/core/difference.js";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { scoresOf } from "../../dbce/web/core/metrics.js";
import { IMAGES, near, random, studyNamed } from "./golden.js";

const TWO = Object.keys(IMAGES).filter((name) => IMAGES[name].classes === 2);

test("every pixel is found by neither, one or both, and the counts give the agreement", () => {
  for (const name of TWO)
    for (const threshold of [0.1, 0.5, 0.83]) {
      const study = studyNamed(name);
      const [a, b] = ["ce", "dbce"].map((loss) => study.logits(loss));
      const limit = study.limit(threshold);
      const out = new Uint8Array(study.count).fill(9);
      const counts = overlap(a, b, limit, study.labels, out);
      const expected = [0, 0, 0, 0];
      out.forEach((kind, i) => {
        const [p, q] = [a, b].map((logit) => logit[i] > limit);
        assert.equal(kind, p ? (q ? BOTH : FIRST) : q ? SECOND : NEITHER);
        if (study.labels[i] !== IGNORE) expected[kind]++;
      });
      assert.deepEqual(counts, expected);
      near(scoresOf(counts[BOTH], counts[FIRST], counts[SECOND]).dice, study.agreement("ce", "dbce", threshold), 1e-12);
    }
});

test("dissent is the smaller of those for and those against, whatever the order of the networks", () => {
  const next = random(7);
  for (const networks of [1, 2, 3, 4, 8]) {
    const all = Array.from({ length: networks }, () => Int16Array.from({ length: 60 }, () => next(2000) - 1000));
    const labels = Uint8Array.from({ length: 60 }, () => (next(5) ? next(2) : IGNORE));
    const out = new Uint8Array(60).fill(9);
    const apart = dissent(all, 12.5, labels, out);
    const votes = [...labels.keys()].map((i) => all.filter((logit) => logit[i] > 12.5).length);
    assert.deepEqual(
      [...out],
      votes.map((n) => Math.min(n, networks - n)),
    );
    assert.equal(apart, votes.filter((n, i) => n % networks && labels[i] !== IGNORE).length);
    const other = new Uint8Array(60);
    assert.equal(dissent([...all].reverse(), 12.5, labels, other), apart);
    assert.deepEqual(other, out);
    assert.ok(dissent(all, 12.5, new Uint8Array(0), other) >= apart, "without labels every pixel counts");
  }
});
