import assert from "node:assert/strict";
import test from "node:test";
import { inflateSync } from "node:zlib";
import { compose } from "../../dbce/web/backends/onnx/compose.js";
import { base64 } from "../../dbce/web/core/scene.js";
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
      const scene = compose(opened, new Map(), { size: 320, classes });
      assert.deepEqual(scene.pixels, opened.image);
      here.image = digest(opened.image);
      here.labels = opened.labels && digest(opened.labels);
      here.data = digest(Buffer.concat(/** @type {Uint8Array[]} */ (Object.values(scene.unpacked))));
      for (const key of ["title", "note", "place", "numbering"]) here[key] = /** @type {any} */ (scene)[key];
      const { volume } = opened;
      if (volume) {
        here.volume = { title: volume.title, count: volume.depth, shape: volume.shape, grey: digest(volume.grey) };
      }
    }
    assert.deepEqual(here, found);
  });

test("maps of networks are in a scene as they are", () => {
  const steps = Int16Array.from(noise(256, 3), (value) => (value - 128) * 255);
  const labels = noise(256, 4).map((value) => +(value > 200));
  const opened = { image: noise(768, 5), labels, title: "", note: "", shape: [16, 16], place: null, numbering: null };
  const given = /** @type {any} */ ({ ...opened, volume: null });
  const { unpacked, losses } = compose(given, new Map([["ce", steps]]), { size: 16, classes: 2 });
  assert.deepEqual(losses, ["ce"]);
  assert.deepEqual(Object.keys(unpacked), ["logit:ce", "labels", "distance:0", "distance:1"]);
  assert.equal(unpacked["logit:ce"], steps);
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
  const given = /** @type {any} */ ({ ...opened, volume: null });
  const arrays = compose(given, new Map([["ce", steps]]), { size, classes: 3 }).unpacked;
  assert.ok(arrays["found:ce"].every((label) => label === 1));
  assert.deepEqual([...arrays["entropy:ce"]].slice(0, 4), [2000, 100, 2000, 0]);
});

test("a PNG is read as it was written", async () => {
  const image = noise(3 * 20 * 20, 8);
  assert.deepEqual((await readPicture(await png(image, { width: 20, height: 20 }, 3), "x.png")).pixels, image);
});
