// JPEG and WebP, which every browser decodes: all that it would do on its own beyond that, turning and converting
// colours, is kept from it, because Python does not do it here.
import { orientation, orientationOfExif, orientationOfXmp } from "./exif.js";
import { latin, viewOf, webpSize } from "./formats.js";
import { checkSize } from "./raster.js";
import { refusal } from "./refusal.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {{width: number, height: number}} Size */
/**
 * Bytes of a file and its media type -> size and RGBA, not turned; throws where it cannot.
 * @typedef {(data: Uint8Array, type: string) => Promise<Size & {data: Uint8ClampedArray}>} Codec
 */

/** @type {Codec} what a page and a worker have */
export async function browserCodec(data, type) {
  const options = /** @type {ImageBitmapOptions} */ ({ colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const bitmap = await createImageBitmap(new Blob([/** @type {BlobPart} */ (data)], { type }), options);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  context.drawImage(bitmap, 0, 0);
  const { width, height, data: pixels } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  bitmap.close();
  return { width, height, data: pixels };
}

/**
 * @param {Uint8Array} data
 * @param {string} name
 * @param {Codec} codec
 * @returns {Promise<Raster>}
 */
export async function decodeJpeg(data, name, codec) {
  const { plain, channels, width, height, exif, xmp } = segmentsOf(data, name);
  checkSize(width, height, name);
  const said = orientation(exif, xmp);
  const { data: pixels } = await decoded(plain, "image/jpeg", { width, height }, name, codec);
  const keep = channels === 1 ? 1 : 3;
  const out = new Uint8Array(width * height * keep);
  for (let i = 0, k = 0; i < pixels.length; i += 4) for (let c = 0; c < keep; c++) out[k++] = pixels[i + c];
  return { mode: keep === 1 ? "L" : "RGB", width, height, data: out, said, turn: said };
}

/**
 * @param {Uint8Array} data
 * @param {string} name
 * @param {Codec} codec
 * @returns {Promise<Raster>}
 */
export async function decodeWebp(data, name, codec) {
  const { width, height } = webpSize(data);
  checkSize(width, height, name);
  let [exif, xmp] = /** @type {(number | null)[]} */ ([null, null]);
  const plain = data.slice();
  const view = viewOf(plain);
  for (let at = 12; at + 8 <= plain.length;) {
    const length = view.getUint32(at + 4, true);
    const kind = latin(plain, at, at + 4);
    const body = plain.subarray(at + 8, at + 8 + length);
    if (kind === "EXIF") exif = orientationOfExif(body);
    if (kind === "XMP ") xmp = orientationOfXmp(new TextDecoder().decode(body));
    if (["EXIF", "XMP ", "ICCP"].includes(kind)) plain.fill(0x58, at, at + 4); // a chunk that nobody knows
    at += 8 + length + (length & 1);
  }
  if (latin(plain, 12, 16) === "VP8X") plain[20] &= ~0x2c; // neither colours, nor EXIF, nor XMP
  const said = orientation(exif, xmp);
  const { data: pixels } = await decoded(plain, "image/webp", { width, height }, name, codec);
  return { mode: "RGBA", width, height, data: new Uint8Array(pixels), said, turn: said };
}

/** @type {(data: Uint8Array, type: string, size: Size, name: string, codec: Codec) => any} */
async function decoded(data, type, size, name, codec) {
  let found;
  try {
    found = await codec(data, type);
  } catch {
    throw refusal("damaged", { name });
  }
  if (found.width !== size.width || found.height !== size.height) throw refusal("damaged", { name });
  return found;
}

/**
 * A JPEG without what would turn it or convert its colours, and what its segments say.
 * @param {Uint8Array} data
 * @param {string} name
 */
function segmentsOf(data, name) {
  const view = viewOf(data);
  const parts = [data.subarray(0, 2)];
  let [exif, xmp] = /** @type {(number | null)[]} */ ([null, null]);
  let [channels, width, height] = [0, 0, 0];
  let at = 2;
  for (;;) {
    while (at < data.length && (data[at] !== 0xff || data[at + 1] === 0xff)) at++;
    if (at + 4 > data.length) throw refusal(channels ? "damaged" : "rare_kind", { name, kind: "JPEG" });
    const marker = data[at + 1];
    if (marker === 0xda || marker === 0xd9) break;
    const bare = marker <= 1 || (marker >= 0xd0 && marker <= 0xd8);
    const end = at + 2 + (bare ? 0 : view.getUint16(at + 2));
    const body = data.subarray(at + 4, end);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker) && body.length > 5)
      [height, width, channels] = [(body[1] << 8) | body[2], (body[3] << 8) | body[4], body[5]];
    const head = latin(body, 0, 29);
    if (marker === 0xe1 && head.startsWith("Exif\0\0")) exif = orientationOfExif(body);
    if (marker === 0xe1 && head.startsWith("http://ns.adobe.com/xap/1.0/"))
      xmp = orientationOfXmp(new TextDecoder().decode(body));
    if (marker !== 0xe1 && marker !== 0xe2) parts.push(data.subarray(at, end));
    at = end;
  }
  if (!channels || !width || !height) throw refusal("rare_kind", { name, kind: "JPEG" });
  parts.push(data.subarray(at));
  const plain = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    plain.set(part, to);
    to += part.length;
  }
  return { plain, channels, width, height, exif, xmp };
}
