// Where a step of the tour is shown: what it speaks of lies in view together, beside the tour's text. What it does not
// speak of is folded away where there is no room.

/** Sides of a panel, px; the first that fits is taken. */
const SIDES = [420, 370, 320, 280, 250, 225, 200, 180, 170, 160, 140, 120, 110, 90];
const LEAST = { wide: 200, narrow: 160 }; // px: a panel is not made smaller than this to show more
const GAP = 12; // px around what is marked

export class Stage {
  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {HTMLElement} box of the text
   */
  constructor(viewer, box) {
    this.viewer = viewer;
    this.box = box;
    this.narrow = matchMedia("(max-width: 900px)");
    /** @type {Element[]} what is spoken of, the control among it */
    this.parts = [];
    /** @type {Element[][]} what belongs to it where there is room, the first first */
    this.more = [];
    /** @type {Element[]} those of both that are shown */
    this.shown = [];
    this.width = 0; // of the window, for which it was laid out
    window.addEventListener("resize", () => {
      if (this.parts.length && window.innerWidth !== this.width) this.lay(); // a phone's bars change its height only
    });
  }

  /** @param {import("./tour_scenes.js").Scene} scene */
  set({ parts, also = [], control }) {
    const { viewer } = this;
    this.clear();
    const named = [...parts, control].flatMap((selector) => viewer.$$(selector));
    this.parts = named.filter((part) => !this.box.contains(part));
    this.more = also.map((selector) => viewer.$$(selector));
    for (const part of viewer.$$(control)) part.classList.add("marked");
    this.lay();
  }

  clear() {
    this.unfold();
    this.unmark();
    this.parts = this.shown = [];
    this.more = [];
  }

  /** What was to be moved has been moved. */
  unmark() {
    for (const part of this.viewer.$$(".marked")) part.classList.remove("marked");
  }

  unfold() {
    const { root } = this.viewer;
    root.classList.remove("folded");
    for (const name of ["aside", "spoken"]) for (const part of this.viewer.$$(`.${name}`)) part.classList.remove(name);
  }

  /** The whole view if it fits and its panels are large, else the largest panels with which what is spoken of fits. */
  lay() {
    const { parts, more } = this;
    const { root } = this.viewer;
    this.width = window.innerWidth;
    root.style.setProperty("--tour", this.narrow.matches ? `${this.box.offsetHeight}px` : "0px");
    this.unfold();
    const all = [...parts, ...more.flat()];
    const panels = parts.filter((part) => part.matches(".panel, .lab-tiles") && part.clientWidth);
    const large = panels.every((panel) => panel.clientWidth >= LEAST.wide);
    this.shown = large && this.fits(all) ? all : this.fold();
    this.speakOf(this.shown);
    const { top, height } = this.extent(this.shown);
    window.scrollBy({
      top: top - Math.max(GAP, (this.room() - height) / 2),
      behavior: this.viewer.calm ? "auto" : "smooth",
    });
  }

  /** @returns {Element[]} those for which there is room */
  fold() {
    const { parts, more } = this;
    const { root } = this.viewer;
    const least = this.narrow.matches ? LEAST.narrow : LEAST.wide;
    root.classList.add("folded");
    for (let count = more.length; count >= 0; count--) {
      const some = [...parts, ...more.slice(0, count).flat()];
      this.speakOf(some);
      for (const side of SIDES) {
        if (count && side < least) break;
        root.style.setProperty("--side", `${side}px`);
        if (this.fits(some)) return some;
      }
    }
    return parts;
  }

  /**
   * Mark these parts, and what lies beside them in their view.
   * @param {Element[]} parts
   */
  speakOf(parts) {
    for (const name of ["aside", "spoken"]) for (const part of this.viewer.$$(`.${name}`)) part.classList.remove(name);
    for (const part of parts) part.classList.add("spoken");
    for (const part of parts)
      for (let at = part; !at.matches(".view"); at = at.parentElement)
        for (const other of at.parentElement.children)
          if (!parts.some((some) => other.contains(some) || some.contains(other))) other.classList.add("aside");
  }

  /** Lay out anew where what is shown has grown out of its place. */
  follow() {
    if (this.shown.length && !this.fits(this.shown)) this.lay();
  }

  /** Height that is left for the figure. */
  room() {
    return window.innerHeight - (this.narrow.matches ? this.box.offsetHeight : 0);
  }

  /** @param {Element[]} parts */
  extent(parts) {
    const boxes = parts.map((part) => part.getBoundingClientRect()).filter(({ width }) => width);
    const [top, left] = [Math.min(...boxes.map((box) => box.top)), Math.min(...boxes.map((box) => box.left))];
    const [bottom, right] = [Math.max(...boxes.map((box) => box.bottom)), Math.max(...boxes.map((box) => box.right))];
    return { top, left, right, height: bottom - top };
  }

  /** @param {Element[]} parts */
  fits(parts) {
    const { left, right, height } = this.extent(parts);
    const view = this.viewer.$(".view:not([hidden])").getBoundingClientRect();
    return left >= view.left - 1 && right <= view.right + 1 && height + 2 * GAP <= this.room();
  }
}
