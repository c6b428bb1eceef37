// What a picture file is and what it claims, read from its bytes before any decoder runs. Twin of dbce/data/formats.py.
import { refusal } from "./refusal.js";

const MAX_SCANS = 100; // of a progressive JPEG
const MAX_PARTS = 20_000; // chunks, segments or blocks of a file
const MAX_ASIDE = 2_000_000; // bytes of a GIF before its first picture, and of a run-length coded BMP
const MAX_PAGES = 1000; // of a TIFF are counted

/** @typedef {"PNG" | "JPEG" | "TIFF" | "GIF" | "BMP" | "WEBP"} Kind */

/** @type {[string, Kind][]} */
const STARTS = [
  ["\x89PNG\r\n\x1a\n", "PNG"],
  ["\xff\xd8\xff", "JPEG"],
  ["II*\0", "TIFF"],
  ["MM\0*", "TIFF"],
  ["II+\0", "TIFF"],
  ["MM\0+", "TIFF"],
  ["GIF87a", "GIF"],
  ["GIF89a", "GIF"],
  ["BM", "BMP"],
];
const SVG = /** @type {[string, string]} */ (["SVG, a drawing without pixels", "export it as PNG"]);
/** @type {[string, [string, string]][]} */
const OTHERS = [
  ["%PDF", ["PDF", "export the picture in it as PNG"]],
  ["<svg", SVG],
  ["8BPS", ["a Photoshop file", "export it as PNG"]],
  ["%!PS", ["PostScript", "export it as PNG"]],
  ["\xc5\xd0\xd3\xc6", ["PostScript", "export it as PNG"]],
  ["\0\0\0\x0cjP  ", ["JPEG 2000", "export it as PNG"]],
  ["\xff\x4f\xff\x51", ["JPEG 2000", "export it as PNG"]],
  ["\xff\x0a", ["JPEG XL", "export it as JPEG"]],
  ["\0\0\0\x0cJXL ", ["JPEG XL", "export it as JPEG"]],
  ["v/1\x01", ["OpenEXR", "export it as PNG or TIFF"]],
  ["SIMPLE  =", ["FITS", "export it as PNG or TIFF"]],
  ["PK\x03\x04", ["a zip archive (.zip, .npz or an office document)", "take the picture out of it"]],
  ["\x1f\x8b", ["a gzip archive", "unpack it; scans (.nii.gz) are opened on the page for organs"]],
  ["\x89HDF", ["HDF5", "scans are opened on the page for organs"]],
];
/** @type {Record<string, string>} */
const BRANDS = {
  ...{ heic: "HEIC", heix: "HEIC", hevc: "HEIC", mif1: "HEIC", msf1: "HEIC", heim: "HEIC" },
  ...{ avif: "AVIF", avis: "AVIF", "crx ": "a camera's raw file" },
};

/**
 * Bytes as text, one character each.
 * @param {Uint8Array} data
 * @param {number} start
 * @param {number} end
 */
export const latin = (data, start, end) => String.fromCharCode(...data.subarray(start, end));

/** @param {Uint8Array} data */
export const viewOf = (data) => new DataView(data.buffer, data.byteOffset, data.byteLength);

/**
 * The one decoder that may open a file, and the pictures in it; of GIF and WebP 2 stands for several.
 * @param {Uint8Array} data
 * @param {string} name
 * @returns {{kind: Kind, pages: number}}
 */
export function examine(data, name) {
  const kind = kindOfFile(data, name);
  try {
    return { kind, pages: WALKS[kind](data, name) };
  } catch (error) {
    if (error instanceof RangeError) throw refusal("damaged", { name });
    throw error;
  }
}

/** @type {(data: Uint8Array, name: string) => Kind} */
function kindOfFile(data, name) {
  const head = latin(data, 0, 16);
  const start = STARTS.find(([text]) => head.startsWith(text));
  if (start) return start[1];
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "WEBP";
  let found = OTHERS.find(([text]) => head.startsWith(text))?.[1];
  if (head.slice(4, 8) === "ftyp" && BRANDS[head.slice(8, 12)])
    found = [BRANDS[head.slice(8, 12)], "export it as JPEG (iPhones: Settings, Camera, Formats, Most Compatible)"];
  else if (latin(data, 128, 132) === "DICM")
    found = ["DICOM", "export the picture as PNG; slices of a CT are opened on the page for organs"];
  else if (head.slice(0, 5).toLowerCase() === "<?xml" && latin(data, 0, 2000).includes("<svg")) found = SVG;
  if (found) throw refusal("another_format", { name, what: found[0], advice: found[1] });
  throw refusal("no_image", { name });
}

/** @type {(name: string, what: string) => Error} */
const strange = (name, what) => refusal("strange", { name, what });

/**
 * How often two bytes occur one after the other.
 * @param {Uint8Array} data
 * @param {number} first
 * @param {number} second
 * @param {number} from
 */
function countPairs(data, first, second, from = 0) {
  let count = 0;
  for (let at = data.indexOf(first, from); at >= 0; at = data.indexOf(first, at + 1))
    if (data[at + 1] === second) count++;
  return count;
}

/** @type {(data: Uint8Array, name: string) => number} */
function walkPng(data, name) {
  const view = viewOf(data);
  let [at, count, frames] = [8, 8, 1];
  while (at + 8 <= data.length) {
    const kind = latin(data, at + 4, at + 8);
    if (kind === "acTL") frames = view.getUint32(at + 8);
    if (kind === "IEND") break;
    at += 12 + view.getUint32(at);
    if (++count > MAX_PARTS) throw strange(name, `consists of more than ${MAX_PARTS} chunks`);
  }
  return frames;
}

/** @type {(data: Uint8Array, name: string) => number} */
function walkJpeg(data, name) {
  const view = viewOf(data);
  let at = 2;
  let steps = 0;
  for (; steps < MAX_PARTS; steps++) {
    if (view.getUint8(at) !== 0xff) {
      at = data.indexOf(0xff, at);
      if (at < 0) return 1;
      continue;
    }
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at += 1;
    else if (marker === 0xda || marker === 0xd9) break;
    else if (marker <= 1 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else at += 2 + view.getUint16(at + 2);
  }
  if (steps === MAX_PARTS) throw strange(name, `holds more than ${MAX_PARTS} segments before its pixels`);
  const scans = countPairs(data, 0xff, 0xda, at);
  if (scans > MAX_SCANS) throw refusal("many_scans", { name, scans, most: MAX_SCANS });
  return 1;
}

/** @type {(data: Uint8Array, name: string) => number} */
function walkGif(data, name) {
  const view = viewOf(data);
  /** @type {(at: number, flags: number) => number} */
  const afterTable = (at, flags) => at + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  /** @type {(at: number) => number} */
  const afterBlocks = (at) => {
    while (view.getUint8(at)) at += 1 + data[at];
    return at + 1;
  };
  let [at, pages] = [afterTable(13, view.getUint8(10)), 0];
  while (at < data.length && pages < 2 && data[at] !== 0x3b) {
    if (!pages && at > MAX_ASIDE) throw strange(name, "holds more beside its picture than in it");
    if (data[at] === 0x21) {
      const start = at;
      at = afterBlocks(at + 2);
      if (at - start > 300_000) throw strange(name, "holds a comment of more than 300 kB");
    } else if (data[at] === 0x2c) {
      pages++;
      if (data.length - at > 40 * MAX_ASIDE) break;
      at = afterBlocks(afterTable(at + 10, view.getUint8(at + 9)) + 1);
    } else break;
  }
  return Math.max(pages, 1);
}

/** @type {(data: Uint8Array, name: string) => number} */
function walkBmp(data, name) {
  const view = viewOf(data);
  if (view.getUint32(14, true) >= 40 && data.length > MAX_ASIDE && [1, 2].includes(view.getUint32(30, true)))
    throw refusal("long_coded", { name, most: MAX_ASIDE / 1e6 });
  return 1;
}

/** @type {(data: Uint8Array, name: string) => number} */
const walkWebp = (data) => (latin(data, 12, 16) === "VP8X" && viewOf(data).getUint8(20) & 2 ? 2 : 1);

/**
 * Width and height of a WebP by its header.
 * @param {Uint8Array} data
 */
export function webpSize(data) {
  const view = viewOf(data);
  const kind = latin(data, 12, 16);
  /** @param {number} at */
  const three = (at) => 1 + (view.getUint16(at, true) | (view.getUint8(at + 2) << 16));
  if (data.length < 30) return { width: 1, height: 1 };
  if (kind === "VP8X") return { width: three(24), height: three(27) };
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

const UNITS = [1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8]; // bytes of a TIFF's types

/**
 * An entry of a TIFF's directory.
 * @typedef {{kind: number, count: number, value: number, at: number}} Tag type, number of values, the first where it
 *   stands in place, and where that is
 */

/** @param {Uint8Array} data byte order, whether it is a BigTIFF, and where the first directory is */
export function tiffStart(data) {
  const view = viewOf(data);
  const little = data[0] === 0x49;
  const big = data[2] === 0x2b || data[3] === 0x2b;
  return { little, big, at: big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little) };
}

/**
 * A directory of a TIFF, and where the next one is.
 * @param {Uint8Array} data
 * @param {number} at
 * @param {boolean} little
 * @param {boolean} big
 */
export function tiffDirectory(data, at, little, big) {
  const view = viewOf(data);
  const number = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
  at += big ? 8 : 2;
  /** @type {Map<number, Tag>} */
  const tags = new Map();
  for (let i = 0; i < Math.min(number, 0xffff); i++, at += big ? 20 : 12) {
    const kind = view.getUint16(at + 2, little);
    const count = big ? Number(view.getBigUint64(at + 4, little)) : view.getUint32(at + 4, little);
    const place = at + (big ? 12 : 8);
    const value = kind === 3 ? view.getUint16(place, little) : view.getUint32(place, little);
    tags.set(view.getUint16(at, little), { kind, count, value, at: place });
  }
  const rest = data.length >= at + (big ? 8 : 4);
  return { tags, next: !rest ? 0 : big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little) };
}

/** @param {Tag} tag bytes that its values take */
export const tagBytes = ({ kind, count }) => count * (UNITS[kind] ?? 1);

/** @type {(data: Uint8Array, name: string) => number} */
function walkTiff(data, name) {
  const { little, big, at: first } = tiffStart(data);
  let [at, pages] = [first, 0];
  const seen = new Set();
  while (at && !seen.has(at) && seen.size < MAX_PAGES && (!seen.size || at < data.length)) {
    const { tags, next } = tiffDirectory(data, at, little, big);
    let claimed = 0;
    for (const tag of tags.values()) claimed += tagBytes(tag);
    if (claimed > data.length + 1000) throw strange(name, "has tags that claim more bytes than the file has");
    if (!seen.size && [6, 7].includes(tags.get(259)?.value ?? 0)) {
      const strips = Math.max(tags.get(273)?.count ?? 1, tags.get(324)?.count ?? 1);
      if (countPairs(data, 0xff, 0xda) > MAX_SCANS + 4 * strips) throw refusal("many_scans_tiff", { name });
    }
    if (!seen.size || !((tags.get(254)?.value ?? 0) & 1)) pages++; // the others are small copies of a page
    seen.add(at);
    at = next;
  }
  return pages;
}

/** @type {Record<Kind, (data: Uint8Array, name: string) => number>} */
const WALKS = { PNG: walkPng, JPEG: walkJpeg, GIF: walkGif, BMP: walkBmp, WEBP: walkWebp, TIFF: walkTiff };
