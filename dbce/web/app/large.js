// One panel, large: its figure moves into a dialog, with the slider that moves it, and back.

import { commands } from "../parts/command.js";
import { write } from "../parts/write.js";

const PANEL = ".frame canvas";
const STILL = 6; // a pointer that moved less, in CSS px, did not drag

/** What a tab's maps follow. @type {Record<string, string>} */
const FOLLOWS = { anatomy: "radius", compare: "threshold" };

export class Large {
  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {HTMLDialogElement} */
    this.dialog = viewer.$("dialog.large");
    /** @type {HTMLElement | null} */
    this.figure = null;
    this.place = document.createElement("div"); // keeps the figure's place, so that nothing else moves
    this.place.className = "panel";
    this.probe = viewer.$(".probe");
    this.probePlace = document.createElement("div");
    this.dialog.addEventListener("close", () => this.putBack());
    this.dialog.addEventListener("click", ({ target }) => {
      const { large } = /** @type {HTMLElement} */ (target).dataset;
      if (large === "close" || target === this.dialog) this.dialog.close();
      if (large === "next" || large === "back") this.step(large === "next" ? 1 : -1);
    });
    this.dialog.addEventListener("keydown", (event) => {
      const step = { PageDown: 1, PageUp: -1 }[event.key];
      if (step) this.step(step);
    });
    viewer.drawers.push(() => this.tell());
    this.listen();
  }

  /** A click that is no drag, or `f` on a panel in focus or under the pointer. */
  listen() {
    const { root, state } = this.viewer;
    const panel = (event) => /** @type {HTMLElement | null} */ (event.target.closest?.(PANEL) ?? null);
    let from = { x: NaN, y: NaN }; // where the pointer went down
    let over = null; // the panel under it
    root.addEventListener("pointerdown", ({ clientX: x, clientY: y }) => (from = { x, y }));
    root.addEventListener("pointerover", (event) => (over = panel(event)));
    root.addEventListener("click", (event) => {
      const still = Math.hypot(event.clientX - from.x, event.clientY - from.y) < STILL;
      if (panel(event) && still && !state.painting && !this.figure) this.open(panel(event).closest("figure"));
    });
    document.addEventListener("keydown", (event) => {
      if (!commands(event, "f")) return;
      const canvas = panel(event) ?? (over?.isConnected ? over : null);
      if (this.figure) this.dialog.close();
      else if (canvas && !state.painting) this.open(canvas.closest("figure"));
    });
  }

  /** @param {HTMLElement} figure of a panel */
  open(figure) {
    const { viewer, dialog } = this;
    if (this.figure) this.putBack();
    this.figure = figure;
    this.place.style.minHeight = `${figure.offsetHeight}px`;
    figure.replaceWith(this.place);
    dialog.append(figure);
    if (viewer.state.tab === "anatomy") {
      this.probe.replaceWith(this.probePlace);
      dialog.append(this.probe);
    }
    const follows = FOLLOWS[viewer.state.tab];
    for (const label of viewer.$$("[data-large-for]")) label.hidden = label.dataset.largeFor !== follows;
    this.tell();
    if (!dialog.open) dialog.showModal();
    figure.querySelector("canvas").focus({ preventScroll: true });
  }

  /** The panel before or after, among those in view. @param {number} by */
  step(by) {
    const { figure } = this;
    this.putBack();
    const all = this.viewer.$$(".view:not([hidden]) figure.panel").filter((other) => other.offsetParent);
    this.open(all[(all.indexOf(figure) + by + all.length) % all.length]);
  }

  putBack() {
    if (!this.figure) return;
    this.place.replaceWith(this.figure);
    this.probePlace.replaceWith(this.probe);
    this.figure.querySelector("canvas").focus({ preventScroll: true });
    this.figure = null;
  }

  /** What its slider stands at; it closes where the page has gone to another tab, as Back does. */
  tell() {
    if (this.figure && this.place.closest(".view").matches("[hidden]")) this.dialog.close();
    const { radius, threshold } = this.viewer.state;
    const { found } = this.viewer;
    write(found.one('[data-out="large-radius"]'), `${radius} px`);
    write(found.one('[data-out="large-threshold"]'), threshold.toFixed(2));
  }
}
