// The page without a server: what its HTML starts. Settings and addresses stand in the page, as JSON.
import { OnnxBackend } from "../backends/onnx/backend.js";
import { boundWorker } from "../backends/onnx/networks.js";
import { mount } from "../main.js";
import { keepOffline } from "./offline.js";
import { quicken } from "./quicken.js";

const told = (/** @type {string} */ id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
const element = /** @type {HTMLElement} */ (document.getElementById("dbce"));
const { files, task } = told("files");
const settings = told("settings");

const start = (/** @type {string} */ name) => boundWorker(new URL(`../backends/onnx/${name}`, import.meta.url));
const backend = new OnnxBackend(task, files, start);

mount(element, settings, backend).then(
  (viewer) => {
    quicken(viewer, backend);
    return keepOffline(viewer, backend);
  },
  (error) => {
    const line = element.querySelector(".message");
    if (line) line.textContent = `The page did not start (${error.message}); reload it.`;
    throw error;
  },
);
