// A threshold that moves, held to counting and colouring every pixel anew.
import assert from "node:assert/strict";
import test from "node:test";
import { between, countFound, Findings } from "../../dbce/web/core/findings.js";
import { random } from "../../dbce/web/core/random.js";

const COUNT = 500;
const LIMITS = [-32769, -32768, -32767, -300, -2, -1, 0, 1, 255, 32766, 32767];

/** Logits with many ties and both ends, and regions, from a seed. */
function drawn(seed) {
  const draw = random(seed);
  const whole = (most) => Math.floor(most * draw());
  const wide = Int16Array.from({ length: COUNT }, () => whole(65536) - 32768);
  const logit = wide.map((value) => [value, whole(7) - 3, -32768, 32767][whole(4)]);
  return { draw: whole, logit, regions: Uint8Array.from({ length: COUNT }, () => whole(4)) };
}

test("pixels between two limits are those that a look at each finds", () => {
  const { logit } = drawn(1);
  for (const low of LIMITS)
    for (const high of LIMITS.filter((limit) => limit >= low)) {
      const expected = [...logit.keys()].filter((i) => low < logit[i] && logit[i] <= high);
      assert.deepEqual(
        [...between(logit, low, high)].sort((a, b) => a - b),
        expected,
        `${low} to ${high}`,
      );
    }
});

test("a limit that goes up and down leaves the counts and the picture of a fresh start", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { draw, logit, regions } = drawn(seed);
    const colour = (at, i) => 1000 * at + (i % 7);
    const picture = new Uint32Array(COUNT);
    const moving = new Findings(logit, regions, picture, colour);
    for (let step = 0; step < 30; step++) {
      const limit = step % 3 ? draw(9) - 4 : LIMITS[draw(LIMITS.length)];
      const counts = [0, 0, 0, 0, 0, 0, 0, 0];
      const expected = Uint32Array.from(logit, (value, i) => {
        const at = regions[i] + (value > limit ? 4 : 0);
        counts[at]++;
        return colour(at, i);
      });
      assert.deepEqual([...moving.moveTo(limit)], counts, `seed ${seed}, step ${step}`);
      assert.deepEqual([...countFound(logit, regions, limit)], counts);
      assert.deepEqual(picture, expected, `seed ${seed}, step ${step}`);
    }
  }
});
