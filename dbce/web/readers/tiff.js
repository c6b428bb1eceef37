// The first page of a TIFF: grey, palette and colour of any depth, plain, LZW, deflated, packed bits or Group 4. What
// libtiff reads beyond that (other fax, JPEG, LZMA, WebP or Zstandard inside, CMYK, Lab) is refused here. Twin of what
// Pillow makes of one.
import { group4 } from "./fax.js";
import { tiffDirectory, tiffStart, viewOf } from "./formats.js";
import { inflateUpTo } from "./inflate.js";
import { KEPT_PIXELS, MAX_PIXELS, checkSize } from "./raster.js";
import { refusal } from "./refusal.js";

/** @typedef {import("./raster.js").Raster} Raster */
/** @typedef {import("./formats.js").Tag} Tag */
/** @typedef {(tag: number, usual?: number) => number[]} Reader values of a tag */

const T = { width: 256, height: 257, bits: 258, compression: 259, photometric: 262, fill: 266, strips: 273 };
const U = { orientation: 274, samples: 277, rows: 278, sizes: 279, planar: 284, predictor: 317, colours: 320 };
const V = { tileWidth: 322, tileHeight: 323, tiles: 324, tileSizes: 325, extra: 338, format: 339 };
const SIZES = /** @type {Record<number, number>} */ ({ 1: 1, 3: 2, 4: 4, 16: 8 });

/**
 * @param {Uint8Array} data
 * @param {string} name
 * @returns {Promise<Raster>}
 */
export async function decodeTiff(data, name) {
  try {
    return await decode(data, name);
  } catch (error) {
    if (error instanceof RangeError) throw refusal("damaged", { name });
    throw error;
  }
}

/**
 * @param {Uint8Array} data
 * @param {string} name
 * @returns {Promise<Raster>}
 */
async function decode(data, name) {
  const { little, big, at } = tiffStart(data);
  const { tags } = tiffDirectory(data, at, little, big);
  const read = readerOf(data, tags, little, big);
  const [[width], [height]] = [read(T.width), read(T.height)];
  if (!width || !height) throw refusal("rare_kind", { name, kind: "TIFF" });
  const layout = layoutOf(read, name);
  checkSize(width, height, name, layout.depth > 16 ? KEPT_PIXELS : MAX_PIXELS);
  const samples = await samplesOf(data, read, layout, width, height, little, name);
  const [said] = read(U.orientation, 1);
  const turn = said >= 1 && said <= 8 ? said : 1;
  return { ...rasterOf(samples, layout, read, width, height), said: turn, turn };
}

/** @type {(data: Uint8Array, tags: Map<number, Tag>, little: boolean, big: boolean) => Reader} */
function readerOf(data, tags, little, big) {
  const view = viewOf(data);
  return (id, usual) => {
    const tag = tags.get(id);
    if (!tag) return usual === undefined ? [] : [usual];
    const size = SIZES[tag.kind];
    if (!size) return usual === undefined ? [] : [usual];
    let from = tag.at;
    if (size * tag.count > (big ? 8 : 4))
      from = big ? Number(view.getBigUint64(from, little)) : view.getUint32(from, little);
    if (from + size * tag.count > data.length) throw new RangeError("beyond the end");
    return Array.from({ length: tag.count }, (_, i) => {
      const place = from + i * size;
      if (size === 1) return view.getUint8(place);
      if (size === 2) return view.getUint16(place, little);
      return size === 4 ? view.getUint32(place, little) : Number(view.getBigUint64(place, little));
    });
  };
}

/** @typedef {{depth: number, channels: number, photometric: number, format: number, extra: number}} Layout */

/** @type {(read: Reader, name: string) => Layout} */
function layoutOf(read, name) {
  const rare = refusal("rare_kind", { name, kind: "TIFF" });
  const bits = read(T.bits, 1);
  const [depth] = bits;
  const [channels] = read(U.samples, 1);
  const [photometric] = read(T.photometric, 0);
  const [format] = read(V.format, 1);
  const [extra = 0] = read(V.extra);
  const [fill] = read(T.fill, 1);
  const grey = photometric <= 1;
  const depths = grey && channels === 1 ? [1, 2, 4, 8, 12, 16, 32] : photometric === 2 ? [8, 16] : [8];
  if (photometric === 3 && channels === 1) depths.push(1, 2, 4);
  const counts = { 0: [1, 2], 1: [1, 2], 2: [3, 4], 3: [1] }[photometric] ?? [];
  const whole = bits.every((one) => one === depth) && fill === 1;
  if (!whole || !depths.includes(depth) || !counts.includes(channels)) throw rare;
  if (format > 3 || (format === 3 && depth < 32)) throw rare;
  return { depth, channels, photometric, format, extra };
}

/**
 * Samples of all strips or tiles, pixel by pixel.
 * @param {Uint8Array} data
 * @param {Reader} read
 * @param {Layout} layout
 * @param {number} width
 * @param {number} height
 * @param {boolean} little
 * @param {string} name
 */
async function samplesOf(data, read, layout, width, height, little, name) {
  const { depth, channels } = layout;
  const tiled = read(V.tiles).length > 0;
  const [w] = tiled ? read(V.tileWidth) : [width];
  const [h] = tiled ? read(V.tileHeight) : [Math.min(read(U.rows, height)[0], height)];
  const apart = read(U.planar, 1)[0] === 2 && channels > 1;
  const [offsets, lengths] = tiled ? [read(V.tiles), read(V.tileSizes)] : [read(T.strips), read(U.sizes)];
  const [compression] = read(T.compression, 1);
  const [predictor] = read(U.predictor, 1);
  const held = apart ? 1 : channels;
  const stride = Math.ceil((w * held * depth) / 8);
  const out = arrayOf(layout, width * height * channels);
  const [across, down] = [Math.ceil(width / w), Math.ceil(height / h)];
  for (let plane = 0, k = 0; plane < (apart ? channels : 1); plane++)
    for (let row = 0; row < down; row++)
      for (let column = 0; column < across; column++, k++) {
        const rows = tiled ? h : Math.min(h, height - row * h);
        const most = stride * rows;
        const length = lengths[k] ?? most;
        if (offsets[k] === undefined || (compression !== 1 && offsets[k] + length > data.length))
          throw refusal("damaged", { name });
        const part = data.subarray(offsets[k], offsets[k] + length);
        const piece = await unpacked(part, compression, most, name, depth * channels === 1 ? [w, rows] : null);
        if (piece.length < most) throw refusal("damaged", { name });
        if (predictor === 2) sumAcross(piece, stride, rows, held, depth, little);
        else if (predictor === 3) floatsTogether(piece, stride, rows, held, depth, little);
        const view = viewOf(piece);
        for (let y = 0; y < rows && row * h + y < height; y++)
          for (let x = 0; x < w && column * w + x < width; x++)
            for (let c = 0; c < held; c++)
              out[((row * h + y) * width + column * w + x) * channels + (apart ? plane : c)] = sampleAt(
                view, y * stride, x * held + c, layout, little); // prettier-ignore
      }
  return out;
}

/** @type {(layout: Layout, count: number) => import("./raster.js").Values} */
function arrayOf({ depth, format }, count) {
  if (format === 3) return new Float32Array(count);
  if (depth <= 8) return new Uint8Array(count);
  if (depth <= 16) return format === 2 ? new Int16Array(count) : new Uint16Array(count);
  return new Int32Array(count); // as Pillow holds them, whatever their sign
}

/** @type {(view: DataView, start: number, index: number, layout: Layout, little: boolean) => number} */
function sampleAt(view, start, index, { depth, format }, little) {
  if (depth === 8) return view.getUint8(start + index);
  if (depth === 16) return view.getUint16(start + 2 * index, little);
  if (depth === 32)
    return format === 3 ? view.getFloat32(start + 4 * index, little) : view.getInt32(start + 4 * index, little);
  const bit = index * depth;
  const at = start + (bit >> 3);
  if (depth === 12) {
    const [first, second] = [view.getUint8(at), view.getUint8(at + 1)];
    return bit & 7 ? ((first & 15) << 8) | second : (first << 4) | (second >> 4);
  }
  return (view.getUint8(at) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** @type {(piece: Uint8Array, how: number, most: number, name: string, bits: number[] | null) => Promise<any>} */
async function unpacked(piece, compression, most, name, bits) {
  if (compression === 4 && bits) return group4(piece, bits[0], bits[1]);
  if (compression === 1) return piece.slice(0, most);
  if (compression === 5) return lzw(piece, most, name);
  if (compression === 8 || compression === 32946) return inflateUpTo(piece, "deflate", most);
  if (compression === 32773) return packBits(piece, most);
  throw refusal("rare_kind", { name, kind: "TIFF" });
}

/** @type {(piece: Uint8Array, most: number) => Uint8Array} */
function packBits(piece, most) {
  const out = new Uint8Array(most);
  let end = 0;
  for (let at = 0; at < piece.length && end < most;) {
    const control = (piece[at++] << 24) >> 24;
    if (control >= 0) {
      for (let i = 0; i <= control && end < most; i++) out[end++] = piece[at + i];
      at += control + 1;
    } else if (control > -128) {
      const count = Math.min(1 - control, most - end);
      out.fill(piece[at++], end, (end += count));
    }
  }
  return out.subarray(0, end);
}

/** @type {(piece: Uint8Array, most: number, name: string) => Uint8Array} */
function lzw(piece, most, name) {
  const out = new Uint8Array(most);
  const [start, length] = [new Uint32Array(4097), new Uint32Array(4097)]; // of what a code stands for, in `out`
  let [bits, held, size, next, previous, end] = [0, 0, 9, 258, -1, 0];
  for (let at = 0; end < most;) {
    while (held < size && at < piece.length) {
      bits = ((bits << 8) | piece[at++]) & 0xffffff;
      held += 8;
    }
    if (held < size) break;
    const code = (bits >> (held - size)) & ((1 << size) - 1);
    held -= size;
    if (code === 257) break;
    if (code === 256) {
      [size, next, previous] = [9, 258, -1];
      continue;
    }
    if (code > next || (previous < 0 && code > 255)) throw refusal("damaged", { name });
    const here = end;
    const count = code < 256 ? 1 : code < next ? length[code] : (previous < 256 ? 1 : length[previous]) + 1;
    if (code < 256) out[end++] = code;
    else {
      const from = code < next ? start[code] : start[4096];
      for (let i = 0; i < count && end < most; i++) out[end++] = out[from + i];
    }
    if (previous >= 0 && next < 4096) [start[next], length[next]] = [start[4096], length[4096] + 1];
    if (previous >= 0) next++;
    [start[4096], length[4096], previous] = [here, count, code]; // the last string
    if (next + 1 >= 1 << size && size < 12) size++;
  }
  return out.subarray(0, end);
}

/** @type {(piece: Uint8Array, stride: number, rows: number, held: number, depth: number, little: boolean) => void} */
function sumAcross(piece, stride, rows, held, depth, little) {
  const view = viewOf(piece);
  const bytes = depth / 8;
  for (let y = 0; y < rows; y++)
    for (let at = y * stride + held * bytes; at < (y + 1) * stride; at += bytes) {
      const before = at - held * bytes;
      if (bytes === 1) piece[at] += piece[before];
      else if (bytes === 2) view.setUint16(at, view.getUint16(at, little) + view.getUint16(before, little), little);
      else if (bytes === 4) view.setUint32(at, view.getUint32(at, little) + view.getUint32(before, little), little);
    }
}

/** @type {(piece: Uint8Array, stride: number, rows: number, held: number, depth: number, little: boolean) => void} */
function floatsTogether(piece, stride, rows, held, depth, little) {
  const bytes = depth / 8;
  const count = stride / bytes;
  for (let y = 0; y < rows; y++) {
    const row = piece.subarray(y * stride, (y + 1) * stride);
    for (let i = held; i < stride; i++) row[i] += row[i - held];
    const copy = row.slice(); // the highest bytes of all values come first
    for (let i = 0; i < count; i++)
      for (let b = 0; b < bytes; b++) row[i * bytes + (little ? bytes - 1 - b : b)] = copy[b * count + i];
  }
}

/** @type {(samples: any, layout: Layout, read: Reader, width: number, height: number) => Raster} */
function rasterOf(samples, { depth, channels, photometric, format, extra }, read, width, height) {
  const base = { width, height };
  if (photometric <= 1 && channels === 1) {
    if (depth > 8) {
      const inverted = photometric === 0 && format === 1 ? depth : 0;
      return { ...base, mode: "deep", data: samples, inverted };
    }
    const most = 2 ** depth - 1;
    /** @type {Uint8Array} */
    const grey = samples.map((/** @type {number} */ v) => ((photometric ? v : most - v) * 255) / most);
    return { ...base, mode: "L", data: grey, bilevel: depth === 1 };
  }
  if (photometric <= 1) return extra === 2 ? { ...base, mode: "LA", data: samples } : greyOf(samples, base);
  if (photometric === 3) {
    const colours = read(U.colours);
    const third = colours.length / 3;
    const palette = new Uint8Array(768);
    for (let i = 0; i < Math.min(256, third); i++)
      for (let c = 0; c < 3; c++) palette[3 * i + c] = colours[c * third + i] >> 8;
    return { ...base, mode: "P", data: samples, palette };
  }
  /** @type {Uint8Array} */
  const data = depth === 16 ? Uint8Array.from(samples, (/** @type {number} */ v) => v >> 8) : samples;
  if (channels === 3) return { ...base, mode: "RGB", data };
  if (extra === 2) return { ...base, mode: "RGBA", data };
  if (extra === 1) return { ...base, mode: "RGBA", data: straight(data) };
  return { ...base, mode: "RGB", data: data.filter((_, i) => i % 4 < 3) };
}

/** @type {(samples: Uint8Array, base: {width: number, height: number}) => Raster} */
const greyOf = (samples, base) => ({ ...base, mode: "L", data: samples.filter((_, i) => i % 2 === 0) });

/** @param {Uint8Array} data colours that were multiplied by their opacity -> as they were, as Pillow's RGBa to RGBA */
function straight(data) {
  const out = data.slice();
  for (let i = 0; i < out.length; i += 4)
    for (let c = 0; c < 3; c++) {
      const alpha = data[i + 3];
      if (alpha !== 255 && alpha !== 0) out[i + c] = Math.min(255, Math.floor((255 * data[i + c]) / alpha));
    }
  return out;
}
