// WebGPU, where it is there and worth it: when an image has been answered in WebAssembly and nobody waits for anything,
// its runtime is loaded and both run on that image. It is used from then on only if every number agrees within a step
// and it is the quicker one; the foot of the page says what runs.

/** @typedef {import("../backends/onnx/engine.js").Trial} Trial */

const IDLE = 1500; // milliseconds without another image
const WASM = "Networks run in WebAssembly, on one thread.";

/**
 * What the foot says.
 * @param {Trial | null} trial null before there is one, or where the browser has no WebGPU
 */
export function runsOn(trial) {
  if (!trial || trial.end === "stopped") return WASM;
  if (trial.end === "used") {
    const times = (trial.sure / Math.max(1, trial.quick)).toFixed(1);
    return `Networks run on WebGPU, ${times} times as quick as WebAssembly here; every logit agreed within 1/1024.`;
  }
  const why = { other: "gave other numbers", slower: "is slower here", fails: "fails here" }[trial.end];
  return `${WASM} WebGPU ${why}.`;
}

/** Whether there is an adapter, and the visitor has data to spare. */
async function offered() {
  const { gpu, connection } = /** @type {any} */ (navigator);
  if (!gpu || connection?.saveData) return false;
  return Boolean(await gpu.requestAdapter().catch(() => null));
}

/**
 * @param {import("../app/viewer.js").Viewer} viewer
 * @param {import("../backends/onnx/backend.js").OnnxBackend} backend
 */
export function quicken(viewer, { networks, files: { webgpu } }) {
  const line = document.createElement("p");
  line.dataset.out = "runs";
  line.textContent = WASM;
  viewer.$(".foot").append(line);
  let timer = 0;
  let tries = 3; // an image that comes in between ends one
  const act = async () => {
    if (tries-- <= 0 || !webgpu || !(await offered())) return void (tries = 0);
    const trial = await networks.quicken(webgpu);
    line.textContent = runsOn(trial);
    if (trial?.end !== "stopped") tries = 0;
  };
  networks.ran = () => {
    clearTimeout(timer);
    if (tries > 0) timer = window.setTimeout(act, IDLE);
  };
}
