import assert from "node:assert/strict";
import test from "node:test";
import { weightsByCell } from "../../dbce/web/core/cells.js";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import { tallyOfClasses } from "../../dbce/web/core/facts.js";
import { WEIGHTINGS, weightAt, weightMap } from "../../dbce/web/core/weights.js";
import { CONSTANTS, golden, LABELLED, near, same, studyNamed, weightingFiles } from "./golden.js";

const FILES = Object.fromEntries(weightingFiles().map((name) => [name, golden(`weights/${name}.json`)]));

test("every weighting has a golden file, and every file a weighting", () => {
  assert.deepEqual(Object.keys(WEIGHTINGS).sort(), Object.keys(FILES).sort());
});

for (const [weighting, images] of Object.entries(FILES))
  test(`${weighting}: weights of every pixel, and their sums`, () => {
    assert.deepEqual(Object.keys(images), LABELLED);
    for (const [name, radii] of Object.entries(images)) {
      const study = studyNamed(name);
      const out = new Float32Array(study.count);
      let map = out;
      for (const [radius, expected] of Object.entries(radii)) {
        const what = `${name}, radius ${radius}`;
        map = expected.map ?? map; // once where the radius changes nothing
        same(study.weightMap(weighting, +radius, out.fill(7)), map, what);
        for (let i = 0; i < study.count; i += study.size > 100 ? 101 : 1)
          assert.equal(study.weightAt(i, weighting, +radius), map[i], `${what}, pixel ${i}`);
        near(study.shares(weighting, +radius), expected.shares, 1e-6, `${what}, shares of the weight`);
        for (const [loss, shares] of Object.entries(expected.loss_shares))
          near(study.shares(weighting, +radius, loss), shares, 1e-6, `${what}, shares of the loss of ${loss}`);
        for (const [loss, [up, down, top]] of Object.entries(expected.gradient ?? {})) {
          const gradient = study.residual(loss).map((residual, i) => out[i] * residual);
          const sum = (sign) => gradient.reduce((all, v) => all + Math.max(0, sign * v), 0);
          const most = gradient.reduce((all, v) => Math.max(all, Math.abs(v)), 0);
          near([sum(-1), sum(1)], [up, down], 2e-6, `${what}, gradient of ${loss}`);
          assert.ok(
            Math.abs(most - top) <= 2e-6 * top + 1e-10,
            `${what}, largest gradient of ${loss}: ${most}, ${top}`,
          );
        }
      }
    }
  });

test("largest values over all weightings and networks", () => {
  const answers = golden("study.json");
  for (const name of LABELLED) {
    const study = studyNamed(name);
    const entropy = study.losses.map((loss) => answers[name][loss].entropy.reduce((a, b) => Math.max(a, b), 0));
    for (const radius of study.size > 100 ? ["20"] : Object.keys(FILES.none[name])) {
      const all = Object.values(FILES).map((images) => images[name][radius]);
      const [w, wce] = ["top", "top_loss"].map((key) => Math.max(...all.map((one) => one[key])));
      const got = study.tops(+radius);
      assert.ok(Math.abs(got.w - w) <= 1e-7 * w && Math.abs(got.wce - wce) <= 1e-6 * wce, `${name}, ${radius}`);
      near(got.ce, Math.max(...entropy));
      const pushes = all.flatMap(({ gradient }) => Object.values(gradient ?? {}).map((sums) => sums[2]));
      const most = Math.max(...pushes);
      if (pushes.length) assert.ok(Math.abs(study.gradientTop(+radius) - most) <= 2e-6 * most + 1e-10, name);
    }
  }
});

test("of two classes a pixel weighs what its cell does, and the largest of the cells are those of the pixels", () => {
  let seen = 0;
  for (const name of LABELLED) {
    const study = studyNamed(name);
    if (study.classes.length !== 2) continue;
    const cells = study.cells();
    for (const weighting of ["none", "balanced", "balanced_set", "dilated"])
      for (const radius of [0, 1, 7, CONSTANTS.max_radius]) {
        const given = /** @type {import("../../dbce/web/core/weights.js").ClassWeights} */ (
          study.given(weighting, radius)
        );
        const by = weightsByCell(given);
        const map = study.weightMap(weighting, radius);
        same(
          Float32Array.from(cells, (cell) => by[cell]),
          map,
          `${name}, ${weighting}, radius ${radius}`,
        );
        assert.equal(tallyOfClasses(study, given).high, Math.max(...map), name);
        for (const loss of study.losses) {
          const products = study.crossEntropy(loss).map((c, i) => c * map[i]);
          const most = study.largestByCell(loss).map((c, k) => c * by[k]);
          assert.equal(Math.max(...most), Math.max(...products), `${name}, ${weighting}, ${loss}`);
          seen++;
        }
      }
  }
  assert.ok(seen > 0);
});

test("one class by itself weighs the same on all that it reaches, and the largest of the classes is the whole", () => {
  for (const name of LABELLED) {
    const study = studyNamed(name);
    for (const weighting of ["none", "balanced", "balanced_set", "dilated"])
      for (const radius of [0, 2, CONSTANTS.max_radius]) {
        const given = /** @type {import("../../dbce/web/core/weights.js").ClassWeights} */ (
          study.given(weighting, radius)
        );
        assert.ok(given.weights.every(Number.isFinite), name);
        if (weighting === "balanced" || weighting === "dilated")
          for (const cls of study.classes)
            assert.equal(given.weights[cls] > 0, study.areas[cls][given.reach] > 0, name);
        const most = new Float32Array(study.count);
        for (const cls of study.classes) {
          const alone = weightMap(study, given, new Float32Array(study.count).fill(7), cls);
          for (let i = 0; i < study.count; i++) {
            const reached = study.labels[i] !== IGNORE && study.distance[cls][i] <= given.reach;
            if (alone[i] !== (reached ? given.weights[cls] : 0))
              assert.fail(`${name}, ${weighting}, class ${cls}, ${i}`);
            most[i] = Math.max(most[i], alone[i]);
          }
        }
        same(study.weightMap(weighting, radius), most, `${name}, ${weighting}, radius ${radius}`);
      }
  }
});

test("a class without a pixel weighs nothing, and a pixel takes the largest weight that reaches it", () => {
  const facts = /** @type {any} */ ({
    labels: Uint8Array.of(0, 0, 1, IGNORE),
    classes: [0, 1, 2],
    ignored: 1,
    distance: [Uint8Array.of(0, 0, 1, 2), Uint8Array.of(2, 1, 0, 1), new Uint8Array(4).fill(255)],
  });
  const given = { weights: [0.25, 0.5, 0], reach: 1 };
  assert.deepEqual([...weightMap(facts, given, new Float32Array(4))], [0.25, 0.5, 0.5, 0]);
  assert.deepEqual(
    [...weightMap(facts, { ...given, weights: [0.5, 0.25, 0] }, new Float32Array(4))],
    [0.5, 0.5, 0.5, 0],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => weightAt(facts, i, given)),
    [0.25, 0.5, 0.5, 0],
  );
});
