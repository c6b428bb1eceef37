// How a picture is to be turned: the orientation of its EXIF, or else of its XMP, as Pillow's getexif finds it.
import { latin, viewOf } from "./formats.js";

const ORIENTATION = 0x112;

/**
 * @param {Uint8Array} block EXIF, with or without "Exif\0\0" before it
 * @returns {number | null} null if it does not say
 */
export function orientationOfExif(block) {
  try {
    if (latin(block, 0, 6) === "Exif\0\0") block = block.subarray(6);
    const view = viewOf(block);
    const little = block[0] === 0x49;
    let at = view.getUint32(4, little);
    const count = view.getUint16(at, little);
    at += 2;
    for (let i = 0; i < count; i++, at += 12) {
      if (view.getUint16(at, little) !== ORIENTATION) continue;
      const kind = view.getUint16(at + 2, little);
      return kind === 3 ? view.getUint16(at + 8, little) : kind === 4 ? view.getUint32(at + 8, little) : 0;
    }
  } catch {
    // damaged EXIF beside whole pixels
  }
  return null;
}

/** @param {string} xmp @returns {number | null} */
export function orientationOfXmp(xmp) {
  const found = /tiff:Orientation(="|>)([0-9])/.exec(xmp);
  return found ? +found[2] : null;
}

/**
 * @param {number | null} exif
 * @param {number | null} xmp
 * @returns {number} 1 to 8
 */
export function orientation(exif, xmp = null) {
  const said = exif ?? xmp ?? 1;
  return said >= 1 && said <= 8 ? said : 1;
}
