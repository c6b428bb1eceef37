import assert from "node:assert/strict";
import test from "node:test";
import { inflateSync } from "node:zlib";
import { namedMask, readGiven, recognise } from "../../dbce/web/readers/pairs.js";
import { digest, golden, told } from "./golden_readers.js";

/** @type {Map<string, {name: string, data: Uint8Array}>} */
const known = new Map();
for (const { name, file } of golden("pictures"))
  known.set(name, { name, data: new Uint8Array(inflateSync(Buffer.from(file, "base64"))) });
const { pairs, dropped } = golden("pairs");

for (const { given, found } of pairs)
  test(`${given.join(", ")} as in Python`, async () => {
    const [image, mask, classes, numbering] = given;
    const here = await told(async () => {
      const pair = await readGiven(known.get(image), mask && known.get(mask), { classes, numbering });
      const labels = pair.mask && digest(pair.mask.labels);
      return { notes: pair.notes, numbering: pair.mask?.numbering ?? null, labels };
    });
    assert.deepEqual(here, found);
  });

for (const { files, classes, found } of dropped)
  test(`dropped, ${classes} classes: ${files.join(", ") || "nothing"}`, async () => {
    const given = files.map((/** @type {string} */ name) => known.get(name));
    assert.deepEqual(await told(() => recognise(given, { classes })), found);
  });

test("a name says that it is a mask", () => {
  for (const name of ["a_mask.png", "GroundTruth.tif", "x-gt.png", "seg12.png", "labels/img.seg.png"])
    assert.ok(namedMask(name), name);
  for (const name of ["frame.png", "gtx.png", "mask/frame.png", "segue.png"]) assert.ok(!namedMask(name), name);
});
