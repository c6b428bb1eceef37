// What the visitor does, and what follows.
import { announce } from "./announce.js";
import { download } from "./download.js";
import { chosen, dropped } from "./given.js";
import { share } from "./share.js";

/** @typedef {import("./viewer.js").Viewer} Viewer */
/**
 * Everything that events speak to.
 * @typedef {object} Parts
 * @property {Viewer} viewer
 * @property {import("./zoom.js").Zoom} zoom
 * @property {import("./paint.js").Painter} painter
 * @property {import("./opening.js").Opening} opening
 * @property {import("./tour.js").Tour} tour
 * @property {import("./breath.js").Breath} breath
 * @property {import("./own.js").Own} own
 * @property {import("./address.js").Address} [address] made of the others
 */

const FRAME = ".frame canvas";

/** @param {Parts} parts */
export function listen(parts) {
  listenToControls(parts);
  listenToButtons(parts);
  listenToKeys(parts);
  listenToPointer(parts);
  listenToFiles(parts);
}

/** @param {Parts} parts */
function listenToControls({ viewer, opening, breath }) {
  const { root, state } = viewer;
  root.addEventListener("input", (event) => {
    const target = /** @type {HTMLInputElement} */ (event.target);
    breath.stop();
    if (target.matches("[data-slice]")) opening.scan.goTo(+target.value);
    else if (target.matches("[data-brush]")) {
      state.brush = +target.value;
      target.nextElementSibling.textContent = `${target.value} px`;
    } else if (target.type === "checkbox") tick(viewer, target);
    else if (target.type === "radio") viewer.set({ [target.name]: target.value });
    else if (target.type === "range") viewer.set({ [target.dataset.field]: +target.value });
  });
  root.addEventListener("change", (event) => {
    const target = /** @type {HTMLInputElement} */ (event.target);
    if (target.matches("[data-numbering]")) opening.renumber(target.value);
    if (target.type !== "file" || !target.files.length) return;
    const [kind, files] = [target.dataset.file, [...target.files]];
    target.value = ""; // the same file can be chosen again
    if (kind === "folder") opening.take(chosen(files), true);
    else if (files.length === 1) opening.openFiles({ [kind]: files[0] });
    else opening.take(chosen(files, kind === "mask" ? kind : undefined), kind === "mask");
  });
}

/** @param {Viewer} viewer @param {HTMLInputElement} box */
function tick(viewer, { name, value, checked }) {
  const now = viewer.state[name];
  if (!Array.isArray(now)) return viewer.set({ [name]: checked });
  const next = checked ? [...now, value] : now.filter((other) => other !== value);
  if (name === "shown" && !next.length) {
    viewer.say("At least one network stays in view.");
    return viewer.set({});
  }
  viewer.set({ [name]: next });
}

/** @param {Parts} parts */
function listenToButtons(parts) {
  const { viewer, zoom, painter, opening, tour, breath, own, address } = parts;
  const { state } = viewer;
  const actions = {
    skip: () => viewer.$(".view:not([hidden])").focus(),
    share: () => share(viewer, address),
    forget: () => own.forget(),
    tour: () => tour.start(),
    "zoom-in": () => zoom.by(1.5),
    "zoom-out": () => zoom.by(1 / 1.5),
    "zoom-fit": () => zoom.fit(),
    palette: () => viewer.set({ palette: state.palette === "safe" ? "paper" : "safe" }),
    theme: () => viewer.switchTheme(),
    paint: () => (state.painting ? painter.stop() : painter.start()),
    "paint-now": () => painter.start(),
    browse: () => viewer.$("[data-file=mask]").click(),
    done: () => painter.stop(),
    erase: () => viewer.set({ erase: !state.erase }),
    undo: () => painter.undo(),
    clear: () => painter.clear(),
  };
  viewer.root.addEventListener("click", ({ target }) => {
    breath.stop();
    const button = /** @type {HTMLElement} */ (target).closest("button");
    if (!button) return;
    const { tab, example, class: cls, export: kind, do: action } = button.dataset;
    if (example) opening.openExample(+example, null, tab ? { tab } : {});
    else if (tab) viewer.set({ tab });
    if (cls) viewer.set({ cls: +cls === state.cls ? null : +cls });
    if (kind) {
      button.closest("details").open = false;
      download(parts, kind);
    }
    actions[action]?.();
  });
  document.addEventListener("pointerdown", (event) => {
    for (const menu of viewer.$$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
}

/** @param {Parts} parts */
function listenToKeys({ viewer, zoom, painter }) {
  const { root, state } = viewer;
  viewer.$(".tabs").addEventListener("keydown", (event) => {
    const names = viewer.$$(".tabs button:not([hidden])").map((button) => button.dataset.tab);
    const at = names.indexOf(state.tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault(); // Home and End would scroll the page
    const next = names.at(to % names.length);
    viewer.set({ tab: next });
    viewer.$("#tab-" + next).focus();
  });
  document.addEventListener("keydown", (event) => {
    if (state.painting && event.key === "z" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      painter.undo();
    }
    if (event.key !== "Escape") return;
    if (state.painting) painter.stop();
    for (const menu of viewer.$$("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  // a panel in focus: move the pixel, zoom
  const zooms = {
    "+": () => zoom.by(1.5),
    "=": () => zoom.by(1.5),
    "-": () => zoom.by(1 / 1.5),
    0: () => zoom.fit(),
  };
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  root.addEventListener("keydown", (event) => {
    const { study } = viewer;
    if (!study || !(/** @type {Element} */ (event.target).matches(FRAME))) return;
    const move = moves[event.key];
    if (!zooms[event.key] && !move) return;
    event.preventDefault();
    zooms[event.key]?.();
    if (!move) return;
    const inside = (v) => Math.max(0, Math.min(study.size - 1, v));
    const { x, y } = state.pixel ?? { x: study.size >> 1, y: study.size >> 1 };
    const step = event.shiftKey ? 10 : 1;
    viewer.point({ x: inside(x + step * move[0]), y: inside(y + step * move[1]) });
    announce(viewer);
  });
}

/** @param {PointerEvent} event @param {number} size pixels a side */
function pixelAt(event, size) {
  const box = /** @type {Element} */ (event.target).getBoundingClientRect();
  const at = (v, low, length) => Math.max(0, Math.min(size - 1, Math.floor(((v - low) / length) * size)));
  return { x: at(event.clientX, box.left, box.width), y: at(event.clientY, box.top, box.height) };
}

/** @param {Parts} parts */
function listenToPointer({ viewer, painter, breath }) {
  const { root, state } = viewer;
  const onPanel = (event) => viewer.study && event.target.matches?.(FRAME);
  root.addEventListener("pointermove", (event) => {
    if (!onPanel(event)) return;
    const pixel = pixelAt(event, viewer.study.size);
    if (painter.brush && /** @type {Element} */ (event.target).closest("[data-paint]")) painter.move(pixel);
    else viewer.point(pixel);
  });
  root.addEventListener("pointerdown", (event) => {
    if (!onPanel(event)) return;
    breath.stop();
    const target = /** @type {Element} */ (event.target);
    const pixel = pixelAt(event, viewer.study.size);
    viewer.point(pixel);
    if (!state.painting || !target.closest("[data-paint]") || event.button) return;
    target.setPointerCapture(event.pointerId);
    painter.down(pixel);
  });
  for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, () => (painter.brush = null));
  root.addEventListener("pointerout", (event) => {
    if (event.pointerType === "mouse" && onPanel(event) && !painter.brush) viewer.point(null);
  });
}

/** @param {Parts} parts */
function listenToFiles({ viewer, opening }) {
  const { root } = viewer;
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    root.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || root.classList.remove("dropping"));
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    root.classList.remove("dropping");
    const given = await dropped(event.dataTransfer);
    if (given.length)
      opening.take(
        given,
        given.some(({ path }) => path.includes("/")),
      );
  });
  document.addEventListener("paste", (event) => {
    const given = chosen(event.clipboardData.files);
    if (given.length) opening.take(given);
  });
}
