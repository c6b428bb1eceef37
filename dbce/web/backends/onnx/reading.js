// Files are read in a worker of their own, because a large scan takes seconds. This is the page's side.

/** @typedef {import("../../readers/open.js").Answer} Answer */
/** @typedef {import("./serve_reading.js").Known} Known */

export class Reading {
  /** @type {Worker | null} */
  worker = null;
  /** @type {Map<number, {resolve: (answer: Answer) => void, reject: (error: Error) => void}>} */
  asked = new Map();
  id = 0;

  /**
   * @param {Known} known
   * @param {() => Worker} start
   */
  constructor(known, start) {
    this.known = known;
    this.start = start;
  }

  /** @param {object} request as of `openRequest` @returns {Promise<Answer>} */
  open(request) {
    this.worker ??= this.begin();
    const id = this.id++;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.worker?.postMessage({ id, request, known: this.known });
    });
  }

  begin() {
    const worker = this.start();
    worker.addEventListener("message", ({ data: { id, answer, fault } }) => {
      const asked = this.asked.get(id);
      this.asked.delete(id);
      if (answer) asked?.resolve(answer);
      else asked?.reject(new Error(fault));
    });
    worker.addEventListener("error", (event) => {
      worker.terminate();
      this.worker = null;
      const waiting = [...this.asked.values()];
      this.asked.clear();
      for (const { reject } of waiting) reject(new Error(event.message || "the reader did not start"));
    });
    return worker;
  }
}
