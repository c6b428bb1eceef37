import assert from "node:assert/strict";
import test from "node:test";
import { resizeImage, resizeLabels, resizeMask, rint } from "../../dbce/web/core/resize.js";
import { digest, golden, noise } from "./golden_readers.js";

test("halves go to the even number", () => {
  assert.deepEqual([-1.5, -0.5, 0.49, 0.5, 1.5, 2.5, 2.51].map(rint), [-2, 0, 0, 0, 2, 2, 3]);
});

for (const { seed, height, width, size, ...expected } of golden("resize"))
  test(`${width} x ${height} at ${size}, to the last bit as OpenCV`, () => {
    const from = { width, height };
    const coarse = noise(20_000, seed);
    const labels = new Uint8Array(height * width);
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++)
        labels[i] = [0, 0, 1, 255][coarse[Math.floor(y / 7) * 100 + Math.floor(x / 13)] >> 6];
    const object = labels.map((label) => +(label === 1));
    const found = {
      image: resizeImage(noise(height * width * 3, seed), from, size, 3),
      mask: resizeMask(object, from, size),
      ignoring: resizeMask(labels, from, size),
      labels: resizeLabels(labels, from, size),
    };
    for (const [name, array] of Object.entries(found)) assert.equal(digest(array), expected[name], name);
  });
