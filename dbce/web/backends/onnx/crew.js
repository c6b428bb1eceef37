// The networks of a task in several workers, where many images are asked about: one for each core, up to a bound, and
// those beyond the first only for as long as there is work.
import { Networks } from "./networks.js";

/** @typedef {import("./networks.js").Progress} Progress */

const MOST = 3; // workers, each with all networks in its memory
const REST = 10000; // milliseconds without work, after which the others end

export class Crew {
  /** Images that are run at once. */
  most = Math.max(1, Math.min(MOST, globalThis.navigator?.hardwareConcurrency ?? 1));
  /** @type {{networks: Networks, busy: number}[]} */
  hands = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  rest = undefined;
  ready = false; // whether the files are here: they are loaded once
  /** Called when all networks have answered about an image. */
  ran = () => {};

  /** @param {ConstructorParameters<typeof Networks>} given */
  constructor(...given) {
    this.given = given;
    this.names = Object.keys(given[0]);
    this.hands.push(this.hand());
  }

  hand() {
    return { networks: new Networks(...this.given), busy: 0 };
  }

  /** Whoever has least to do, the first of them; another one where all are busy. */
  free() {
    const least = this.hands.reduce((best, hand) => (hand.busy < best.busy ? hand : best));
    if (!least.busy || !this.ready || this.hands.length >= this.most) return least;
    const more = this.hand();
    this.hands.push(more);
    return more;
  }

  /**
   * As of `Networks.run`.
   * @param {Uint8Array} image
   * @param {Progress} progress
   * @param {string} [first] given for an image that is to be shown as networks answer, not one of many
   * @param {import("./networks.js").Arrive} [arrive]
   */
  async run(image, progress, first, arrive) {
    clearTimeout(this.rest);
    const hand = first === undefined ? this.free() : this.hands[0]; // one that is looked at needs no other worker
    hand.busy++;
    try {
      const maps = await hand.networks.run(image, progress, first, arrive);
      this.ready = true;
      this.ran();
      return maps;
    } finally {
      hand.busy--;
      if (this.hands.every(({ busy }) => !busy)) this.rest = setTimeout(() => this.leave(), REST);
    }
  }

  /**
   * As of `Networks.quicken`; the one that is quicker then runs all, so that no image depends on who was free.
   * @param {import("./serve.js").Place} webgpu
   */
  async quicken(webgpu) {
    const trial = await this.hands[0].networks.quicken(webgpu);
    if (trial?.end === "used") {
      this.most = 1;
      this.leave();
    }
    return trial;
  }

  /** The others end; the first keeps what it has loaded. */
  leave() {
    for (const { networks } of this.hands.splice(1)) networks.end("there is no work");
  }

  /** As of `Networks.fetch`. @param {Progress} progress */
  async fetch(progress) {
    await this.hands[0].networks.fetch(progress);
    this.ready = true;
  }
}
