// What is in view comes from somewhere: an example, files of the visitor's, a slice of a scan.
import { Missing, Unreachable } from "../backends/backend.js";
import { readFile } from "../core/file.js";
import { takeNetwork } from "./joining.js";
import { newId } from "./link.js";
import { Scan } from "./scan.js";

const NETWORK = /\.(onnx|safetensors|pt|pth|ckpt|pkl|pickle)$/i;
const NO_ANSWER = "The server did not answer; what you see is still yours. Check the connection and try again.";
const ARRAY = /\.np[yz]$/i; // a prediction
const OWN_FAULT = "The page itself failed; what you see is still yours. Reload it, and please report";

/**
 * What to say of a failure: of the way to the backend, or of the page, which is then also an error of the console.
 * @param {unknown} error
 */
export function failure(error) {
  if (error instanceof Missing) return error.message;
  if (error instanceof Unreachable) return NO_ANSWER;
  reportError(error);
  return `${OWN_FAULT}: ${error}`;
}

export class Opening {
  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {Record<string, any>} what to ask for again when a mask is added */
    this.origin = { example: 0 };
    /** @type {object | null} a mask that did not fit the image in view; its image may come next */
    this.waiting = null;
    this.scan = new Scan(viewer, this);
    /** @type {import("./bench.js").Bench | null} many images, where there were some */
    this.bench = null;
    /** @type {import("./own.js").Own} */
    this.own = null;
    viewer.followers.push((scene) => this.showNumbering(scene));
  }

  /** @param {import("../core/scene.js").Scene} scene */
  showNumbering(scene) {
    const numbering = scene.numbering ?? (scene.place && this.scan.content?.numbering);
    this.viewer.$(".numbering").hidden = !numbering;
    if (numbering) this.viewer.$("[data-numbering]").value = numbering;
  }

  /**
   * Ask for a scene; on a mistake say so and keep everything as it was.
   * @param {Record<string, any>} request
   * @param {Record<string, any>} patch of the state, where it comes
   * @param {boolean} busy whether the page shows that it waits
   * @param {() => Promise<import("../backends/backend.js").Reply>} [answer] the backend's, if not given
   * @returns {Promise<boolean>} whether the image in view is a new one
   */
  async open(request, patch = {}, busy = true, answer = null) {
    const { viewer, scan } = this;
    viewer.root.classList.toggle("busy", busy);
    try {
      const tell = (/** @type {string} */ sentence) => viewer.say(sentence);
      const reply = await (answer ? answer() : viewer.backend.openStudy(request, tell, viewer.state.loss));
      if (reply.waiting) this.waiting = request.files[0];
      if (reply.error) {
        viewer.say(reply.error, true);
        return false;
      }
      if (reply.took) [request, patch] = this.sorted(request, reply.took);
      const own = this.nameOf(request);
      if (reply.volume) await scan.take(reply.volume, request);
      else if (!("plane" in request)) scan.content = null;
      await viewer.showScene(reply.scene, () => {
        this.origin = request;
        Object.assign(viewer.state, { own, ...patch });
      });
      if (reply.volume) this.origin = await scan.request(viewer.study.place[0]);
      if (reply.rest) await this.follow(reply.rest);
      return true;
    } catch (error) {
      viewer.say(failure(error), true);
      return false;
    } finally {
      viewer.root.classList.remove("busy");
      viewer.render();
    }
  }

  /**
   * Show the other networks as they answer.
   * @param {AsyncIterable<import("../backends/backend.js").Part>} rest
   */
  async follow(rest) {
    const { viewer } = this;
    const { study, said } = viewer;
    viewer.root.classList.remove("busy");
    const tell = () => {
      const { losses, pending } = study;
      const of = losses.length + pending.length;
      viewer.say(pending.length ? `${said}. Networks: ${losses.length} of ${of}\u2026` : said);
    };
    tell();
    for await (const { losses, arrays, order } of rest) {
      if (viewer.study !== study) return;
      study.take(losses, arrays, order);
      tell();
      viewer.render();
    }
  }

  /**
   * The name of what a request opens, where it holds files of the visitor's: the one in view keeps its own.
   * @param {Record<string, any>} request
   */
  nameOf(request) {
    const { own } = this.viewer.state;
    if ("plane" in request) return own;
    if (!request.image && !request.mask) return null;
    const { image, example } = this.source();
    const same = request.image === image && request.example === example;
    return same && own ? own : newId();
  }

  /**
   * @param {number} example
   * @param {number | null} slice
   * @param {Record<string, any>} more that changes with it
   */
  openExample(example, slice = null, more = {}) {
    return this.open(slice === null ? { example } : { example, slice }, { example, slice, painting: false, ...more });
  }

  /**
   * Another slice of what is in view, if it has that one.
   * @param {number | null} slice
   */
  async turnTo(slice) {
    const { place } = this.viewer.study;
    if (slice !== null && place && slice < place[1] && slice !== place[0]) await this.scan.goTo(slice);
  }

  /**
   * The same files, with their labels in the other numbering; a scan stays at its slice.
   * @param {string} numbering
   */
  async renumber(numbering) {
    const at = this.viewer.study.place?.[0];
    const opened = await this.open({ ...this.source(), numbering }, { painting: false });
    if (opened && this.scan.content && at !== this.viewer.study.place[0]) await this.scan.goTo(at);
  }

  /** What was opened, whole. */
  source() {
    return this.scan.content?.source ?? this.origin;
  }

  /**
   * Files that were dropped, as they were taken: which is the image, which the mask.
   * @param {Record<string, any>} request
   * @param {{image: number | null, mask: number | "waiting" | null}} took
   * @returns {[object, object]} the request that says so, and the patch of the state
   */
  sorted({ files, waiting, ...rest }, took) {
    /** @type {Record<string, any>} */
    const known = took.image === null ? rest : { image: files[took.image] };
    if (took.mask !== null) known.mask = took.mask === "waiting" ? waiting : files[took.mask];
    this.waiting = null;
    return [known, took.image === null ? { painting: false } : { example: null, slice: null, painting: false }];
  }

  /**
   * Files of which nothing was said: an image, or an image and its mask, are opened; of more it is asked first.
   * @param {import("./given.js").Given[]} given
   * @param {boolean} many whether they are to be sorted, however few they are
   */
  async take(given, many = false) {
    const { viewer } = this;
    if (viewer.config.closed) return viewer.say(viewer.config.refusal, true);
    const files = given.map(({ file }) => file);
    const arrays = !viewer.several && files.some(({ name }) => ARRAY.test(name));
    if (!many && !arrays && files.length < 3) return this.openFiles({ files });
    const { Bench } = await import("./bench.js");
    this.bench ??= viewer.bench = new Bench(viewer, this);
    await this.bench.take(given);
  }

  /**
   * An image or a mask of which the visitor said what it is, or files of which the backend tells.
   * @param {{image?: File | null, mask?: File | null, files?: File[]}} given
   */
  async openFiles({ image = null, mask = null, files = [] }) {
    const { viewer } = this;
    const network = [image, mask, ...files].find((file) => file && NETWORK.test(file.name));
    if (network) return takeNetwork(this, network, failure);
    const most = viewer.config.max_bytes;
    for (const file of [image, mask, ...files])
      if (file && file.size > most)
        return viewer.say(
          `${file.name} has ${(file.size / 1e6).toFixed(0)} MB; at most ${most / 1e6} MB can be opened. ` +
            "Save it smaller or as JPEG.",
          true,
        );
    /** @type {Record<string, any>} */
    let request;
    try {
      request = image ? { image: await readFile(image) } : { ...this.source() };
      if (mask) {
        request.mask = await readFile(mask);
        delete request.numbering; // other labels may be in another one
      }
      if (files.length) request.files = await Promise.all(files.map(readFile));
    } catch {
      return viewer.say("The browser could not read that file; choose it again.", true);
    }
    if (files.length === 1 && this.waiting) request.waiting = this.waiting;
    await this.open(request, image ? { example: null, slice: null, painting: false } : { painting: false });
  }
}
