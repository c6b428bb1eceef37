// What a worker answers: it is given networks once, then images; it sends back the maps of one network after the other.
import { allKept, download, keptGet } from "./download.js";
import { Engine } from "./engine.js";

/** @typedef {import("./download.js").Source} Source */
/**
 * Where onnxruntime-web lies.
 * @typedef {object} Place
 * @property {string} module address of its API
 * @property {string} [mjs] address of what starts its WebAssembly; it finds both by itself if not given
 * @property {Source} [wasm]
 */
/**
 * The first message.
 * @typedef {object} Start
 * @property {"start"} kind
 * @property {number} id
 * @property {Place} runtime of wasm, on one thread
 * @property {Record<string, Source>} networks by loss
 * @property {{size: number, classes: number}} task
 */
/**
 * A later one ends an earlier one.
 * @typedef {{kind: "run", id: number, image: Uint8Array, first: string}} Run size * size * 3, RGB
 */
/** @typedef {{kind: "fetch", id: number}} Fetch all that a run needs, and run nothing */
/**
 * Try WebGPU on an image, and use it from then on where it gives the same numbers sooner; a run ends the trial.
 * @typedef {{kind: "quicken", id: number, image: Uint8Array, webgpu: Place}} Quicken
 */
/** @typedef {Pick<Worker, "postMessage" | "addEventListener">} Port */

/** Name under which the runtime's own file is told of; networks are told of by their loss. */
export const RUNTIME = "runtime";

/**
 * Answers with `{id, done}` when all is said, before that with `{id, loss, steps}` for each network, with
 * `{part, bytes, of}` while one, or the runtime, is loaded, and with `{id, error}`; to `Quicken` with `{id, trial}`.
 * @param {Port} port
 */
export function serve(port) {
  /** @type {Promise<Engine> | null} */
  let engine = null;
  let latest = -1;
  port.addEventListener("message", async (event) => {
    const message = /** @type {Start | Run | Fetch | Quicken} */ (/** @type {MessageEvent} */ (event).data);
    const { id } = message;
    try {
      if (message.kind === "start") {
        engine = started(message, port);
        await engine;
      } else {
        if (!engine) throw new Error("no networks were given");
        if (message.kind === "fetch") {
          await (await engine).fetchAll();
          await allKept();
        } else if (message.kind === "quicken") {
          const before = latest;
          const runtime = await loaded(message.webgpu, () => {});
          const way = { runtime, providers: ["webgpu"] };
          const trial = await (await engine).quicken(way, message.image, () => latest === before);
          port.postMessage({ id, trial });
        } else {
          latest = id;
          for await (const said of (await engine).all(message.image, () => latest === id, message.first)) {
            if (latest !== id) break;
            port.postMessage({ id, ...said }, [said.steps.buffer]);
          }
        }
      }
      port.postMessage({ id, done: true });
    } catch (error) {
      port.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
    }
  });
}

/** @type {(message: Start, port: Port) => Promise<Engine>} */
async function started({ runtime, networks, task }, port) {
  /** @type {import("./engine.js").Progress} */
  const tell = (part, bytes, of) => port.postMessage({ part, bytes, of });
  const sure = { runtime: await loaded(runtime, tell), providers: ["wasm"] };
  return new Engine(networks, task, sure, tell, keptGet);
}

/** @type {(place: Place, tell: import("./engine.js").Progress) => Promise<any>} a runtime, ready */
export async function loaded({ module, mjs, wasm }, tell) {
  const runtime = await import(module);
  const { env } = runtime;
  if (mjs) env.wasm.wasmPaths = { mjs };
  if (wasm) env.wasm.wasmBinary = await download(keptGet, wasm, (bytes, of) => tell(RUNTIME, bytes, of));
  env.wasm.numThreads = 1; // more need headers that a plain host does not send
  env.logLevel = "error";
  return runtime;
}
