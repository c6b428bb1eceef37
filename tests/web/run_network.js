// node run_network.js MODEL IMAGE CLASSES: runs a network on an RGB square as the page's worker does; writes int16 steps.
import { readFileSync, writeSync } from "node:fs";
import { MessageChannel } from "node:worker_threads";
import { serve } from "../../dbce/web/backends/onnx/serve.js";

const [model, image, classes] = process.argv.slice(2);
const pixels = new Uint8Array(readFileSync(image));
const { port1: page, port2: worker } = new MessageChannel();
serve(/** @type {any} */ (worker));
worker.start();
page.on("message", (/** @type {any} */ message) => {
  if (message.error) throw new Error(message.error);
  if (!message.steps) return;
  const bytes = new Uint8Array(message.steps.buffer);
  for (let at = 0; at < bytes.length; at += writeSync(1, bytes, at));
  process.exit(0);
});
const networks = { dbce: { data: new Uint8Array(readFileSync(model)) } };
const task = { size: Math.sqrt(pixels.length / 3), classes: +classes };
page.postMessage({ kind: "start", id: 0, runtime: { module: "onnxruntime-web/wasm" }, networks, task });
page.postMessage({ kind: "run", id: 1, image: pixels });
