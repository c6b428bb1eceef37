// The networks of a task in onnxruntime-web: fetched once, with progress, and run one after the other. Touches no
// document and no worker.
import { download } from "./download.js";
import { runNetwork } from "./network.js";

/** @typedef {import("./network.js").Runtime} Runtime */
/** @typedef {import("./network.js").Session} Session */
/** @typedef {import("./download.js").Source} Source */
/** @typedef {import("./download.js").Get} Get */
/** @typedef {{runtime: Runtime, providers: string[]}} Way a runtime and what it computes on */
/** @typedef {(loss: string, bytes: number, of: number) => void} Progress bytes that came, of so many; 0 if not known */

/** The networks of a task. */
export class Engine {
  /** @type {Map<string, Promise<Uint8Array>>} */
  files = new Map();
  /** @type {Map<string, Promise<Session>>} */
  sessions = new Map();
  /** @type {Set<string>} networks whose quick way gives the numbers of the sure one */
  proven = new Set();

  /**
   * @param {Record<string, Source>} networks by loss
   * @param {{size: number, classes: number}} task pixels a side of the page, classes with the background
   * @param {Way} sure whose numbers count
   * @param {Way | null} quick used for a network where, on its first image, it is within a step of `sure`
   * @param {Progress} progress
   * @param {Get} get
   */
  constructor(networks, { size, classes }, sure, quick = null, progress = () => {}, get = (address) => fetch(address)) {
    this.networks = networks;
    this.size = size;
    this.classes = classes;
    this.sure = sure;
    this.quick = quick;
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
      const options = { executionProviders: way.providers, enableCpuMemArena: false };
      const made = await way.runtime.InferenceSession.create(data, options);
      if (!this.quick) this.files.delete(loss); // the runtime has its own copy
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
    if (!this.quick) return this.by(this.sure, loss, image);
    if (this.proven.has(loss)) return this.by(this.quick, loss, image);
    const sure = await this.by(this.sure, loss, image);
    const quick = await this.by(this.quick, loss, image).catch(() => null);
    if (quick?.every((value, i) => Math.abs(value - sure[i]) <= 1)) this.proven.add(loss);
    else this.quick = null; // what is wrong once is not trusted again
    return sure;
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
   * @returns {AsyncGenerator<{loss: string, steps: Int16Array}>}
   */
  async *all(image, wanted = () => true) {
    const losses = Object.keys(this.networks);
    for (const [k, loss] of losses.entries()) {
      if (!wanted()) return;
      await this.session(loss, this.sure);
      if (k + 1 < losses.length && !this.sessions.has(this.key(losses[k + 1], this.sure)))
        this.file(losses[k + 1]).catch(() => {});
      yield { loss, steps: await this.run(loss, image) };
    }
  }
}
