import assert from "node:assert/strict";
import test from "node:test";
import { binned, Plane, ticks } from "../../dbce/web/parts/plane.js";

/** Numbers from 0 to 1, the same in every run. */
function numbers(seed) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

function plane() {
  const made = new Plane({ left: 50, top: 20 });
  made.side = 400;
  return made;
}

test("what lies under the pointer stays there while it is enlarged, unless an edge would come into view", () => {
  const next = numbers(7);
  for (let k = 0; k < 200; k++) {
    const one = plane();
    for (let step = 0; step < 6; step++) {
      const [x, y] = [50 + 400 * next(), 20 + 400 * next()];
      const before = one.values(x, y);
      one.by(2 ** (6 * next() - 3), x, y);
      assert.ok(one.left >= 0 && one.bottom >= 0 && one.span <= 1 && one.span >= 1 / 20);
      assert.ok(one.left + one.span <= 1 + 1e-12 && one.bottom + one.span <= 1 + 1e-12);
      const after = one.values(x, y);
      for (const axis of [0, 1]) {
        const start = axis ? one.bottom : one.left;
        const edge = start < 1e-12 || start > 1 - one.span - 1e-12;
        assert.ok(edge || Math.abs(after[axis] - before[axis]) < 1e-9);
      }
      assert.ok(Math.abs(one.x(after[0]) - x) < 1e-9 && Math.abs(one.y(after[1]) - y) < 1e-9);
    }
    one.by(0, 60, 30);
    assert.deepEqual([one.left, one.bottom, one.span], [0, 0, 1]);
  }
});

test("a drag takes the values along", () => {
  const one = plane();
  one.look(0.4, 0.3, 0.25);
  const held = one.values(200, 100);
  one.pan(30, -50);
  const [a, b] = one.values(230, 50);
  assert.ok(Math.abs(a - held[0]) < 1e-12 && Math.abs(b - held[1]) < 1e-12);
  one.pan(1e4, 1e4);
  assert.deepEqual([one.left, one.bottom], [0, 0.75]);
});

test("at least three ticks, whole percents, all in view", () => {
  const next = numbers(3);
  for (let k = 0; k < 500; k++) {
    const span = Math.max(1 / 20, next());
    const low = (1 - span) * next();
    const found = ticks(low, span);
    assert.ok(found.length >= 3 && found.length <= 8, `${found.length} of ${span}`);
    for (const at of found) {
      assert.ok(at >= low - 1e-9 && at <= low + span + 1e-9);
      assert.ok(Math.abs(100 * at - Math.round(100 * at)) < 1e-9);
    }
  }
  assert.deepEqual(ticks(0, 1), [0, 0.25, 0.5, 0.75, 1]);
});

test("bins count what is in view, once", () => {
  const next = numbers(5);
  const values = Float64Array.from({ length: 300 }, next);
  const every = [...values.keys()];
  const seen = values.filter((v) => v >= 0.2 && v <= 0.7).length;
  const counts = binned(values, every, 25, 0.2, 0.5);
  assert.equal(
    counts.reduce((sum, n) => sum + n),
    seen,
  );
  counts.forEach((n, bin) => {
    const [low, high] = [0.2 + (0.5 * bin) / 25, 0.2 + (0.5 * (bin + 1)) / 25];
    assert.ok(Math.abs(n - values.filter((v) => v >= low && v < high).length) <= 1);
  });
});
