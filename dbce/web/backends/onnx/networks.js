// The networks of a task, seen from the page: a worker that is started when somebody first asks, told what to load, and
// asked about one image after the other.
import { Missing } from "../backend.js";

/** @typedef {import("./serve.js").Place} Place */
/** @typedef {import("./download.js").Source} Source */
/** @typedef {(bytes: number, of: number) => void} Progress of all files together */
/** @typedef {{resolve: (maps: Map<string, Int16Array>) => void, reject: (error: Error) => void}} Waiting */
/** @typedef {(loss: string, steps: Int16Array) => void} Arrive called for every network, as it answers */
/** @typedef {import("./engine.js").Trial} Trial */
/** @typedef {Waiting & {maps: Map<string, Int16Array>, arrive: Arrive}} Asked */

export class Networks {
  /** @type {Worker | null} */
  worker = null;
  /** @type {Map<number, Asked>} what the worker was asked, and has not answered yet */
  asked = new Map();
  /** @type {Map<string, number>} by file, how many of its bytes are there */
  came = new Map();
  /** @type {Promise<unknown>} the answer before */
  turn = Promise.resolve();
  /** @type {{image: Uint8Array, maps: Map<string, Int16Array>} | null} one that gets a mask is asked about twice */
  last = null;
  /** @type {Map<number, (trial: Trial | null) => void>} by question */
  trials = new Map();
  /** @type {Set<Progress>} */
  listeners = new Set();
  id = 0;

  /**
   * @param {Record<string, Source>} networks by loss
   * @param {{runtime: Place}} places
   * @param {{size: number, classes: number}} task
   * @param {() => Worker} start
   */
  constructor(networks, places, task, start) {
    this.networks = networks;
    this.places = places;
    this.task = task;
    this.start = start;
    const files = [places.runtime.wasm, ...Object.values(networks)];
    this.bytes = files.reduce((sum, file) => sum + (file?.bytes ?? 0), 0);
  }

  /**
   * What all networks say of an image.
   * @param {Uint8Array} image size * size * 3, RGB
   * @param {Progress} progress
   * @param {string} first the network that is to answer first
   * @param {Arrive} arrive
   * @returns {Promise<Map<string, Int16Array>>} by loss, as of `runNetwork`, in the order of the networks
   */
  run(image, progress, first = "", arrive = () => {}) {
    return this.next(async () => {
      if (this.last && sameBytes(this.last.image, image)) return this.last.maps;
      const came = await this.ask({ kind: "run", image, first }, progress, arrive);
      const maps = new Map(Object.keys(this.networks).flatMap((loss) => entry(loss, came.get(loss))));
      this.last = { image, maps };
      return maps;
    });
  }

  /** Load what a run will need, so that it can do without a network. @param {Progress} progress */
  fetch(progress) {
    return this.ask({ kind: "fetch" }, progress);
  }

  /**
   * Try WebGPU on the last image. It takes no turn: an image that comes meanwhile goes first, and ends the trial.
   * @param {Place} webgpu
   * @returns {Promise<Trial | null>} null where nothing ran yet, or the trial failed as a whole
   */
  async quicken(webgpu) {
    if (!this.worker || !this.last) return null;
    const id = this.id++;
    const { image } = this.last;
    return new Promise((done) => {
      this.trials.set(id, done);
      this.worker?.postMessage({ kind: "quicken", id, image, webgpu });
    });
  }

  /**
   * One image after the other.
   * @template T
   * @param {() => Promise<T>} act
   * @returns {Promise<T>}
   */
  next(act) {
    const done = this.turn.then(act);
    this.turn = done.catch(() => {});
    return done;
  }

  /**
   * @param {object} message
   * @param {Progress} progress
   * @param {Arrive} [arrive]
   */
  async ask(message, progress, arrive) {
    this.listeners.add(progress);
    try {
      const started = this.worker ? [] : [this.begin()];
      const answer = this.post(message, arrive);
      await Promise.all(started);
      return await answer;
    } finally {
      this.listeners.delete(progress);
    }
  }

  begin() {
    const worker = (this.worker = this.start());
    worker.addEventListener("message", ({ data }) => this.hear(data));
    worker.addEventListener("error", (event) => this.end(event.message || "it did not start"));
    return this.post({ kind: "start", networks: this.networks, ...this.places, task: this.task });
  }

  /** @param {object} message @param {Arrive} arrive @returns {Promise<Map<string, Int16Array>>} */
  post(message, arrive = () => {}) {
    const id = this.id++;
    const answer = new Promise((resolve, reject) => this.asked.set(id, { resolve, reject, maps: new Map(), arrive }));
    answer.catch(() => {}); // all that was asked fails together, and one of them is waited for
    this.worker?.postMessage({ ...message, id });
    return answer;
  }

  /** @param {any} said as of `serve` */
  hear({ id, part, bytes, loss, steps, done, error, trial }) {
    if (part) return this.note(part, bytes);
    const tried = this.trials.get(id);
    if (tried) {
      this.trials.delete(id);
      return tried(trial ?? null); // its error ends nothing else
    }
    const asked = this.asked.get(id);
    if (error) return this.end(error);
    if (steps) {
      asked?.maps.set(loss, steps);
      asked?.arrive(loss, steps);
    }
    if (!done) return;
    this.asked.delete(id);
    asked?.resolve(asked.maps);
  }

  /** @param {string} part @param {number} bytes */
  note(part, bytes) {
    this.came.set(part, bytes);
    const sum = [...this.came.values()].reduce((a, b) => a + b, 0);
    for (const tell of this.listeners) tell(sum, this.bytes);
  }

  /** The worker is of no use any more; the next question starts another. @param {string} reason */
  end(reason) {
    this.worker?.terminate();
    this.worker = null;
    this.came.clear();
    const waiting = [...this.asked.values()];
    this.asked.clear();
    for (const { reject } of waiting) reject(new Missing(reason));
    for (const done of this.trials.values()) done(null);
    this.trials.clear();
  }
}

/** @type {(loss: string, steps: Int16Array | undefined) => [string, Int16Array][]} */
const entry = (loss, steps) => (steps ? [[loss, steps]] : []);

/** @type {(a: Uint8Array, b: Uint8Array) => boolean} */
const sameBytes = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

/**
 * A module as a worker that is bound by the page's Content-Security-Policy: one that is loaded from an address is not.
 * @param {URL | string} module
 */
export function boundWorker(module) {
  const code = `import ${JSON.stringify(String(module))};`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return new Worker(url, { type: "module", name: "networks" });
}
