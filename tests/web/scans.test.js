import assert from "node:assert/strict";
import test from "node:test";
import { inflateSync } from "node:zlib";
import { h5Reader } from "../../dbce/web/readers/h5.js";
import { InputError } from "../../dbce/web/readers/refusal.js";
import { fullest, readVolume } from "../../dbce/web/readers/volumes.js";
import { digest, golden } from "./golden_readers.js";

const h5 = h5Reader(() => import("h5wasm"));

/** What the page does not read, though Python does; it says so. */
const UNREAD = ["lzf.npy.h5"];

/** @param {{name: string, file: string} | null} given */
const fileOf = (given) =>
  given && { name: given.name, data: new Uint8Array(inflateSync(Buffer.from(given.file, "base64"))) };

for (const [number, { image, mask, numbering, found }] of golden("scans").entries())
  test(`${number}: ${image.name}${mask ? ` with ${mask.name}` : ""} as in Python`, async () => {
    let here;
    try {
      const volume = await readVolume(fileOf(image), fileOf(mask), 24, { numbering, h5 });
      const { grey, labels, depth, shape, notes } = volume;
      here = {
        grey: digest(grey),
        labels: labels && digest(labels),
        shape: [depth, ...shape],
        fullest: fullest(volume),
      };
      here = { ...here, notes, numbering: volume.numbering };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      here = { error: error.message };
    }
    if (UNREAD.includes(image.name)) assert.match(here.error, /compressed in an unusual way; save it with gzip/);
    else assert.deepEqual(here, found);
  });
