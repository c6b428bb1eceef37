import assert from "node:assert/strict";
import test from "node:test";
import { inflateSync } from "node:zlib";
import { readLabels, readMask, sentenceOf } from "../../dbce/web/readers/masks.js";
import { readPicture } from "../../dbce/web/readers/pictures.js";
import { digest, golden, told } from "./golden_readers.js";

/** What the page does not read, though Python does; it says so. */
const UNREAD = ["cmyk.tif"];

/**
 * JPEG and WebP, which Node cannot decode: what Python decoded stands in, so that all but the decoder is tried.
 * @param {string} rgba in base64
 */
const standIn = (rgba) => async () => ({
  width: 40,
  height: 30,
  data: Uint8ClampedArray.from(Buffer.from(rgba, "base64")),
});

/** @param {{width: number, height: number}} size */
const pair = ({ width, height }) => [width, height];

/** @param {any} mask */
const ofMask = (mask) => ({
  labels: digest(mask.labels),
  rule: sentenceOf(mask),
  size: pair(mask.size),
  orientation: mask.orientation,
});

/** @param {any} picture */
const ofPicture = ({ pixels, size, orientation, notes }) => ({
  pixels: digest(pixels),
  size: pair(size),
  orientation,
  notes,
});

for (const { name, file, decoded, ...expected } of golden("pictures"))
  test(`${name} as in Python`, async () => {
    const data = new Uint8Array(inflateSync(Buffer.from(file, "base64")));
    const codec = decoded ? standIn(decoded) : undefined;
    const found = {
      picture: await told(async () => ofPicture(await readPicture(data, name, codec))),
      mask: await told(async () => ofMask(await readMask(data, name, codec))),
      labels: await told(async () => ofMask(await readLabels(data, name, 14, codec))),
    };
    if (!UNREAD.includes(name)) assert.deepEqual(found, expected);
    else
      for (const one of Object.values(found)) assert.match(/** @type {any} */ (one).error, /damaged or of a rare kind/);
  });
