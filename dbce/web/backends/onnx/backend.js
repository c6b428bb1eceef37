// No server: files are read, networks run and scenes made in the visitor's browser. Only files of the page itself are
// fetched.
import { deflate } from "../../core/scene.js";
import { Missing } from "../backend.js";
import { arraysOf, compose } from "./compose.js";
import { allKept, download, keptGet } from "./download.js";
import { Crew } from "./crew.js";
import { Guests } from "./guests.js";
import { Reading } from "./reading.js";

/** @typedef {import("../backend.js").Reply} Reply */
/** @typedef {import("../backend.js").Tell} Tell */
/** @typedef {import("../../readers/open.js").Opened} Opened */
/** @typedef {import("./download.js").Source} Source */
/**
 * Where the files of a task lie, from dbce.site.layout; addresses may be relative.
 * @typedef {object} Files
 * @property {string[]} scenes of the examples
 * @property {Source[]} scans of the examples, where a task has some: grey slices, then their labels
 * @property {Record<string, Source>} networks by loss
 * @property {import("./serve.js").Place} runtime
 * @property {import("./serve.js").Place} [webgpu] the runtime that has WebGPU
 * @property {string[]} h5 h5wasm, the module to import first
 */
/**
 * @typedef {object} Task
 * @property {number} size pixels a side of the page
 * @property {number} classes background included
 * @property {boolean} scan
 */
/** @typedef {(module: string) => Worker} Start starts a module of this folder as a worker */

const PAUSE = 300; // milliseconds between two sentences on how far a download is
const TRY = "Check the connection and try again.";

/** @param {number} count of bytes */
const megabytes = (count) => (count / 1e6).toFixed(1);

export class OnnxBackend {
  /** @type {Record<string, string[]>} */
  can = {};
  /** @type {Map<number, Promise<Uint8Array>>} scans of examples */
  scans = new Map();

  /**
   * @param {Task} task
   * @param {Files} files
   * @param {Start} start
   */
  constructor(task, files, start) {
    this.task = task;
    this.files = placed(files);
    const { scenes, h5, networks, runtime } = this.files;
    this.reading = new Reading({ ...task, scenes, h5: h5[0] }, () => start("reading_worker.js"));
    this.networks = new Crew(networks, { runtime }, task, () => start("worker.js"));
    this.lanes = this.networks.most + 2; // one is read, one waits for networks
    this.guests = new Guests(runtime, task, () => start("guest_worker.js"));
  }

  /**
   * @param {Record<string, any>} request
   * @param {Tell} [tell]
   * @param {string} [first] the network whose answer is waited for; all, where it is not given
   * @returns {Promise<Reply>}
   */
  async openStudy(request, tell = () => {}, first) {
    const alone = this.guests.known.size ? undefined : first; // networks of the visitor's own come after all others
    return this.guests.complete(await this.openHere(request, tell, alone));
  }

  /** @param {import("../backend.js").Joining | null} asked */
  join(asked) {
    return this.guests.join(asked);
  }

  /** @type {(request: Record<string, any>, tell: Tell, first?: string) => Promise<Reply>} */
  async openHere(request, tell, first) {
    try {
      if (isExample(request)) return await this.openExample(request, tell, first);
      const { opened, ...answer } = await this.reading.open(request);
      return opened ? { ...answer, ...(await this.reply(opened, request, tell, first)) } : answer;
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      return { error: error.message };
    }
  }

  /** @type {(request: Record<string, any>, tell: Tell, first?: string) => Promise<Reply>} */
  async openExample({ example, slice }, tell, first) {
    const scene = this.files.scenes[example];
    if (!scene) return { error: "Choose one of the examples, or open an image." };
    try {
      const text = await textOf(scene);
      const baked = slice === undefined ? null : JSON.parse(text);
      if (!baked?.place || baked.place[0] === slice) return { scene: text };
      return await this.reply(await this.sliceOf(example, slice, baked, tell), {}, tell, first);
    } catch (error) {
      if (error instanceof Missing) throw error;
      return { error: `Example ${example + 1} is not in this browser, and could not be loaded. ${TRY}` };
    }
  }

  /**
   * A slice of a drawn scan.
   * @param {number} example
   * @param {number} number
   * @param {any} scene of its first slice in view
   * @param {Tell} tell
   * @returns {Promise<Opened>}
   */
  async sliceOf(example, number, { title, shape, place: [, depth] }, tell) {
    const { size } = this.task;
    const known = this.scans.get(example);
    const stack = known ?? download(keptGet, this.files.scans[example], told(tell, "the scan"));
    this.scans.set(example, stack);
    stack.catch(() => this.scans.delete(example));
    const [all, count] = [await stack, size * size];
    const plane = (/** @type {number} */ k) => all.subarray(k * count, (k + 1) * count);
    return {
      image: grey(plane(number)),
      labels: plane(depth + number),
      title: title.replace(/\d+(?= of \d+$)/, String(number + 1)),
      note: "",
      shape,
      place: [number, depth],
      numbering: null,
      volume: null,
    };
  }

  /**
   * Run the networks on what was opened: the answer is there when the first one has answered.
   * @param {Opened} opened
   * @param {Record<string, any>} request
   * @param {Tell} tell
   * @param {string} [first]
   * @returns {Promise<Reply>}
   */
  async reply(opened, request, tell, first) {
    const { networks, task } = this;
    const { volume } = opened;
    const order = networks.names;
    /** @type {Map<string, Int16Array>} */
    const came = new Map();
    let heard = () => {};
    const all = networks
      .run(opened.image, told(tell, "the networks"), first, (loss, steps) => {
        came.set(loss, steps);
        heard();
      })
      .catch((error) => {
        if (!(error instanceof Missing)) throw error;
        throw new Missing(`The networks are not here, and could not be loaded (${error.message}). ${TRY}`);
      });
    const next = () =>
      Promise.race([all, /** @type {Promise<null>} */ (new Promise((done) => (heard = () => done(null))))]);
    all.catch(() => {}); // told where it is waited for
    const whole = first === undefined ? await all : await next();
    const seen = new Map(whole ?? came);
    const pending = order.filter((loss) => !seen.has(loss));
    const scene = { ...compose(opened, seen, task), pending };
    const rest = pending.length ? { rest: later() } : {};
    async function* later() {
      for (let done = false; !done;) {
        if (came.size === seen.size) done = Boolean(await next());
        const fresh = new Map([...came].filter(([loss]) => !seen.has(loss)));
        for (const [loss, steps] of fresh) seen.set(loss, steps);
        if (fresh.size)
          yield { losses: [...fresh.keys()], arrays: arraysOf(fresh, opened.labels, task.classes), order };
        done ||= seen.size === order.length;
      }
    }
    if (!volume) return { scene, ...rest };
    const { title, depth: count, numbering, shape } = volume;
    const [slices, labels] = await Promise.all([deflate(volume.grey), volume.labels && deflate(volume.labels)]);
    const name = request.image?.name ?? "scan";
    return { scene, ...rest, volume: JSON.stringify({ title, name, count, numbering, shape, grey: slices, labels }) };
  }

  /**
   * Load all that an image of one's own needs, so that this task does without a network from then on.
   * @param {import("./networks.js").Progress} progress
   */
  async keep(progress) {
    const { scenes, scans, h5 } = this.files;
    for (const url of [...scenes, ...scans.map(({ url }) => url), ...(this.task.scan ? h5 : [])]) await textOf(url);
    await allKept();
    await this.networks.fetch(progress);
  }

  /** @returns {Promise<import("../backend.js").ExportedFile>} */
  async exportView() {
    throw new Error("the page writes its files by itself");
  }
}

/** @param {Record<string, any>} request whether it is for an example as it is */
export const isExample = ({ example, mask, image, files, plane }) =>
  Number.isInteger(example) && !mask && !image && !files && !plane;

/** @type {(plane: Uint8Array) => Uint8Array} */
function grey(plane) {
  const out = new Uint8Array(3 * plane.length);
  for (let i = 0, k = 0; i < plane.length; i++, k += 3) out[k] = out[k + 1] = out[k + 2] = plane[i];
  return out;
}

/** @param {string} url */
async function textOf(url) {
  const answer = await keptGet(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.text();
}

/**
 * Tell the visitor how far a download is, now and then.
 * @param {Tell} tell
 * @param {string} what
 * @returns {import("./networks.js").Progress}
 */
function told(tell, what) {
  let next = 0;
  return (got, of) => {
    const now = performance.now();
    if (now < next) return;
    next = now + PAUSE;
    tell(`Loading ${what}: ${megabytes(got)}${of ? ` of ${megabytes(of)}` : ""} MB\u2026`);
  };
}

/**
 * Whole addresses: a worker that was started from a blob knows no other.
 * @param {Files} files
 * @returns {Files}
 */
function placed({ scenes, scans, networks, runtime, webgpu, h5 }) {
  const whole = (/** @type {string} */ url) => new URL(url, document.baseURI).href;
  const source = (/** @type {Source} */ file) => ({ ...file, url: whole(file.url ?? "") });
  const place = (/** @type {import("./serve.js").Place} */ { module, mjs, wasm }) => ({
    ...{ module: whole(module), mjs: mjs && whole(mjs), wasm: wasm && source(wasm) },
  });
  return {
    scenes: scenes.map(whole),
    scans: scans.map(source),
    networks: Object.fromEntries(Object.entries(networks).map(([loss, file]) => [loss, source(file)])),
    runtime: place(runtime),
    ...(webgpu && { webgpu: place(webgpu) }),
    h5: h5.map(whole),
  };
}
