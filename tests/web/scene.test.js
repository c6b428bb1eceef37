import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync, inflateSync } from "node:zlib";
import { IGNORE } from "../../dbce/web/core/dilation.js";
import {
  base64,
  bytes,
  deflate,
  differences as apart,
  inflate,
  packArrays,
  packLabels,
  sums,
  unpackArrays,
} from "../../dbce/web/core/scene.js";
import { golden, IMAGES, random, same } from "./golden.js";

const { differences, bits, scenes, coarse } = golden("scene.json");

test("scenes are unpacked to what Python packed", async () => {
  for (const [name, scene] of Object.entries(scenes)) {
    const arrays = await unpackArrays(scene);
    if (arrays.labels) assert.equal(arrays.labels.buffer.byteLength, arrays.labels.length, "they hold no other array");
    assert.deepEqual(Object.keys(arrays).sort(), Object.keys(IMAGES[name].arrays).sort());
    for (const [key, array] of Object.entries(arrays)) same(array, IMAGES[name].arrays[key], `${name}, ${key}`);
    assert.deepEqual([scene.size, scene.classes], [IMAGES[name].size, IMAGES[name].classes]);
    assert.deepEqual([scene.title, scene.note, scene.place, scene.numbering], [name, "a note", [3, 7], "btcv"]);
  }
});

test("logits that were sent as they were before they were enlarged are Python's, to the last step", async () => {
  for (const [name, { scene, steps }] of Object.entries(coarse)) {
    assert.equal(scene.arrays["logit:ce"].type, name.startsWith("33") ? "int16" : "coarse", name);
    same((await unpackArrays(scene))["logit:ce"], steps, name);
  }
});

test("differences are summed again, also where they wrap around", () => {
  for (const [name, { size, array, differences: parts }] of Object.entries(differences))
    same(sums(parts, size), array, `side ${name}`);
});

test("bits of a label are those of numpy.packbits", () => {
  for (const [name, expected] of Object.entries(bits)) {
    const { classes, arrays } = IMAGES[name];
    const asked = expected.length === 1 ? [1] : [...Array(classes).keys(), IGNORE];
    assert.deepEqual(
      asked.map((label) => packLabels(arrays.labels, label)),
      expected,
      name,
    );
  }
});

test("deflate and base64 are those of zlib and of Node, for blocks of any length", async () => {
  const draw = random(3);
  for (const length of [0, 1, 2, 3, 32767, 32768, 32769, 100000]) {
    const data = Uint8Array.from({ length }, () => draw(256));
    const text = Buffer.from(data).toString("base64");
    assert.equal(base64(data), text);
    same(bytes(text), data);
    same(new Uint8Array(inflateSync(Buffer.from(await deflate(data), "base64"))), data);
    same(await inflate(deflateSync(data).toString("base64")), data);
  }
});

test("what is packed is unpacked to the same", async () => {
  for (const [name, { size, arrays }] of Object.entries(IMAGES)) {
    const again = await unpackArrays(/** @type {any} */ ({ size, ...(await packArrays(arrays, size)) }));
    assert.deepEqual(Object.keys(again), Object.keys(arrays));
    for (const [key, array] of Object.entries(again)) same(array, arrays[key], `${name}, ${key}`);
  }
  for (const [name, { size, array, differences: parts }] of Object.entries(differences))
    same(apart(array, size), parts, `side ${name}, as Python takes it apart`);
});
