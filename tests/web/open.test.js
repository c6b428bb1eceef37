import assert from "node:assert/strict";
import test from "node:test";
import { inflateSync } from "node:zlib";
import { compose, differences } from "../../dbce/web/backends/onnx/compose.js";
import { base64, inflate, sums, unpackArrays } from "../../dbce/web/core/scene.js";
import { png } from "../../dbce/web/files/png.js";
import { openRequest } from "../../dbce/web/readers/open.js";
import { readPicture } from "../../dbce/web/readers/pictures.js";
import { digest, golden, noise } from "./golden_readers.js";

/** @type {Map<string, Uint8Array>} */
const known = new Map();
/** @param {string} file */
const unpacked = (file) => new Uint8Array(inflateSync(Buffer.from(file, "base64")));
for (const { name, file } of golden("pictures")) known.set(name, unpacked(file));
for (const { image, mask } of golden("scans"))
  for (const given of [image, mask]) if (given && !known.has(given.name)) known.set(given.name, unpacked(given.file));

/** @param {string} name */
const sent = (name) => ({ name, data: base64(/** @type {Uint8Array} */ (known.get(name))) });

/** @param {Record<string, any>} request with names of files -> with the files */
const filled = (request) =>
  Object.fromEntries(
    Object.entries(request).map(([key, value]) => {
      if (key === "example" || key === "numbering") return [key, value];
      return [key, Array.isArray(value) ? value.map(sent) : sent(value)];
    }),
  );

const examples = new Map([
  [0, { pixels: new Uint8Array(320 * 320 * 3), title: "Drawn example 1 of 4, not a patient" }],
  [1, { pixels: noise(320 * 320 * 3, 1), title: "Drawn example 2 of 4, not a patient" }],
]);

for (const [number, { task, request, found }] of golden("requests").entries())
  test(`${number}: ${task} ${JSON.stringify(request)} as Python answers`, async () => {
    const classes = task === "polyp" ? 2 : 9;
    const example = async (/** @type {number} */ index) => examples.get(index) ?? null;
    const answer = await openRequest(filled(request), { classes, size: 320, example });
    const { opened, ...rest } = answer;
    /** @type {Record<string, any>} */
    const here = { ...rest };
    if (opened) {
      const scene = await compose(opened, new Map(), { size: 320, classes });
      const picture = await readPicture(Buffer.from(scene.image.split(",")[1], "base64"), "scene.png");
      assert.deepEqual(picture.pixels, opened.image);
      here.image = digest(opened.image);
      here.labels = opened.labels && digest(opened.labels);
      here.data = digest(await inflate(scene.data));
      for (const key of ["title", "note", "place", "numbering"]) here[key] = /** @type {any} */ (scene)[key];
      const { volume } = opened;
      if (volume) {
        here.volume = { title: volume.title, count: volume.depth, shape: volume.shape, grey: digest(volume.grey) };
      }
    }
    assert.deepEqual(here, found);
  });

test("maps of networks come out of a scene as they went in", async () => {
  const size = 16;
  const steps = Int16Array.from(noise(512, 3), (value) => (value - 128) * 255).subarray(0, 256);
  const labels = noise(256, 4).map((value) => +(value > 200));
  const opened = { image: noise(768, 5), labels, title: "", note: "", shape: [16, 16], place: null, numbering: null };
  const scene = await compose(/** @type {any} */ ({ ...opened, volume: null }), new Map([["ce", steps]]), {
    size,
    classes: 2,
  });
  const arrays = await unpackArrays(scene);
  assert.deepEqual([...arrays["logit:ce"]], [...steps]);
  assert.deepEqual([...arrays.labels], [...labels]);
  assert.deepEqual([...sums(differences(steps, size), size)], [...steps]);
});

test("of several classes a scene holds the labels found and the cross entropy of the true ones", async () => {
  const size = 4;
  const steps = new Int16Array(3 * 16).fill(-2000);
  steps.fill(-100, 16, 32); // class 1 everywhere
  const labels = Uint8Array.from({ length: 16 }, (_, i) => [0, 1, 2, 255][i % 4]);
  const opened = {
    image: new Uint8Array(48),
    labels,
    title: "",
    note: "",
    shape: [4, 4],
    place: null,
    numbering: null,
  };
  const scene = await compose(/** @type {any} */ ({ ...opened, volume: null }), new Map([["ce", steps]]), {
    size,
    classes: 3,
  });
  const arrays = await unpackArrays(scene);
  assert.ok(arrays["found:ce"].every((label) => label === 1));
  assert.deepEqual([...arrays["entropy:ce"]].slice(0, 4), [2000, 100, 2000, 0]);
});

test("a PNG is read as it was written", async () => {
  const image = noise(3 * 20 * 20, 8);
  assert.deepEqual((await readPicture(await png(image, { width: 20, height: 20 }, 3), "x.png")).pixels, image);
});
