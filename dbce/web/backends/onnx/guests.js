// Networks of the visitor's own that run in this browser: each in a worker that can be stopped, each a further column
// of every scene.
import { unpackArrays } from "../../core/scene.js";
import { entropy } from "./compose.js";
import { labelMap } from "../../core/logits.js";
import { say } from "../../core/say.js";

/** @typedef {import("../backend.js").Joined} Joined */
/** @typedef {import("../../core/scene.js").Composed} Composed */

const SECONDS = 60; // for one image

/** One network. */
class Guest {
  /** @param {Worker} worker @param {string} slow what is said where it does not answer */
  constructor(worker, slow) {
    this.worker = worker;
    this.slow = slow;
    this.id = 0;
    /** @type {Map<number, (said: any) => void>} */
    this.asked = new Map();
    worker.addEventListener("message", ({ data }) => this.hear(data.id, data));
    worker.addEventListener("error", (event) => {
      for (const id of this.asked.keys()) this.hear(id, { error: event.message || this.slow });
    });
  }

  /** @param {number} id @param {any} said */
  hear(id, said) {
    this.asked.get(id)?.(said);
    this.asked.delete(id);
  }

  /** @param {object} message @returns {Promise<any>} */
  ask(message) {
    const id = this.id++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.worker.terminate();
        this.hear(id, { error: this.slow, stopped: true });
      }, 1000 * SECONDS);
      this.asked.set(id, (said) => {
        clearTimeout(timer);
        resolve(said);
      });
      this.worker.postMessage({ ...message, id });
    });
  }
}

export class Guests {
  /** @type {Map<string, {guest: Guest, joined: Joined}>} by name */
  known = new Map();

  /**
   * @param {import("./serve.js").Place} place of the runtime
   * @param {{size: number, classes: number}} task
   * @param {() => Worker} start
   */
  constructor(place, task, start) {
    this.place = place;
    this.task = task;
    this.start = start;
  }

  /**
   * @param {import("../backend.js").Joining | null} asked
   * @returns {Promise<import("../backend.js").JoinReply>}
   */
  async join(asked) {
    if (asked) {
      const { name, file, reading, image, told, task } = asked;
      const refuse = (/** @type {string} */ key) => ({ error: say(told, key, { name: file.name, seconds: SECONDS }) });
      if (/\.safetensors$/i.test(file.name)) return refuse("browser");
      const guest = new Guest(this.start(), refuse("slow").error);
      const data = new Uint8Array(await file.arrayBuffer());
      const given = {
        place: this.place,
        data,
        file: file.name,
        reading,
        image,
        task: { ...this.task, name: task },
        told,
      };
      const { about, error } = await guest.ask({ kind: "add", ...given });
      if (error) {
        guest.worker.terminate();
        return { error };
      }
      this.known.set(name, { guest, joined: { name, about, remark: told.remark } });
    }
    return { networks: [...this.known.values()].map(({ joined }) => joined) };
  }

  /**
   * An answer with what these networks say of its image.
   * @param {import("../backend.js").Reply} reply
   * @returns {Promise<import("../backend.js").Reply>}
   */
  async complete(reply) {
    if (!reply.scene || !this.known.size) return reply;
    const given = typeof reply.scene === "string" ? JSON.parse(reply.scene) : reply.scene;
    const pixels = given.pixels ?? (await pixelsOf(given.image));
    const unpacked = { ...(given.unpacked ?? (await unpackArrays(given))) };
    const losses = [...given.losses];
    for (const [name, { guest }] of this.known) {
      const { steps, error, stopped } = await guest.ask({ kind: "run", image: pixels });
      if (stopped) this.known.delete(name);
      if (error) return { error };
      losses.push(name);
      if (given.classes === 2) unpacked[`logit:${name}`] = steps;
      else {
        unpacked[`found:${name}`] = labelMap(steps, given.classes);
        if (unpacked.labels) unpacked[`entropy:${name}`] = entropy(steps, unpacked.labels);
      }
    }
    return { ...reply, scene: /** @type {Composed} */ ({ ...given, losses, pixels, unpacked }) };
  }
}

/**
 * The pixels of a picture, RGB.
 * @param {string} url of data
 */
async function pixelsOf(url) {
  const code = atob(url.slice(url.indexOf(",") + 1));
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(code, (c) => c.charCodeAt(0))]));
  const sheet = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  sheet.drawImage(bitmap, 0, 0);
  const { data } = sheet.getImageData(0, 0, bitmap.width, bitmap.height);
  const out = new Uint8Array((3 * data.length) / 4);
  for (let i = 0, k = 0; i < data.length; i += 4, k += 3) {
    out[k] = data[i];
    out[k + 1] = data[i + 1];
    out[k + 2] = data[i + 2];
  }
  return out;
}
