// For the time without a network: a service worker keeps the page, the task keeps its files, and a new version is
// offered, never forced on anybody.

/** @typedef {import("../app/viewer.js").Viewer} Viewer */
/** @typedef {import("../backends/onnx/backend.js").OnnxBackend} Backend */

const QUIET = 2000; // milliseconds after the first view: its own files come first
const TEXTS = {
  offer: "A new version of this page is here.",
  take: "Load it",
  title: "For use offline",
  keep: "Keep all",
  kept: "This task works offline.",
  failed: "Not all of it came; try again.",
};

/**
 * @param {Viewer} viewer
 * @param {Backend} backend
 */
export async function keepOffline(viewer, backend) {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // no https
  const registration = await serviceWorker.register("sw.js").catch(() => null); // storage may be switched off
  if (!registration) return;
  const whenWaiting = () => registration.waiting && serviceWorker.controller && offer(viewer, registration);
  registration.addEventListener("updatefound", () =>
    registration.installing?.addEventListener("statechange", whenWaiting),
  );
  whenWaiting();
  const row = rowOf(viewer, () => keep());
  async function keep() {
    row.button.hidden = true;
    try {
      await backend.keep((got, of) => (row.output.textContent = progress(got, of)));
      await serviceWorker.ready;
      row.output.textContent = TEXTS.kept;
      viewer.root.dataset.offline = "true";
    } catch {
      row.output.textContent = TEXTS.failed;
      row.button.hidden = false;
    }
  }
  await new Promise((resolve) => setTimeout(resolve, QUIET));
  if (hasRoom()) await keep();
  else row.button.hidden = false;
}

/** Whether the visitor has data to spare, as far as a browser tells. */
function hasRoom() {
  const { connection } = /** @type {any} */ (navigator);
  if (connection) return !connection.saveData && connection.type !== "cellular" && connection.effectiveType === "4g";
  return !matchMedia("(pointer: coarse)").matches;
}

/** @type {(got: number, of: number) => string} */
const progress = (got, of) => `Keeping it: ${(got / 1e6).toFixed(1)} of ${(of / 1e6).toFixed(1)} MB\u2026`;

/** A row in the menu Display. @param {Viewer} viewer @param {() => void} act */
function rowOf(viewer, act) {
  const row = document.createElement("div");
  row.className = "row";
  row.innerHTML = `<output data-out="offline">${TEXTS.title}</output>
    <button type="button" hidden>${TEXTS.keep}</button>`;
  viewer.$('[data-out="kept"]').closest(".sheet").append(row);
  const button = row.querySelector("button");
  button.addEventListener("click", act);
  return { button, output: row.querySelector("output") };
}

/** @param {Viewer} viewer @param {ServiceWorkerRegistration} registration */
function offer(viewer, registration) {
  if (viewer.$(".notice.offer")) return;
  const line = document.createElement("p");
  line.className = "notice offer";
  line.setAttribute("role", "status");
  line.innerHTML = `${TEXTS.offer} <button type="button">${TEXTS.take}</button>`;
  line.querySelector("button").addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    registration.waiting?.postMessage("take over");
  });
  viewer.$(".notice").after(line);
}
