// What the worker that reads files answers; reading.js asks it.
import { bytes } from "../../core/scene.js";
import { h5Reader } from "../../readers/h5.js";
import { openRequest } from "../../readers/open.js";
import { readPicture } from "../../readers/pictures.js";

/** @typedef {import("../../readers/open.js").Answer} Answer */
/**
 * What a reader has to know.
 * @typedef {object} Known
 * @property {number} classes of the task, background included
 * @property {boolean} scan whether the task is one of scans
 * @property {number} size pixels a side of the page
 * @property {string[]} scenes addresses of those of the examples
 * @property {string} h5 address of h5wasm
 */
/** @typedef {{id: number, request: Record<string, any>, known: Known}} Question */
/** @typedef {Pick<Worker, "postMessage" | "addEventListener">} Port */

/**
 * Answers with `{id, answer}`, as of `openRequest`, or `{id, fault}`.
 * @param {Port} port
 */
export function serveReading(port) {
  port.addEventListener("message", async (event) => {
    const { id, request, known } = /** @type {Question} */ (/** @type {MessageEvent} */ (event).data);
    try {
      const { classes, scan, size } = known;
      const h5 = h5Reader(() => import(known.h5));
      const answer = await openRequest(request, { classes, scan, size, h5, example: (i) => exampleOf(known, i) });
      port.postMessage({ id, answer });
    } catch (error) {
      port.postMessage({ id, fault: error instanceof Error ? error.message : String(error) });
    }
  });
}

/** @type {(known: Known, index: number) => Promise<import("../../readers/open.js").Example | null>} */
async function exampleOf({ scenes }, index) {
  if (!(index in scenes)) return null;
  const { image, title } = await (await fetch(scenes[index])).json();
  const png = bytes(image.slice(image.indexOf(",") + 1));
  return { pixels: (await readPicture(png, title)).pixels, title: title.replace(/, slice \d+ of \d+$/, "") };
}
