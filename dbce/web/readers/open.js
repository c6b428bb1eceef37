// From what the page asks for to what the networks are given: files become a picture of the page's size, perhaps its
// labels, a title and a note. Twin of dbce/page/studio.py and dbce/page/scans.py, but for the networks.
import { IGNORE } from "../core/dilation.js";
import { resizeImage, resizeLabels, resizeMask } from "../core/resize.js";
import { bytes, inflate } from "../core/scene.js";
import { fit, isVolume, namedMask, readAny, readGiven, recognise, say } from "./pairs.js";
import { MAX_BYTES, checkBytes } from "./pictures.js";
import { InputError, plainName, refusal, sentence } from "./refusal.js";
import { MAX_BYTES as MAX_VOLUME, fullest, readVolume } from "./volumes.js";

/** @typedef {import("./pairs.js").File} File */
/** @typedef {import("./pairs.js").Roles} Roles */
/** @typedef {{name: string, data: string | Uint8Array}} Sent in base64, or as it is */
/** @typedef {{pixels: Uint8Array, title: string}} Example size * size * 3, RGB */
/**
 * @typedef {object} Options
 * @property {number} classes of the task, background included
 * @property {boolean} [scan] whether the task is one of scans; one of several classes is, if not given
 * @property {number} size pixels a side of the page
 * @property {(index: number) => Promise<Example | null>} example of which a mask is given; null if there is none
 * @property {import("./codec.js").Codec} [codec]
 * @property {import("./volumes.js").H5Reader} [h5]
 */
/**
 * An image that was opened.
 * @typedef {object} Opened
 * @property {Uint8Array} image size * size * 3, RGB
 * @property {Uint8Array | null} labels size * size
 * @property {string} title
 * @property {string} note
 * @property {[number, number]} shape height and width as it came
 * @property {[number, number] | null} place number of the slice, and of all slices
 * @property {string | null} numbering
 * @property {import("./volumes.js").Volume & {title: string} | null} volume a scan that was opened
 */
/** @typedef {{image: number | null, mask: number | "waiting" | null}} Took which of the files is what */
/** @typedef {{opened?: Opened, took?: Took, error?: string, waiting?: boolean}} Answer */

/**
 * What the page asks for with files: `{image, mask}`, `{example, mask}`, `{files, waiting}` or `{plane}`. An example
 * without a mask has a scene already, and is not asked for here.
 * @param {Record<string, any>} request
 * @param {Options} options
 * @returns {Promise<Answer>} with a sentence in `error` where something cannot be read
 */
export async function openRequest(request, options) {
  try {
    return "files" in request ? await openDropped(request, options) : { opened: await open(request, options) };
  } catch (error) {
    if (error instanceof InputError) return { error: error.message };
    throw error;
  }
}

/** @type {(options: Options) => boolean} */
const isOfScans = ({ classes, scan = classes > 2 }) => scan;

/** @type {(request: Record<string, any>, options: Options) => Promise<Answer>} */
async function openDropped({ files, waiting, ...base }, options) {
  const limit = isOfScans(options) ? MAX_VOLUME : MAX_BYTES;
  const given = files.map((/** @type {Sent} */ file) => received(file, limit));
  const roles = await rolesOf(given, options);
  const took = { image: roles.image, mask: roles.mask };
  if (roles.image !== null) base = { image: given[roles.image] };
  if (roles.mask !== null) {
    base.mask = given[roles.mask];
    delete base.numbering; // other labels may be in another one
  }
  try {
    if (roles.mask === null && waiting)
      try {
        const opened = await open({ ...base, mask: waiting }, options, sentence("dropped_before"));
        return { opened, took: { ...took, mask: "waiting" } };
      } catch (error) {
        if (!(error instanceof InputError)) throw error; // else it is of another image
      }
    return { opened: await open(base, options, roles.sentence), took };
  } catch (error) {
    if (!(error instanceof InputError) || roles.image !== null) throw error;
    return { error: sentence("drop_image", { error: error.message }), waiting: true };
  }
}

/** @type {(file: Sent, most: number) => File} */
function received({ name, data }, most) {
  const file = { name: plainName(name), data: typeof data === "string" ? bytes(data) : data };
  checkBytes(file.data, file.name, most);
  return file;
}

/**
 * Scans are told from their labels by name; where neither is called so, the second is the labels.
 * @param {File[]} files
 * @param {Options} options
 * @returns {Promise<Roles>}
 */
async function rolesOf(files, options) {
  if (!isOfScans(options) || !files.some(isVolume) || files.length > 2) return recognise(files, options);
  if (files.length === 1) return { image: 0, mask: null, sentence: "" };
  const names = files.map(({ name }) => name);
  const mask = namedMask(names[0]) && !namedMask(names[1]) ? 0 : 1;
  const words = sentence("scan_and_labels", { image: names[1 - mask], mask: names[mask] });
  return { image: 1 - mask, mask, sentence: words };
}

/** @type {(request: Record<string, any>, options: Options, said?: string) => Promise<Opened>} */
async function open(request, options, said = "") {
  const { classes, size } = options;
  const scan = isOfScans(options);
  const limit = scan ? MAX_VOLUME : MAX_BYTES;
  if ("plane" in request && scan) return openPlane(request.plane, options);
  const mask = request.mask ? received(request.mask, limit) : null;
  const numbering = request.numbering ?? null;
  if (request.image) {
    const image = received(request.image, limit);
    if (scan && isVolume(image)) return openVolume(image, mask, numbering, options, said);
    if (scan) checkBytes(image.data, image.name);
    if (scan && mask) checkBytes(mask.data, mask.name);
    const pair = await readGiven(image, mask, { classes, scan, numbering, codec: options.codec });
    const { picture } = pair;
    const title = `${image.name}, ${picture.size.width} \u00d7 ${picture.size.height} px`;
    const labels = labelsOf(pair.mask, mask, options);
    return {
      image: resizeImage(picture.pixels, picture, size, 3),
      labels,
      title: mask ? `${title}, mask ${mask.name}` : title,
      note: noteOf(said, pair.notes, labels ? "" : sentence("no_mask")),
      shape: [picture.height, picture.width],
      place: null,
      numbering: pair.mask?.numbering ?? null,
      volume: null,
    };
  }
  const example = mask && Number.isInteger(request.example) ? await options.example(request.example) : null;
  if (!mask || !example) throw refusal("choose", {});
  const read = await readAny(mask, { classes, scan, numbering, codec: options.codec });
  const [square, pixels] = [{ width: size, height: size }, example.pixels];
  const picture = { pixels, ...square, size: square, orientation: 1, notes: [] };
  const notes = [...fit(picture, read, "the example", mask.name), ...say(read)];
  return {
    image: pixels,
    labels: labelsOf(read, mask, options),
    title: `${example.title}, mask ${mask.name}`,
    note: noteOf(said, notes, ""),
    shape: [size, size],
    place: null,
    numbering: read.numbering,
    volume: null,
  };
}

/** @type {(mask: import("./masks.js").Mask | null, file: File | null, options: Options) => Uint8Array | null} */
function labelsOf(mask, file, { classes, size }) {
  if (!mask || !file) return null;
  if (!holdsObject(mask.labels)) throw refusal("no_object", { name: file.name });
  const small = classes > 2 ? resizeLabels(mask.labels, mask, size) : resizeMask(mask.labels, mask, size);
  if (!holdsObject(small)) throw refusal("vanishes", { name: file.name, size });
  return small;
}

/** @param {Uint8Array} labels */
const holdsObject = (labels) => labels.some((label) => label > 0 && label !== IGNORE);

/** @type {(said: string, notes: string[], missing: string) => string} */
const noteOf = (said, notes, missing) =>
  [...(said ? [sentence("taken", { said })] : []), ...notes, ...(missing ? [missing] : [])].join(" ");

/** @type {(grey: Uint8Array) => Uint8Array} */
function rgbOf(grey) {
  const out = new Uint8Array(3 * grey.length);
  for (let i = 0, k = 0; i < grey.length; i++, k += 3) out[k] = out[k + 1] = out[k + 2] = grey[i];
  return out;
}

/** @type {(image: File, mask: File | null, numbering: string | null, o: Options, said: string) => Promise<Opened>} */
async function openVolume(image, mask, numbering, { size, h5 }, said) {
  const volume = await readVolume(image, mask, size, { numbering, h5 });
  const [number, count] = [fullest(volume), size * size];
  const [height, width] = volume.shape;
  const title = `${image.name}, ${width} \u00d7 ${height} px${mask ? `, labels ${mask.name}` : ""}`;
  const labels = volume.labels && volume.labels.slice(number * count, (number + 1) * count);
  return {
    image: rgbOf(volume.grey.subarray(number * count, (number + 1) * count)),
    labels,
    title: `${title}, slice ${number + 1} of ${volume.depth}`,
    note: noteOf(said, volume.notes, labels ? "" : sentence("no_labels_yet")),
    shape: volume.shape,
    place: [number, volume.depth],
    numbering: volume.numbering,
    volume: { ...volume, title },
  };
}

/** @type {(plane: any, options: Options) => Promise<Opened>} a slice as the page holds it */
async function openPlane({ grey, labels, title, place, shape }, { size }) {
  const [image, known] = [await inflate(grey), labels ? await inflate(labels) : null];
  if (image.length !== size * size || (known && known.length !== size * size)) throw refusal("plane", {});
  const note = known ? "" : sentence("no_mask");
  return { image: rgbOf(image), labels: known, title, note, shape, place, numbering: null, volume: null };
}
