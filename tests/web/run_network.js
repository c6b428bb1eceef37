// node run_network.js MODEL IMAGE CLASSES: runs a network on an RGB square as the page does; writes int16 steps.
import { readFileSync, writeSync } from "node:fs";
import * as runtime from "onnxruntime-web/wasm";
import { runNetwork } from "../../dbce/web/backends/onnx/network.js";

const [model, image, classes] = process.argv.slice(2);
const pixels = new Uint8Array(readFileSync(image));
runtime.env.wasm.numThreads = 1;
const session = await runtime.InferenceSession.create(new Uint8Array(readFileSync(model)), {
  executionProviders: ["wasm"],
});
const steps = await runNetwork(/** @type {any} */ (runtime), session, pixels, Math.sqrt(pixels.length / 3), +classes);
const bytes = new Uint8Array(steps.buffer);
for (let at = 0; at < bytes.length; at += writeSync(1, bytes, at));
process.exit(0);
