import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { areaCurve, distanceField, FAR, IGNORE, outline } from "../../dbce/web/core/dilation.js";
import { CONSTANTS, IMAGES, LABELLED, random, same, slowDistance } from "./golden.js";

test("constants are Python's", () => {
  assert.equal(IGNORE, CONSTANTS.ignore);
  assert.equal(FAR, CONSTANTS.far);
  assert.ok(CONSTANTS.max_radius < FAR, "every radius that is offered is one for which a distance field is exact");
  const html = readFileSync(new URL("../../dbce/web/viewer.html", import.meta.url), "utf8");
  for (const [, size] of html.matchAll(/(\d+) &times; \d+ px/g)) assert.equal(+size, CONSTANTS.work_size);
  for (const [field] of html.matchAll(/<input[^>]*data-field="radius"[^>]*>/g))
    for (const [, most] of field.matchAll(/max="(\d+)"/g)) assert.equal(+most, CONSTANTS.max_radius);
});

for (const name of LABELLED) {
  const { size, classes, arrays, areas, edge } = IMAGES[name];
  const every = [...Array(classes).keys()];

  test(`distances, areas and outlines: ${name}`, () => {
    const fields = every.map((cls) => distanceField(arrays.labels, cls, size));
    for (const cls of every) same(fields[cls], arrays["distance:" + cls], `distance to class ${cls}`);
    const curves = fields.map((field) => areaCurve(field, arrays.labels));
    assert.ok(curves.every((curve) => curve.length === FAR));
    for (const [radius, counts] of Object.entries(areas))
      assert.deepEqual(
        curves.map((curve) => curve[+radius]),
        counts,
        `areas at radius ${radius}`,
      );
    const inside = every.slice(1).map((cls) => outline((i) => arrays.labels[i] === cls, size));
    same(Int32Array.from(inside.flat()), edge, "outline");
  });
}

test("an absent class is reached from nowhere, on a side of any length", () => {
  for (const size of [1, 2, 64, 75, 76]) {
    const labels = new Uint8Array(size * size);
    const field = distanceField(labels, 1, size);
    same(field, new Uint8Array(size * size).fill(CONSTANTS.far));
    assert.equal(areaCurve(field, labels)[CONSTANTS.max_radius], 0);
  }
});

test("distances and areas by comparing every pixel with every other", () => {
  const draw = random(1);
  for (let size = 1; size <= 16; size++)
    for (let round = 0; round < 6; round++) {
      const some = 1 + draw(12); // the more, the rarer the object
      const labels = Uint8Array.from({ length: size * size }, () => (draw(some) ? (draw(9) ? 0 : IGNORE) : 1));
      for (const cls of [0, 1]) {
        const slow = slowDistance(labels, cls, size);
        same(distanceField(labels, cls, size), slow, `side ${size}, class ${cls}`);
        const curve = areaCurve(slow, labels);
        for (const radius of [0, 1, 3, 9, 254])
          assert.equal(curve[radius], labels.filter((label, i) => label !== IGNORE && slow[i] <= radius).length);
      }
    }
});

test("a single pixel is as far as Pythagoras says, up to the cap", () => {
  const size = 320;
  for (const [y, x] of [
    [0, 0],
    [319, 5],
    [160, 319],
  ]) {
    const labels = new Uint8Array(size * size);
    labels[y * size + x] = 1;
    const expected = labels.map((_, i) =>
      Math.min(255, Math.ceil(Math.sqrt((Math.floor(i / size) - y) ** 2 + ((i % size) - x) ** 2))),
    );
    same(distanceField(labels, 1, size), expected);
  }
});
