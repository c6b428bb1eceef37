// What a worker answers: it is given networks once, then images; it sends back the maps of one network after the other.
import { Engine } from "./engine.js";

/** @typedef {import("./engine.js").Source} Source */
/** @typedef {{module: string, wasm: {mjs: string, wasm: string} | null}} Place addresses of onnxruntime-web's files */
/**
 * The first message.
 * @typedef {object} Start
 * @property {"start"} kind
 * @property {number} id
 * @property {Place} runtime of wasm, on one thread
 * @property {Place | null} [webgpu] of WebGPU, used where it is there and gives the same numbers
 * @property {Record<string, Source>} networks by loss
 * @property {{size: number, classes: number}} task
 */
/** @typedef {{kind: "run", id: number, image: Uint8Array}} Run size * size * 3, RGB; a later one ends an earlier one */
/** @typedef {Pick<Worker, "postMessage" | "addEventListener">} Port */

/**
 * Answers with `{id, done}` when all is said, before that with `{id, loss, steps}` for each network, with
 * `{loss, bytes, of}` while one is loaded, and with `{id, error}`.
 * @param {Port} port
 */
export function serve(port) {
  /** @type {Promise<Engine> | null} */
  let engine = null;
  let latest = -1;
  port.addEventListener("message", async (event) => {
    const message = /** @type {Start | Run} */ (/** @type {MessageEvent} */ (event).data);
    const { id } = message;
    try {
      if (message.kind === "start") {
        engine = started(message, port);
        await engine;
      } else {
        if (!engine) throw new Error("no networks were given");
        latest = id;
        for await (const said of (await engine).all(message.image, () => latest === id)) {
          if (latest !== id) break;
          port.postMessage({ id, ...said }, [said.steps.buffer]);
        }
      }
      port.postMessage({ id, done: true });
    } catch (error) {
      port.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
    }
  });
}

/** @type {(message: Start, port: Port) => Promise<Engine>} */
async function started({ runtime, webgpu, networks, task }, port) {
  const sure = { runtime: await loaded(runtime), providers: ["wasm"] };
  const there = webgpu && "gpu" in navigator;
  const quick = there ? await loaded(webgpu).catch(() => null) : null;
  return new Engine(networks, task, sure, quick && { runtime: quick, providers: ["webgpu"] }, (loss, bytes, of) =>
    port.postMessage({ loss, bytes, of }),
  );
}

/** @type {(place: Place) => Promise<any>} */
async function loaded({ module, wasm }) {
  const runtime = await import(module);
  if (wasm) runtime.env.wasm.wasmPaths = wasm;
  runtime.env.wasm.numThreads = 1; // more need headers that a plain host does not send
  runtime.env.logLevel = "error";
  return runtime;
}
