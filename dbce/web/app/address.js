// The address holds the whole view at all times, and the view follows the address: Back, Forward, a reload, a link that
// is pasted over it. A tab, an example, an opened image and a class are entries of the history.
import { carryLink, readLink, writeLink } from "./link.js";
import { missing } from "./own.js";
import { Pace } from "./pace.js";
import { searchFor } from "./theme.js";

const SETTLED = 50; // milliseconds after a gesture: its last change is drawn

export class Address {
  /** @param {import("./events.js").Parts} parts */
  constructor({ viewer, zoom, painter, opening, own, tour, breath }) {
    this.viewer = viewer;
    this.zoom = zoom;
    this.painter = painter;
    this.opening = opening;
    this.own = own;
    this.tour = tour;
    this.breath = breath;
    this.start = writeLink(viewer.fields, { ...viewer.fields.start(), own: null });
    this.pace = new Pace((url, push) => this.write(url, push));
    this.place = "";
    this.themed = { theme: "", from: "", search: "" }; // made when one of the first two changes
    this.hash = location.hash; // as it was last written or followed
    /** @type {string | null} what is to be followed next */
    this.wanted = null;
    this.following = false;
    viewer.drawers.push(() => this.note());
    zoom.followers.push(() => this.note());
    this.listen();
  }

  listen() {
    const { viewer, pace } = this;
    for (const name of ["popstate", "hashchange"]) window.addEventListener(name, () => this.follow());
    for (const name of ["change", "pointerup", "keyup"])
      window.addEventListener(name, () => setTimeout(() => pace.flush(), SETTLED));
    const tasks = viewer.$(".tasks");
    for (const name of ["pointerdown", "focusin", "click"])
      tasks.addEventListener(name, () => {
        pace.flush(); // Back returns to this view
        this.pointTasks();
      });
  }

  /** Links to the other tasks carry along what holds there. */
  pointTasks() {
    const { fields, state, config } = this.viewer;
    const links = this.viewer.$$(".tasks a");
    const fragment = carryLink(fields, state, config.task);
    for (const [i, { href, here }] of config.tasks.entries())
      if (!here) links[i].href = `${href}${this.search()}${fragment && `#${fragment}`}`;
  }

  /** The address of what is in view; a bare one leads to what the page starts with. */
  url() {
    const { fields, state } = this.viewer;
    const fragment = writeLink(fields, state, this.zoom.written());
    const bare = !this.hash && fragment === this.start;
    return `${location.pathname}${this.search()}${bare ? "" : `#${fragment}`}`;
  }

  /** Its query, which may hold the theme. */
  search() {
    const { theme } = this.viewer.state;
    const { search } = location;
    if (this.themed.theme !== theme || this.themed.from !== search)
      this.themed = { theme, from: search, search: searchFor(search, theme) };
    return this.themed.search;
  }

  /** Something changed. */
  note() {
    const { viewer, tour, breath } = this;
    if (!viewer.study || this.following || breath.goes) return;
    const place = this.placed();
    const push = place !== this.place && tour.at < 0;
    this.place = place;
    this.pace.note(this.url(), push);
  }

  /** What makes an entry of the history. */
  placed() {
    const { tab, example, own, cls } = this.viewer.state;
    return [tab, example, own, cls].join();
  }

  /**
   * @param {string} url
   * @param {boolean} push
   */
  write(url, push) {
    if (this.viewer.config.embedded) return; // the address is that of a notebook
    history[push ? "pushState" : "replaceState"]({ dbce: true }, "", url);
    this.hash = location.hash;
  }

  /** The visitor went back or forward, or changed the address: one after the other, and always to the newest. */
  async follow() {
    if (location.hash === this.hash) return; // hashchange comes after popstate
    this.hash = this.wanted = location.hash;
    if (this.following) return;
    while (this.wanted !== null) await this.go();
  }

  /**
   * Show what the address asks for.
   * @returns {Promise<boolean>} whether it asks for anything
   */
  async go() {
    const { viewer, zoom, painter, tour } = this;
    const fragment = this.wanted ?? this.hash;
    this.wanted = null;
    this.following = true;
    try {
      if (tour.at >= 0) tour.end();
      if (viewer.state.painting) painter.stop();
      if (viewer.study) viewer.render(); // a painting is kept
      zoom.fit();
      const { found, unknown, own } = readLink(viewer.fields, fragment, (text) => zoom.read(text));
      /** @type {Record<string, any>} */
      const { example, slice, ...settings } = { ...viewer.fields.start(), ...found };
      Object.assign(viewer.state, settings);
      viewer.render();
      const { text, failed } = await this.bring(example, slice, own, found.example !== undefined);
      const left = unknown.length
        ? `The link asks for what this page does not know (${unknown.join(", ")}); that was left out.`
        : "";
      if (text || left) viewer.say(`${text} ${left}`.trim(), failed);
      return Object.keys(found).length > 0 || own !== null;
    } finally {
      this.following = false;
      this.settle();
    }
  }

  /** The address as it would be written, without an entry of its own. */
  settle() {
    if (this.wanted !== null || !this.viewer.study) return;
    this.place = this.placed();
    this.pace.settle(`${location.pathname}${location.search}${location.hash}`);
    this.pace.note(this.url(), false);
  }

  /**
   * The image that a link asks for, where it is not in view already.
   * @param {number} example
   * @param {number | null} slice
   * @param {{id: string, slice: number | null} | null} wanted of the visitor's
   * @param {boolean} named whether the link names an example
   * @returns {Promise<{text: string, failed: boolean}>} what to say of it
   */
  async bring(example, slice, wanted, named) {
    const { viewer, opening, own } = this;
    const { state, study } = viewer;
    const mine = Boolean(history.state?.dbce);
    let text = "";
    if (wanted) {
      const here = study && wanted.id === state.own;
      const item = here ? null : opening.bench?.item(wanted.id);
      if (item && (await opening.bench.show(item))) return { text, failed: false };
      const kept = here ? null : await own.find(wanted.id);
      if (here) await opening.turnTo(wanted.slice);
      if (here || (kept && (await own.restore(kept, wanted.slice)))) return { text, failed: false };
      if (kept && study) return { text, failed: true }; // it stays as it was, and the reason stands there
      text = kept ? `${viewer.said} The first example is shown instead.` : missing({ mine, example: named });
      if (kept) example = 0;
    }
    const same = study && state.own === null && state.example === example && state.slice === slice;
    if (same || (await opening.openExample(example, slice)) || study) return { text, failed: false };
    text ||= `${viewer.said} The first example is shown instead.`;
    await opening.openExample(0);
    return { text, failed: true };
  }
}
