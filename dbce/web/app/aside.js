// The page's side of the worker that sorts files and reads predictions (readers/intake_worker.js).

/** A file that cannot be used; the message is the sentence for the visitor. */
export class Refused extends Error {}

export class Aside {
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  asked = new Map();
  id = 0;
  /** @type {Worker | null} */
  worker = null;

  /**
   * @param {"sort" | "kind" | "read" | "means"} name
   * @param {object} asked
   * @returns {Promise<any>} rejects with `Refused`, or with what the worker fails of
   */
  ask(name, asked) {
    this.worker ??= this.begin();
    const id = this.id++;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.worker.postMessage({ id, name, asked });
    });
  }

  begin() {
    const worker = new Worker(new URL("../readers/intake_worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data: { id, answer, refused, fault } }) => {
      const { resolve, reject } = this.asked.get(id);
      this.asked.delete(id);
      if (refused) reject(new Refused(refused));
      else if (fault) reject(new Error(fault));
      else resolve(answer);
    });
    worker.addEventListener("error", (event) => {
      worker.terminate();
      this.worker = null;
      for (const { reject } of this.asked.values()) reject(new Error(event.message || "the sorter did not start"));
      this.asked.clear();
    });
    return worker;
  }
}
