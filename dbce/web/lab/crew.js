// The workers of the lab, seen from a page: one a loss.

/** @typedef {import("./session.js").Order} Order */
/** @typedef {import("./session.js").Report} Report */
/** @typedef {import("./trainer.js").Start} Start */

/** @returns {Promise<WebAssembly.Module>} compiled once, for all workers */
export async function loadKernels() {
  const answer = await fetch(new URL("kernels.wasm", import.meta.url));
  if (!answer.ok) throw new Error(`The lab's kernels could not be loaded (${answer.status}). Reload the page.`);
  return WebAssembly.compile(await answer.arrayBuffer());
}

/** A network that learns in a worker. */
export class Member {
  /**
   * @param {WebAssembly.Module} kernels
   * @param {(report: Report) => void} hear
   * @param {(message: string) => void} fail the worker itself broke, or could not be loaded
   */
  constructor(kernels, hear, fail) {
    this.kernels = kernels;
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => hear(data);
    this.worker.onerror = (event) => fail(event.message ?? "The worker could not be loaded.");
  }

  /**
   * @param {Start} start
   * @param {number} every steps between two snapshots
   * @param {number} scored steps between two scores
   */
  start(start, every = 10, scored = every) {
    this.tell({ do: "start", kernels: this.kernels, start, every, scored });
  }

  /** @param {Order} order */
  tell(order) {
    this.worker.postMessage(order);
  }

  /** Gives its memory back. */
  end() {
    this.worker.terminate();
  }
}
