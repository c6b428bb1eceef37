// The scenes of the visitor's images, with what was predicted of them: the last few are kept, others asked for again.
import { readFile } from "../core/file.js";
import { unpackArrays } from "../core/scene.js";
import { Refused } from "./aside.js";

/** @typedef {import("./plan.js").Item} Item */

const KEPT = 50; // of about a megabyte
const BUSY = 1500; // milliseconds, before a server that is busy is asked again

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Scenes {
  /** @type {Map<string, any>} by item, the newest last */
  kept = new Map();

  /** @param {import("./bench.js").Bench} bench */
  constructor(bench) {
    this.bench = bench;
  }

  /** @param {Item} item what the backend is asked with */
  async requestOf({ image, mask }) {
    return { image: await readFile(image), ...(mask && { mask: await readFile(mask) }) };
  }

  /**
   * The scene of an image, with its predictions; from the last few that were seen, else from the backend.
   * @param {Item} item
   * @returns {Promise<any>}
   */
  async fetch(item) {
    const { kept } = this;
    const scene = kept.get(item.id) ?? (await this.ask(item));
    kept.delete(item.id);
    kept.set(item.id, scene);
    for (const id of [...kept.keys()].slice(0, -KEPT)) kept.delete(id);
    return scene;
  }

  /** @param {Item} item @returns {Promise<any>} */
  async ask(item) {
    const { viewer } = this.bench;
    const request = await this.requestOf(item);
    for (;;) {
      const reply = await viewer.backend.openStudy(request);
      if (reply.busy && !this.bench.stopped) await pause(BUSY);
      else if (reply.error) throw new Refused(reply.error);
      else return this.withPredictions(reply, item);
    }
  }

  /** @param {import("../backends/backend.js").Reply} reply @param {Item} item */
  async withPredictions({ scene: given, volume }, item) {
    const scene = typeof given === "string" ? JSON.parse(given) : given;
    const unpacked = scene.unpacked ?? (await unpackArrays(scene));
    const { losses, arrays, notes } = await this.read(item, scene, unpacked.labels);
    if (item.painted === undefined && !item.changed) item.judged = unpacked.labels ?? null;
    return {
      ...{ ...scene, volume, losses: [...scene.losses, ...losses] },
      ...{ unpacked: { ...unpacked, ...arrays }, note: [scene.note, ...notes].join(" ") },
    };
  }

  /**
   * The predictions of an image as arrays of a scene; what cannot be read is left out, and that is said.
   * @param {Item} item
   * @param {{shape: [number, number], size: number, classes: number | number[]}} scene
   * @param {Uint8Array} [labels]
   */
  async read({ predictions, name }, { shape, size, classes: of }, labels) {
    const { aside, left } = this.bench;
    const classes = typeof of === "number" ? of : of.length;
    /** @type {import("../core/scene.js").Arrays} */
    const arrays = {};
    const [losses, notes] = [[], []];
    for (const [set, { file, kind }] of Object.entries(predictions))
      try {
        const found = await aside.ask("read", { file, kind, shape, size, classes, labels });
        for (const [what, array] of Object.entries(found.arrays)) arrays[`${what}:${set}`] = array;
        losses.push(set);
        notes.push(`${set}, ${found.note}`);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        const why = `${set}: ${error.message}`;
        if (!left.some((one) => one.why === why)) left.push({ path: name, why });
        notes.push(why);
      }
    return { losses, arrays, notes };
  }
}
