// An image and its mask: which of the files is which, whether they fit, and both of them read. Twin of
// dbce/data/pairs.py.
import { readLabels, readMask, sentenceOf } from "./masks.js";
import { RAW_MAX, renumberLabels } from "./numbering.js";
import { readPicture } from "./pictures.js";
import { InputError, refusal, sentence } from "./refusal.js";

/** @typedef {{name: string, data: Uint8Array}} File */
/** @typedef {import("./pictures.js").Picture} Picture */
/** @typedef {import("./masks.js").Mask} Mask */
/** @typedef {import("./codec.js").Codec} Codec */
/**
 * @typedef {object} Options
 * @property {number} [classes] of the task, background included; 2 if not given
 * @property {boolean} [scan] whether it is one of scans; those of several classes are, if not given
 * @property {string | null} [numbering] of the labels of a scan
 * @property {Codec} [codec]
 */
/** @typedef {{picture: Picture, mask: Mask | null, notes: string[]}} Pair */
/** @typedef {{image: number | null, mask: number | null, sentence: string}} Roles */
/** @typedef {"mask" | "photograph" | "grey" | "other"} Content other: no picture */

const MASK_NAME = /mask|truth|label|annot|segm|(^|[^a-z])(gt|seg)([^a-z]|$)/i;
const VOLUMES = [".nii", ".nii.gz", ".npz", ".h5", ".dcm"];
const COLOURS = 100; // of 16 shades a channel; a mask has fewer

/** @param {File} file whether it is read as a volume: by its name, or, if it is DICOM, by its first bytes */
export const isVolume = ({ name, data }) =>
  VOLUMES.some((end) => name.toLowerCase().endsWith(end)) || String.fromCharCode(...data.subarray(128, 132)) === "DICM";

/**
 * Read an image and perhaps its mask; an image that came alone and looks like a mask has a note that says so. Twin of
 * read_given.
 * @param {File} image
 * @param {File | null} mask
 * @param {Options} options
 * @returns {Promise<Pair>}
 */
export async function readGiven(image, mask, options = {}) {
  const picture = await readPicture(image.data, image.name, options.codec);
  if (mask) {
    const read = await readAny(mask, options);
    const fits = fit(picture, read, image.name, mask.name);
    return { picture, mask: read, notes: [...picture.notes, ...fits, ...say(read)] };
  }
  const alone = { picture, mask: null, notes: picture.notes };
  if (isVaried(picture) || (await recognise([image], options)).mask === null) return alone;
  return { ...alone, notes: [...picture.notes, sentence("looks_like_mask", { name: image.name })] };
}

/**
 * A mask of one object, or labels of several classes; those of a scan come out numbered as here.
 * @param {File} file
 * @param {Options} options
 * @returns {Promise<Mask>}
 */
export async function readAny(file, { classes = 2, scan = classes > 2, numbering = null, codec } = {}) {
  if (classes === 2) return readMask(file.data, file.name, codec);
  if (!scan) return readLabels(file.data, file.name, classes, codec);
  if (isVolume(file)) throw refusal("volume_labels", { name: file.name });
  const raw = await readLabels(file.data, file.name, RAW_MAX + 1, codec);
  return { ...raw, ...renumberLabels(raw.labels, file.name, numbering) };
}

/** @param {Mask} mask how it was read, in sentences of their own */
export function say(mask) {
  const words = sentenceOf(mask);
  return [`${words[0].toUpperCase()}${words.slice(1)}.`, ...mask.notes];
}

/**
 * Whether a mask belongs to an image by its size: warnings, or a refusal.
 * @param {Picture} picture
 * @param {Mask} mask
 * @param {string} imageName
 * @param {string} maskName
 */
export function fit(picture, mask, imageName, maskName) {
  const { orientation } = picture;
  const turned =
    orientation === 1
      ? sentence("mask_turned", { name: maskName, orientation: mask.orientation })
      : sentence("turned", { name: imageName, orientation });
  const alike = orientation === mask.orientation;
  const [a, b] = [picture.size, mask.size];
  if (a.width === b.width && a.height === b.height) {
    if (alike) return [];
    return [sentence("check_turned", { turned, other: orientation > 1 ? maskName : imageName })];
  }
  const sizes = { mask: maskName, image: imageName, mask_width: b.width, mask_height: b.height, ...a };
  const crossed = a.width === b.height && a.height === b.width;
  throw !alike && crossed ? refusal("sizes_turned", { ...sizes, turned }) : refusal("sizes", sizes);
}

/** @param {string} name whether a file's name says that it is a mask */
export const namedMask = (name) => MASK_NAME.test(name.replace(/^.*\//, "").replace(/(.)\.[^.]*$/, "$1"));

/**
 * Tell the image from the mask, by their content, and by their names where the content does not tell.
 * @param {File[]} files one or two
 * @param {Options} options
 * @returns {Promise<Roles>}
 */
export async function recognise(files, options = {}) {
  if (files.length < 1 || files.length > 2) throw refusal("file_count", { count: files.length });
  const names = files.map(({ name }) => name);
  const content = [];
  for (const file of files) content.push(await contentOf(file, options));
  let masks = names.map((name, i) => content[i] === "mask" || (content[i] !== "photograph" && namedMask(name)));
  if (files.length === 1)
    return masks[0]
      ? { image: null, mask: 0, sentence: sentence("mask_of_view", { name: names[0] }) }
      : { image: 0, mask: null, sentence: "" };
  if (masks[0] === masks[1]) masks = content.map((kind) => kind === "mask");
  if (masks[0] === masks[1]) masks = names.map(namedMask);
  if (masks[0] === masks[1]) {
    const both = content[0] === "mask" ? "both look like masks" : "neither is a mask";
    throw refusal("both_alike", { one: names[0], other: names[1], both });
  }
  const mask = masks.indexOf(true);
  const words = sentence("image_and_mask", { image: names[1 - mask], mask: names[mask] });
  return { image: 1 - mask, mask, sentence: words };
}

/** @param {Picture} picture whether it has more colours than any mask */
function isVaried({ pixels, width, height }) {
  const coarse = new Set();
  for (const i of sampled(width, height))
    coarse.add((pixels[i] >> 4) * 256 + (pixels[i + 1] >> 4) * 16 + (pixels[i + 2] >> 4));
  return coarse.size > COLOURS;
}

/**
 * Where the pixels of about 200 x 200 are.
 * @param {number} width
 * @param {number} height
 */
function sampled(width, height) {
  const step = Math.max(1, Math.floor(Math.min(width, height) / 200));
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const at = new Uint32Array(columns * rows); // at once: of a generator every step is an object
  for (let y = 0, i = 0; y < rows; y++)
    for (let x = 0; x < columns; x++, i++) at[i] = 3 * (y * step * width + x * step);
  return at;
}

/**
 * What a file is by its content.
 * @param {File} file
 * @param {Options} options
 * @returns {Promise<Content>}
 */
export async function contentOf(file, options) {
  try {
    await readAny(file, options);
    return "mask";
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
  try {
    const { pixels, width, height } = await readPicture(file.data, file.name, options.codec);
    const colours = new Set();
    let [spread, count] = [0, 0];
    for (const i of sampled(width, height)) {
      const [r, g, b] = [pixels[i], pixels[i + 1], pixels[i + 2]];
      spread += Math.max(r, g, b) - Math.min(r, g, b);
      count++;
      colours.add((r << 16) | (g << 8) | b);
    }
    return spread / count > 4 && colours.size > 64 ? "photograph" : "grey";
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return "other";
  }
}
