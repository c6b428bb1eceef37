// The visitor's own images: kept in this browser over a reload, unless that is switched off or they are forgotten.
import { bytes } from "../core/scene.js";
import { Keep, Memory, Shelf } from "./keep.js";
import { newId } from "./link.js";
import { readFile } from "../core/file.js";

const CHOICE = "dbce-keep"; // "no" where the visitor wants nothing kept
const FIRST = "its settings are shown on the first example.";
const MISSING = {
  image: `This link was made from an image that its maker kept private; ${FIRST}`,
  mask: "This link was made with a mask that its maker kept private; its settings are shown with that of the example.",
};
const LOST = {
  image: `Your image is no longer kept in this browser; open it again. Until then ${FIRST}`,
  mask: "Your mask is no longer kept in this browser; that of the example is shown.",
};
const TOO_LARGE = "It is too large to be kept in this browser: after a reload you would have to open it again.";
const NO_ROOM = "This browser keeps no images for the page: after a reload you would have to open it again.";

/** @param {number} count */
const images = (count) => (count === 1 ? "1 image" : `${count} images`);

/**
 * Of a link to an image that is not here.
 * @param {{mine: boolean, example: boolean}} link whether it was made in this tab, and whether it names an example
 */
export const missing = ({ mine, example }) => (mine ? LOST : MISSING)[example ? "mask" : "image"];

export class Own {
  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {import("./opening.js").Opening} opening
   */
  constructor(viewer, opening) {
    this.viewer = viewer;
    this.opening = opening;
    opening.own = this;
    this.kept = new Keep(new Shelf());
    this.held = new Keep(new Memory()); // what the browser does not keep; Back finds it while the page is open
    this.turn = Promise.resolve();
    this.told = false; // that it could not be kept
    /** @type {string | null} what is being opened again */
    this.restoring = null;
    /** @type {string | null} an image in view that is to be kept no more */
    this.forgotten = null;
    /** @type {{id: string, study: any, source: Record<string, any>} | null} what is being painted */
    this.painting = null;
    this.wanted = viewer.state.keep = wantsKeeping();
    viewer.followers.push(() => {
      const { own } = viewer.state;
      if (own && own !== this.restoring && !("plane" in opening.origin)) this.put(own, opening.source());
    });
    viewer.drawers.push(() => this.watch());
    this.count();
  }

  /**
   * One thing after the other.
   * @template T
   * @param {() => Promise<T>} act
   * @returns {Promise<T>}
   */
  next(act) {
    const done = this.turn.then(act);
    this.turn = done.then(() => {}, reportError);
    return done;
  }

  /** A painted example is the visitor's own; a painting is kept when it is done. */
  watch() {
    const { state, study } = this.viewer;
    if (study.drawn) state.own ??= newId();
    const { painting, wanted } = this;
    this.painting = state.painting && state.own ? { id: state.own, study, source: this.opening.source() } : null;
    this.wanted = state.keep;
    const left = painting && (painting.study === study ? !state.painting : painting.id !== state.own);
    if (left) this.put(painting.id, painting.source, paintedOf(painting.study));
    if (wanted !== state.keep) this.choose();
  }

  /**
   * @param {string} id
   * @param {Record<string, any>} source what opens it
   * @param {Uint8Array | null} [painted]
   */
  put(id, { image, mask, ...rest }, painted) {
    if (id === this.forgotten) return;
    const { viewer } = this;
    this.next(async () => {
      const files = { ...(image && { image: unpack(image) }), ...(mask && { mask: unpack(mask) }) };
      const kept = { id, task: viewer.config.task, request: { ...rest, ...files }, painted };
      const wanted = viewer.state.keep && wantsKeeping();
      const refused = (done) => (done ? "" : TOO_LARGE);
      const refusal = wanted && (await this.kept.put(kept).then(refused, () => NO_ROOM));
      if (refusal !== "") await this.held.put(kept);
      if (refusal && !this.told) {
        this.told = true;
        viewer.say(`${viewer.said} ${refusal}`);
      }
      await this.count();
    });
  }

  /**
   * @param {string} id
   * @returns {Promise<import("./keep.js").Kept | null>} an image of this task that is still here
   */
  find(id) {
    return this.next(async () => {
      const kept = (await this.kept.get(id).catch(() => null)) ?? (await this.held.get(id));
      return kept?.task === this.viewer.config.task ? kept : null;
    });
  }

  /**
   * Open an image again, the way it was opened first.
   * @param {import("./keep.js").Kept} kept
   * @param {number | null} slice
   * @returns {Promise<boolean>} whether it is in view
   */
  async restore({ id, request: { image, mask, ...rest }, painted }, slice) {
    const { viewer, opening } = this;
    viewer.say(`Opening ${(image ?? mask)?.name ?? "your mask"} again\u2026`);
    this.restoring = id;
    try {
      const request = { ...rest, ...(image && { image: await pack(image) }), ...(mask && { mask: await pack(mask) }) };
      const patch = { example: rest.example ?? null, slice: rest.slice ?? null, own: id, painting: false };
      if (!(await opening.open(request, patch))) return false;
      if (painted !== undefined) viewer.study.setLabels(painted);
      if (painted) viewer.say(`${viewer.said}. With the mask you painted.`);
      await opening.turnTo(slice);
      viewer.render();
      return true;
    } finally {
      this.restoring = null;
    }
  }

  /** The visitor wants images kept, or does not any more. */
  async choose() {
    const { viewer, opening } = this;
    const { keep, own } = viewer.state;
    try {
      if (keep) localStorage.removeItem(CHOICE);
      else localStorage.setItem(CHOICE, "no");
    } catch {
      // then there is no storage for images either
    }
    this.forgotten = null;
    const gone = keep ? 0 : await this.next(() => this.kept.clear().catch(() => 0));
    if (own) this.put(own, opening.source(), paintedOf(viewer.study));
    await this.next(() => this.count());
    viewer.say(
      keep
        ? "Images you open are kept in this browser from now on."
        : `Images you open are not kept any more${gone ? `; ${images(gone)} deleted from this browser` : ""}.`,
    );
  }

  /** Delete all of it at once; what is in view stays there. */
  async forget() {
    const { viewer } = this;
    this.forgotten = viewer.state.own;
    const gone = await this.next(async () => {
      await this.held.clear();
      return this.kept.clear().catch(() => 0);
    });
    await this.count();
    const rest = this.forgotten ? " What is in view stays until you leave it." : "";
    viewer.say((gone ? `${images(gone)} deleted from this browser.` : "No image is kept in this browser.") + rest);
  }

  /** How much is kept. */
  async count() {
    /** @type {import("./keep.js").Entry[]} */
    const entries = await this.kept.list().catch(() => []);
    const size = entries.reduce((sum, entry) => sum + entry.size, 0);
    const room = size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : `${Math.ceil(size / 1e6)} MB`;
    const now = entries.length ? `${images(entries.length)} kept, ${room}` : "None is kept now";
    this.viewer.$('[data-out="kept"]').textContent = now;
  }
}

/**
 * @param {any} study
 * @returns {Uint8Array | null | undefined} null where no mask is left, undefined where it is as it was opened
 */
function paintedOf(study) {
  if (!study.labelled) return null;
  return study.drawn ? study.labels : undefined;
}

function wantsKeeping() {
  try {
    return localStorage.getItem(CHOICE) !== "no";
  } catch {
    return true;
  }
}

/** @param {{name: string, data: string}} file @returns {import("./keep.js").KeptFile} */
const unpack = ({ name, data }) => ({ name, bytes: bytes(data) });

/** @param {import("./keep.js").KeptFile} file */
const pack = (file) => readFile(new File([/** @type {BlobPart} */ (file.bytes)], file.name));
