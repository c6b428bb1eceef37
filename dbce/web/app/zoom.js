// Zoom and pan, the same in every panel: Ctrl or pinch zooms at the pointer, a drag pans, 0 shows all again.

const MOST = 16;

/** @param {PointerEvent | MouseEvent} event @param {Element} frame in sides of the frame */
function place(event, frame) {
  const box = frame.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

/** @param {Event} event @returns {Element | null} */
const frameOf = (event) => /** @type {Element} */ (event.target).closest?.(".frame") ?? null;

export class Zoom {
  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.scale = 1;
    this.x = this.y = 0; // where the image's corner lies, in sides of the frame
    /** @type {(() => void)[]} what follows another look */
    this.followers = [];
    /** @type {Map<number, PointerEvent>} pointers that are down on a panel */
    this.fingers = new Map();
    this.listen();
    this.apply();
  }

  apply() {
    const { root } = this.viewer;
    const { scale } = this;
    for (const axis of ["x", "y"]) this[axis] = Math.min(0, Math.max(1 - scale, this[axis]));
    root.style.setProperty("--zoom", String(scale));
    root.style.setProperty("--pan", `${this.x * 100}%, ${this.y * 100}%`);
    root.classList.toggle("zoomed", scale > 1);
    root.classList.toggle("close", scale > 3);
    for (const out of this.viewer.$$('[data-out="zoom"]')) out.textContent = `${Math.round(scale * 100)} %`;
    for (const follow of this.followers) follow();
  }

  /**
   * Zoom by a factor and keep the point (px, py), in sides of the frame, where it is.
   * @param {number} factor
   * @param {number} px
   * @param {number} py
   */
  by(factor, px = 0.5, py = 0.5) {
    const scale = Math.min(MOST, Math.max(1, this.scale * factor));
    this.look(scale, px - ((px - this.x) * scale) / this.scale, py - ((py - this.y) * scale) / this.scale);
  }

  /** @param {number} scale @param {number} x @param {number} y */
  look(scale, x, y) {
    Object.assign(this, { scale: Math.min(MOST, scale), x, y });
    this.apply();
  }

  fit() {
    this.look(1, 0, 0);
  }

  /** scale_x_y, as it stands in a link; empty where all is shown */
  written() {
    return this.scale > 1 ? [this.scale, this.x, this.y].map((v) => v.toFixed(3)).join("_") : "";
  }

  /**
   * Follow such a text.
   * @param {string} text
   * @returns {boolean} whether it is one
   */
  read(text) {
    const numbers = text.split("_").map((v) => (/^-?\d{1,3}(\.\d{1,20})?$/.test(v) ? +v : NaN));
    const good = numbers.length === 3 && numbers[0] >= 1 && Number.isFinite(numbers[1] + numbers[2]);
    if (good) this.look(numbers[0], numbers[1], numbers[2]);
    return good;
  }

  listen() {
    const { root, state } = this.viewer;
    root.addEventListener(
      "wheel",
      (event) => {
        const frame = frameOf(event);
        if (!frame || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        const [x, y] = place(event, frame);
        this.by(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.004)), x, y);
      },
      { passive: false },
    );
    root.addEventListener("dblclick", (event) => {
      const frame = frameOf(event);
      if (!frame || state.painting) return;
      const [x, y] = place(event, frame);
      if (this.scale < MOST) this.by(2, x, y);
      else this.fit();
    });
    root.addEventListener("pointerdown", (event) => {
      if (frameOf(event) && !state.painting) this.fingers.set(event.pointerId, event);
    });
    root.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"])
      window.addEventListener(name, (event) => this.fingers.delete(/** @type {PointerEvent} */ (event).pointerId));
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.fingers.get(event.pointerId);
    const frame = frameOf(event);
    if (!before || !frame) return;
    const [x, y] = place(event, frame);
    const [x0, y0] = place(before, frame);
    const other = [...this.fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
    if (other) {
      const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
      const [px, py] = place(other, frame);
      this.by(apart(event) / Math.max(1, apart(before)), px, py);
    } else if (this.scale > 1) this.look(this.scale, this.x + x - x0, this.y + y - y0);
    this.fingers.set(event.pointerId, event);
  }
}
