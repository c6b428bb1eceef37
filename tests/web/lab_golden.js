// What tests/write_golden_lab.py recorded of torch, and the batches of which: its twin.
import { readFile } from "node:fs/promises";
import { lossWeights } from "../../dbce/web/lab/losses.js";
import { Network } from "../../dbce/web/lab/network.js";
import { random } from "../../dbce/web/lab/random.js";

const SIZE = 64;

export const kernels = await WebAssembly.compile(
  await readFile(new URL("../../dbce/web/lab/kernels.wasm", import.meta.url)),
);
export const golden = JSON.parse(await readFile(new URL("lab_golden.json", import.meta.url), "utf8"));

/** @param {string} text base64 */
const bytesOf = (text) => Uint8Array.from(Buffer.from(text, "base64")).buffer;
export const singles = (text) => new Float32Array(bytesOf(text));
export const doubles = (text) => new Float64Array(bytesOf(text));

/** Images and labels of a step: one bright square a class, the later ones smaller, in noise. */
function batchOf(step, objects, count) {
  return Array.from({ length: count }, (_, b) => {
    const u = random(1000 * step + b);
    const labels = new Uint8Array(SIZE * SIZE);
    for (let k = 0; k < objects; k++) {
      const [y, x, r] = [8 + Math.floor(u() * 48), 8 + Math.floor(u() * 48), 7 - 2 * k];
      for (let i = y - r; i <= y + r; i++)
        for (let j = Math.max(0, x - r); j <= Math.min(SIZE - 1, x + r); j++)
          if (i >= 0 && i < SIZE) labels[i * SIZE + j] = k + 1;
    }
    return { image: Float32Array.from(labels, (label) => Math.floor(u() * 256) / 256 + label / 2), labels };
  });
}

/** The network of a case at its first weights. */
export const networkOf = ({ objects }) => new Network(kernels, { objects, width: golden.width, batch: golden.batch });

/** One step up to the gradient: returns the loss. */
export function pass(network, { loss, objects, frequencies }, step) {
  batchOf(step, objects, golden.batch).forEach(({ image, labels }, b) => {
    network.setImage(b, image);
    network.labels.set(labels, b * SIZE * SIZE);
    const weight = network.weight.subarray(b * SIZE * SIZE, (b + 1) * SIZE * SIZE);
    lossWeights(loss, labels, [...doubles(frequencies)], golden.radius, weight);
  });
  network.forward({ train: true });
  const value = network.objective(loss === "dice_ce");
  network.backward();
  return value;
}

/** Every golden.stride-th number of a part of a network: "gradients", "parameters" or "running". */
export const sampled = (network, part) =>
  network
    .floats(network[part], part === "running" ? network.statistics : network.count)
    .filter((_, i) => i % golden.stride === 0);
