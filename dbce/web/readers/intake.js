// Many files at once: which are images, which their masks, which predictions of them, and which cannot be used. By
// folders and stems as dbce/data/paired.py and dbce/data/folders.py do it, and by content where those do not tell.
import { baseName } from "./paths.js";
import { sentence } from "./refusal.js";

/** @typedef {"image" | "mask" | "prediction" | null} Role */
/** @typedef {{path: string, role?: Role}} Entry a file, by its path below what was chosen; what it was said to be */
/**
 * An image and what belongs to it, as numbers of entries.
 * @typedef {object} Member
 * @property {number} image
 * @property {number | null} mask
 * @property {Record<string, number>} predictions by set
 */
/** @typedef {{path: string, why: string}} Left a file that is not used, in a sentence */
/** @typedef {{members: Member[], left: Left[], notes: string[]}} Plan */
/** @typedef {import("./pairs.js").Content} Content */
/** @typedef {(number: number) => Promise<{content: Content, why: string}>} Look what a file holds; why it is "other" */
/**
 * @typedef {object} Sorted
 * @property {number} number of the entry
 * @property {Role} role
 * @property {string} set of a prediction
 * @property {string} place folders without those that say the role
 * @property {string} stem
 * @property {string} path
 */

const PICTURES = [".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif"];
/** Files of predictions, those that hold probabilities first. */
const ARRAYS = [".npy", ".npz"];
const PREDICTED = [".npy", ".npz", ".png", ".tif", ".tiff", ".nii", ".nii.gz"];
const SCANS = [".nii.gz", ".nii", ".npz", ".h5", ".dcm"];
const IMAGE_FOLDERS = ["images", "image", "imgs", "original"];
const MASK_FOLDERS = ["masks", "mask", "labels", "label", "gt", "groundtruth", "ground_truth", "ground truth"];
MASK_FOLDERS.push("annotations");
const ISIC = { image: /^is(ic|bi).*(input|_data)$/i, mask: /^is(ic|bi).*groundtruth$/i };
const PREDICTION_FOLDERS = ["predictions", "prediction", "preds", "pred", "probabilities", "probs"];
const MASK_ENDING = /[-_ ](segmentation|mask|masks|gt|label|labels|seg)$/i;
const PROBABLE = /[-_ .](pred|preds|prediction|predictions|prob|probs|probability|probabilities|softmax|logits)$/i;
const LABELS = /[-_ .](seg|segmentation|mask|label|labels)$/i; // as a prediction may be called as well
const CHANNEL = /_0000$/; // nnU-Net's images are called STEM_0000, its predictions STEM
const LITTER = /^\.|^thumbs\.db$|^desktop\.ini$|^sequences\.csv$|_superpixels\.\w+$/i;
const UNNAMED = "predictions";

/** @param {string} folder @returns {Role} */
function roleOf(folder) {
  const name = folder.toLowerCase();
  if (PREDICTION_FOLDERS.includes(name)) return "prediction";
  if (MASK_FOLDERS.includes(name) || ISIC.mask.test(name)) return "mask";
  return IMAGE_FOLDERS.includes(name) || ISIC.image.test(name) ? "image" : null;
}

/** @param {string} name @param {string[]} endings the one that it has, or "" */
const endingOf = (name, endings) => endings.find((ending) => name.toLowerCase().endsWith(ending)) ?? "";

/** A name that may stand in tables and links. Twin of check_names. @param {string} name */
export const setName = (name) =>
  name
    .replace(/[^\p{L}\p{N}_ +()-]+/gu, " ")
    .replace(/^[^\p{L}\p{N}_]+/u, "")
    .slice(0, 40)
    .trim() || UNNAMED;

/**
 * What a file is by its folders and its ending; null where nobody reads it.
 * @param {Entry} entry
 * @param {number} number
 * @param {boolean} scan whether the task is one of scans, which has arrays for images
 * @returns {Sorted | null}
 */
function sorted({ path, role: said = null }, number, scan) {
  const folders = path.split("/");
  const name = /** @type {string} */ (folders.pop());
  const roles = folders.map(roleOf);
  const of = said ? -1 : roles.indexOf("prediction");
  const ending = endingOf(name, of >= 0 ? PREDICTED : scan ? [...SCANS, ...PICTURES] : [...ARRAYS, ...PICTURES]);
  if (!ending) return null;
  const stem = name.slice(0, name.length - ending.length);
  const array = !scan && ARRAYS.includes(ending);
  const sorted = { number, stem, path, set: UNNAMED };
  if (of >= 0) {
    const inner = folders.slice(of + 1).filter((_, k) => !roles[of + 1 + k]);
    const place = folders.slice(0, of).concat(inner.slice(1));
    return { ...sorted, role: "prediction", set: setName(inner[0] ?? UNNAMED), place: place.join("/") };
  }
  const place = folders.filter((_, k) => !roles[k]).join("/");
  if (said || !array) return { ...sorted, role: said ?? roles.findLast(Boolean) ?? null, place };
  const own = folders.length > 1 && !roles.at(-1) ? folders.at(-1) : null; // a folder of arrays, beside others
  const rest = own ? folders.slice(0, -1).filter((_, k) => !roles[k]) : [place];
  return { ...sorted, role: "prediction", set: own ? setName(own) : UNNAMED, place: rest.join("/") };
}

/** Files of one place by stem. @param {Sorted[]} files @returns {Map<string, Sorted[]>} */
function byStem(files) {
  /** @type {Map<string, Sorted[]>} */
  const found = new Map();
  for (const file of files) {
    const key = `${file.place}\n${file.stem}`;
    found.set(key, [...(found.get(key) ?? []), file]);
  }
  return found;
}

/** @param {Sorted} file @param {string} stem */
const keyed = (file, stem) => `${file.place}\n${stem}`;

class Sorter {
  /** @param {Entry[]} entries @param {boolean} scan */
  constructor(entries, scan) {
    /** @type {Left[]} */
    this.left = [];
    /** @type {string[]} */
    this.notes = [];
    /** @type {Sorted[]} */
    this.files = [];
    for (const [number, entry] of entries.entries()) {
      if (LITTER.test(baseName(entry.path)) || entry.path.includes("__MACOSX/")) continue;
      const found = sorted(entry, number, scan);
      if (found) this.files.push(found);
      else if (entry.path.split("/").some((folder) => roleOf(folder) === "prediction"))
        this.leave(entry.path, sentence("no_prediction_file", { name: entry.path, read: PREDICTED.join(", ") }));
      else this.leave(entry.path, sentence("no_image", { name: entry.path }));
    }
    this.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** @param {string} path @param {string} why */
  leave(path, why) {
    this.left.push({ path, why });
  }

  /** @param {Role} role */
  of(role) {
    return this.files.filter((file) => file.role === role);
  }

  /**
   * What no folder tells, by names: masks and predictions are called after their image; what has a stem for itself is
   * an image. Files of one stem are told apart by what they hold.
   * @param {Look} contentOf
   */
  async tell(contentOf) {
    const open = byStem(this.of(null));
    const images = byStem([...this.of("image"), ...this.of(null)]);
    for (const file of this.of(null)) {
      const probable = PROBABLE.exec(file.stem);
      const [asMask, asMap] = [MASK_ENDING, PROBABLE].map((ending) => file.stem.replace(ending, ""));
      if (probable && images.has(keyed(file, asMap))) Object.assign(file, { role: "prediction", stem: asMap });
      else if (asMask !== file.stem && images.has(keyed(file, asMask))) file.role = "mask";
      if (file.role === "prediction") file.set = setName(/** @type {any} */ (probable)[1]);
    }
    for (const alike of open.values()) {
      const files = alike.filter(({ role }) => role === null);
      const beside = this.of("image").filter(({ place, stem }) => place === alike[0].place && stem === alike[0].stem);
      if (files.length + beside.length > 1) await this.tellApart(files, beside.length > 0, contentOf);
      else for (const file of files) file.role = "image";
    }
  }

  /**
   * @param {Sorted[]} files of one stem
   * @param {boolean} known whether their image is another file
   * @param {Look} contentOf
   */
  async tellApart(files, known, contentOf) {
    /** @type {Content[]} */
    const held = [];
    for (const file of [...files]) {
      const { content, why } = await contentOf(file.number);
      if (content !== "other") held.push(content);
      else {
        this.leave(file.path, why);
        this.drop([file]);
        files = files.filter((each) => each !== file);
      }
    }
    const masks = files.filter((_, i) => held[i] === "mask");
    const others = files.filter((_, i) => held[i] !== "mask");
    const colours = others.filter((file) => held[files.indexOf(file)] === "photograph");
    const image = known ? null : colours.length === 1 ? colours[0] : others.length === 1 ? others[0] : null;
    if ((!known && !image) || masks.length > 1) {
      const both = masks.length > 1 ? "both look like masks" : "neither is a mask";
      const [one, other] = files.map(({ path }) => path);
      for (const { path } of files) this.leave(path, sentence("both_alike", { one, other, both }));
      this.drop(files);
      return;
    }
    for (const file of files) file.role = file === image ? "image" : masks.includes(file) ? "mask" : "prediction";
  }

  /** @param {Sorted[]} files not to be used */
  drop(files) {
    this.files = this.files.filter((file) => !files.includes(file));
  }

  /** Images and masks by stem: of several images of one stem none is taken. @returns {Map<string, Member>} */
  pair() {
    const [images, masks] = [this.single(this.of("image")), this.single(this.of("mask"))];
    for (const [key, mask] of masks) {
      if (images.has(key)) continue;
      const whose = keyed(mask, mask.stem.replace(MASK_ENDING, ""));
      const image = images.get(whose) ?? this.alone(mask.stem.replace(MASK_ENDING, ""), images);
      const at = image && keyed(image, image.stem);
      if (!image || !at || at === key) continue;
      masks.delete(key);
      const other = masks.get(at);
      if (!other) masks.set(at, mask);
      else
        this.leave(
          mask.path,
          sentence("two_masks", { one: mask.path, other: baseName(other.path), image: baseName(image.path) }),
        );
    }
    /** @type {Map<string, Member>} */
    const members = new Map();
    for (const [key, { number, path }] of images) {
      const mask = masks.get(key);
      masks.delete(key);
      if (!mask && this.of("mask").length) this.leave(path, sentence("no_mask_of_name", { name: path }));
      else members.set(key, { image: number, mask: mask?.number ?? null, predictions: {} });
    }
    for (const { path } of masks.values()) this.leave(path, sentence("no_image_of_name", { name: path }));
    return members;
  }

  /** The only image of a stem, wherever it lies. @param {string} stem @param {Map<string, Sorted>} images */
  alone(stem, images) {
    const found = [...images.values()].filter((image) => image.stem === stem);
    return found.length === 1 ? found[0] : undefined;
  }

  /** Files by stem, of several of one stem the first. @param {Sorted[]} files @returns {Map<string, Sorted>} */
  single(files) {
    /** @type {Map<string, Sorted>} */
    const found = new Map();
    for (const [key, [first, ...rest]] of byStem(files)) {
      found.set(key, first);
      for (const { path } of rest) this.leave(path, sentence("one_name", { one: first.path, other: baseName(path) }));
    }
    return found;
  }

  /**
   * The image that a file is called after, "frame_mine" after "frame", and what follows: the name of the set.
   * @param {Sorted} file
   * @param {Map<string, Member[]>} bare images by stem
   */
  calledAfter({ stem }, bare) {
    const parts = [...stem.matchAll(/[-_ .]/g)].map(({ index }) => index).reverse();
    for (const at of parts) {
      const found = bare.get(stem.slice(0, at));
      if (found?.length === 1) return { member: found[0], set: stem.slice(at + 1) };
    }
    return null;
  }

  /** Predictions by set and stem, to the images of which they are. @param {Map<string, Member>} members */
  predict(members) {
    const images = new Map(this.of("image").map((file) => [file.number, file]));
    /** @type {Map<string, Member[]>} */
    const bare = new Map();
    for (const member of members.values()) {
      const { stem } = /** @type {Sorted} */ (images.get(member.image));
      for (const name of new Set([stem, stem.replace(CHANNEL, "")]))
        bare.set(name, [...(bare.get(name) ?? []), member]);
    }
    /** @type {Map<Member, Record<string, Sorted>>} */
    const taken = new Map();
    for (const file of this.of("prediction")) {
      const stems = [file.stem, file.stem.replace(PROBABLE, "").replace(LABELS, "")];
      const near = stems.map((stem) => members.get(keyed(file, stem)) ?? members.get(keyed(file, `${stem}_0000`)));
      const far = stems.map((stem) => bare.get(stem)).filter((all) => all?.length === 1);
      const called = file.set === UNNAMED ? this.calledAfter(file, bare) : null;
      const member = near.find(Boolean) ?? far[0]?.[0] ?? called?.member;
      if (!member) {
        this.leave(file.path, sentence("no_image_with_mask", { name: file.path }));
        continue;
      }
      const ending = PROBABLE.exec(file.stem);
      const named = ending && !/predictions?$/i.test(ending[1]) ? ending[1] : called?.set;
      const set = file.set === UNNAMED && named ? setName(named) : file.set;
      const own = taken.get(member) ?? {};
      taken.set(member, own);
      const other = own[set];
      const [first, second] = other && rank(other) <= rank(file) ? [other, file] : [file, other];
      if (second)
        this.notes.push(sentence("lies_beside", { second: baseName(second.path), first: baseName(first.path) }));
      own[set] = first;
      member.predictions[set] = first.number;
    }
  }
}

/** @param {Sorted} file those that may hold probabilities come first */
const rank = ({ path }) => PREDICTED.indexOf(endingOf(path, PREDICTED));

/**
 * Sort files into images with their masks and predictions, and what cannot be used.
 * @param {Entry[]} entries
 * @param {{scan?: boolean, contentOf: Look}} options
 * @returns {Promise<Plan>}
 */
export async function planOf(entries, { scan = false, contentOf }) {
  const sorter = new Sorter(entries, scan);
  await sorter.tell(contentOf);
  const members = sorter.pair();
  sorter.predict(members);
  return { members: [...members.values()], left: sorter.left, notes: sorter.notes };
}
