// A network in onnxruntime-web: what it is given, and what its answer becomes. Touches no document and imports no
// runtime, so that a worker, a page and Node can each bring their own.
import { foregroundLogits, logProbabilities } from "../../core/logits.js";
import { resizeImage } from "../../core/resize.js";

/**
 * What is used of onnxruntime-web.
 * @typedef {object} Runtime
 * @property {new (type: "float32", data: Float32Array, dims: number[]) => any} Tensor
 * @property {{create(model: Uint8Array, options: object): Promise<Session>}} InferenceSession
 * @property {{wasm?: {wasmBinary?: Uint8Array}}} [env]
 */
/**
 * @typedef {object} Session
 * @property {readonly any[]} inputMetadata whose first entry has a shape
 * @property {(feeds: Record<string, any>) => Promise<Record<string, any>>} run tensors by name
 * @property {() => Promise<void>} [release]
 */

/**
 * A network, ready to run.
 * @param {Runtime} runtime
 * @param {Uint8Array} model its file, of which the runtime makes a copy of its own
 * @param {string[]} providers what it is to compute on
 * @returns {Promise<Session>}
 */
export async function sessionOf(runtime, model, providers) {
  const options = { executionProviders: providers, enableCpuMemArena: false };
  const session = await runtime.InferenceSession.create(model, options);
  const { wasm } = runtime.env ?? {};
  if (wasm?.wasmBinary) {
    // compiled by now, but the runtime refers to it for ever: 14 MB that only this gives back
    /** @type {any} */ (wasm.wasmBinary.buffer).transfer?.(0);
    delete wasm.wasmBinary;
  }
  return session;
}

/**
 * Pixels side by side -> channels one after the other, in [0, 1], at the size of a network.
 * @param {Uint8Array} image size * size * 3, RGB
 * @param {number} size pixels a side of the page
 * @param {number} own pixels a side of the network
 * @returns {Float32Array} 3 * own * own
 */
export function feedOf(image, size, own) {
  const small = resizeImage(image, { width: size, height: size }, own, 3);
  const count = own * own;
  const feed = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) feed[c * count + i] = small[3 * i + c] / 255;
  return feed;
}

/** @type {WeakMap<Uint8Array, {own: number, feed: Float32Array}>} by image: the networks of a task have one size */
const feeds = new WeakMap();

/** `feedOf`, once for all networks. @type {(image: Uint8Array, size: number, own: number) => Float32Array} */
function keptFeed(image, size, own) {
  const known = feeds.get(image);
  if (known?.own === own) return known.feed;
  const feed = feedOf(image, size, own);
  feeds.set(image, { own, feed });
  return feed;
}

/**
 * What a network says of an image, as a study holds it.
 * @param {Runtime} runtime
 * @param {Session} session of a file that dbce.hub.browser wrote
 * @param {Uint8Array} image size * size * 3, RGB
 * @param {number} size pixels a side of the page
 * @param {number} classes of the task
 * @returns {Promise<Int16Array>} in steps: size * size logits of the object, or classes * size * size log-probabilities
 */
export async function runNetwork(runtime, session, image, size, classes) {
  const own = Number(session.inputMetadata[0].shape[2]);
  const input = new runtime.Tensor("float32", keptFeed(image, size, own), [1, 3, own, own]);
  const { logits } = await session.run({ image: input });
  return classes > 2 ? logProbabilities(logits.data, classes, size) : foregroundLogits(logits.data, size);
}
