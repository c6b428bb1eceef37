// The networks of a task in onnxruntime-web: fetched once, with progress, and run one after the other. Touches no
// document and no worker.
import { download } from "./download.js";
import { runNetwork, sessionOf } from "./network.js";

/** @typedef {import("./network.js").Runtime} Runtime */
/** @typedef {import("./network.js").Session} Session */
/** @typedef {import("./download.js").Source} Source */
/** @typedef {import("./download.js").Get} Get */
/** @typedef {{runtime: Runtime, providers: string[]}} Way a runtime and what it computes on */
/** @typedef {(loss: string, bytes: number, of: number) => void} Progress bytes that came, of so many; 0 if not known */

/**
 * How a trial of a quicker way ended; "other" numbers, "slower", "fails", or somebody came in between.
 * @typedef {{end: "used" | "other" | "slower" | "fails" | "stopped", sure: number, quick: number}} Trial milliseconds
 */

/** The networks of a task. */
export class Engine {
  /** @type {Map<string, Promise<Uint8Array>>} */
  files = new Map();
  /** @type {Map<string, Promise<Session>>} */
  sessions = new Map();
  /** @type {Way | null} used since a trial, see `quicken` */
  quick = null;

  /**
   * @param {Record<string, Source>} networks by loss
   * @param {{size: number, classes: number}} task pixels a side of the page, classes with the background
   * @param {Way} sure whose numbers count
   * @param {Progress} progress
   * @param {Get} get
   */
  constructor(networks, { size, classes }, sure, progress = () => {}, get = (address) => fetch(address)) {
    this.networks = networks;
    this.size = size;
    this.classes = classes;
    this.sure = sure;
    this.progress = progress;
    this.get = get;
  }

  /**
   * The file of a network; a download that failed is tried again when it is next asked for.
   * @param {string} loss
   */
  file(loss) {
    const known = this.files.get(loss);
    if (known) return known;
    const source = this.networks[loss];
    const file = source.data
      ? Promise.resolve(source.data)
      : download(this.get, source, (got, of) => this.progress(loss, got, of));
    this.files.set(loss, file);
    file.catch(() => this.files.delete(loss));
    return file;
  }

  /** Fetch what is not there yet, and run nothing. */
  async fetchAll() {
    for (const loss of Object.keys(this.networks))
      if (!this.sessions.has(this.key(loss, this.sure))) await this.file(loss);
  }

  /**
   * @param {string} loss
   * @param {Way} way
   */
  session(loss, way) {
    const key = this.key(loss, way);
    const known = this.sessions.get(key);
    if (known) return known;
    const session = this.file(loss).then(async (data) => {
      const made = await sessionOf(way.runtime, data, way.providers);
      this.files.delete(loss); // the runtime has its own copy
      return made;
    });
    this.sessions.set(key, session);
    session.catch(() => this.sessions.delete(key));
    return session;
  }

  /**
   * What a network says of an image.
   * @param {string} loss
   * @param {Uint8Array} image size * size * 3, RGB
   * @returns {Promise<Int16Array>} see `runNetwork`
   */
  async run(loss, image) {
    if (this.quick) {
      const steps = await this.by(this.quick, loss, image).catch(() => null);
      if (steps) return steps;
      await this.forget(this.quick); // what fails once (a device that went away) is not trusted again
      this.quick = null;
    }
    return this.by(this.sure, loss, image);
  }

  /**
   * Take another way where every number of every network is within a step of the sure one, and it is the quicker of
   * the two. Both run on one image, the new one twice: at first it prepares itself.
   * @param {Way} way
   * @param {Uint8Array} image size * size * 3, RGB
   * @param {() => boolean} wanted asked before every network
   * @param {() => number} now milliseconds
   * @returns {Promise<Trial>}
   */
  async quicken(way, image, wanted = () => true, now = () => performance.now()) {
    const spent = { sure: 0, quick: 0 };
    const timed = async (/** @type {"sure" | "quick"} */ key, /** @type {Way} */ by, /** @type {string} */ loss) => {
      const begun = now();
      const steps = await this.by(by, loss, image);
      spent[key] += now() - begun;
      return steps;
    };
    /** @type {(end: Trial["end"]) => Promise<Trial>} */
    const without = async (end) => {
      await this.forget(way);
      return { end, ...spent };
    };
    const losses = Object.keys(this.networks);
    for (const [k, loss] of losses.entries()) {
      if (!wanted()) return without("stopped");
      try {
        await this.by(way, loss, image);
        const quick = await timed("quick", way, loss);
        const sure = await timed("sure", this.sure, loss);
        if (!quick.every((value, i) => Math.abs(value - sure[i]) <= 1)) return without("other");
      } catch {
        return without("fails");
      }
      if (spent.quick >= (losses.length * spent.sure) / (k + 1)) return without("slower"); // it cannot catch up
    }
    this.quick = way;
    return { end: "used", ...spent };
  }

  /** Give back what a way holds. @param {Way} way */
  async forget(way) {
    for (const loss of Object.keys(this.networks)) {
      const key = this.key(loss, way);
      const session = this.sessions.get(key);
      this.sessions.delete(key);
      await session?.then((made) => made.release?.()).catch(() => {});
    }
  }

  /** @type {(loss: string, way: Way) => string} */
  key(loss, way) {
    return `${loss} ${way.providers}`;
  }

  /** @type {(way: Way, loss: string, image: Uint8Array) => Promise<Int16Array>} */
  async by(way, loss, image) {
    return runNetwork(way.runtime, await this.session(loss, way), image, this.size, this.classes);
  }

  /**
   * All networks, each as soon as it is there; the next is fetched while one runs.
   * @param {Uint8Array} image size * size * 3, RGB
   * @param {() => boolean} wanted asked before every network
   * @param {string} first which is to come first
   * @returns {AsyncGenerator<{loss: string, steps: Int16Array}>}
   */
  async *all(image, wanted = () => true, first = "") {
    const losses = Object.keys(this.networks).sort((a, b) => Number(b === first) - Number(a === first));
    for (const [k, loss] of losses.entries()) {
      if (!wanted()) return;
      await this.session(loss, this.sure);
      if (k + 1 < losses.length && !this.sessions.has(this.key(losses[k + 1], this.sure)))
        this.file(losses[k + 1]).catch(() => {});
      yield { loss, steps: await this.run(loss, image) };
    }
  }
}
