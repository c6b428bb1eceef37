// The visitor's images as a strip that stays in the page: step, order, remove; how far a run is; what is left out.
import { meanDice, ORDERS } from "../core/own_set.js";
import { percent } from "../core/format.js";
import { escaped } from "../parts/escape.js";
import { megabytes } from "./download.js";

/** @typedef {import("./bench.js").Item} Item */

const STEP = 54; // px from one thumbnail to the next
const BESIDE = 6; // thumbnails beyond either end of what is seen

const HTML = `<div class="row">
    <div class="step" role="group" aria-label="Your images">
      <button type="button" data-tray="before" aria-label="Image before">&#8249;</button><output></output>
      <button type="button" data-tray="next" aria-label="Next image">&#8250;</button></div>
    <label class="order"><span>Order</span> <select>${Object.entries(ORDERS)
      .map(([value, text]) => `<option value="${value}">${text}</option>`)
      .join("")}</select></label>
    <div class="progress" hidden><progress max="1"></progress><output></output>
      <button type="button" data-tray="stop">Stop</button><button type="button" data-tray="on">Continue</button></div>
    <details class="menu left"><summary></summary><div class="sheet"><ul></ul></div></details>
    <div class="ends">
      <details class="menu take"><summary>Take along</summary>
        <div class="sheet"><div class="files"></div></div></details>
      <button type="button" data-tray="remove" title="Take this image out of the tray (Delete)">Remove</button>
      <button type="button" data-tray="close" title="Let go of all images of the tray">Close all</button></div>
  </div>
  <div class="reel" role="listbox" tabindex="0" aria-label="Your images: arrow keys step, Delete removes one">
    <div role="presentation"></div></div>`;

/** @param {number} seconds */
const inWords = (seconds) =>
  seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s` : `about ${Math.round(seconds / 60)} min`;

/**
 * What a progress says of the time left, as soon as that can be told.
 * @param {number} done since `at`
 * @param {number} waiting
 * @param {number} at milliseconds, as of `performance.now`
 */
const timeLeft = (done, waiting, at) =>
  done > 2 ? `, ${inWords((waiting * (performance.now() - at)) / done / 1000)}` : "";

export class Tray {
  /** @param {import("./viewer.js").Viewer} viewer @param {import("./bench.js").Bench} bench */
  constructor(viewer, bench) {
    this.viewer = viewer;
    this.bench = bench;
    this.box = document.createElement("section");
    this.box.className = "tray";
    this.box.setAttribute("aria-label", "Your images");
    this.box.innerHTML = HTML;
    this.box.hidden = true;
    viewer.$(".source").after(this.box);
    this.reel = /** @type {HTMLElement} */ (this.box.querySelector(".reel"));
    this.band = /** @type {HTMLElement} */ (this.reel.firstElementChild);
    this.select = this.box.querySelector("select");
    this.key = "";
    this.offered = "";
    /** @type {{version: number, bytes: number} | null} of the page */
    this.size = null;
    this.seen = ""; // the image to which the reel was moved
    this.listen();
  }

  /** @param {string} selector @returns {any} */
  $(selector) {
    return this.box.querySelector(selector);
  }

  draw() {
    const { bench, viewer } = this;
    const { items, left, running, stopped } = bench;
    this.box.hidden = !items.length && !left.length;
    if (this.box.hidden) return;
    const { listed } = bench;
    const at = listed.findIndex(({ id }) => id === viewer.state.own);
    this.$(".step output").textContent = at < 0 ? `${listed.length}` : `${at + 1} of ${listed.length}`;
    this.$('[data-tray="before"]').disabled = at === 0 || !listed.length;
    this.$('[data-tray="next"]').disabled = at === listed.length - 1;
    this.$('[data-tray="remove"]').disabled = at < 0;
    this.select.value = bench.order;
    this.drawProgress(listed.length, running, stopped);
    const menu = this.$(".menu.left");
    menu.hidden = !left.length;
    const count = `${left.length} left out`;
    if (menu.firstElementChild.textContent !== count) {
      menu.firstElementChild.textContent = count;
      menu.querySelector("ul").innerHTML = left.map(({ why }) => `<li>${escaped(why)}</li>`).join("");
    }
    this.drawOffers();
    this.drawReel(listed, at);
  }

  /** What can be taken along, in words, with the size of the page where that is known. */
  drawOffers() {
    const { along, running } = this.bench;
    const menu = this.$(".menu.take");
    menu.hidden = running || Boolean(along.work) || !along.items.length;
    if (!menu.open) return;
    const size = this.size?.version === this.bench.version ? `, about ${megabytes(this.size.bytes)}` : "";
    const lines = Object.entries(along.offers).map(
      ([kind, text]) => `<button type="button" data-take="${kind}">${text}${kind === "page" ? size : ""}</button>`,
    );
    const html = lines.join("");
    if (html !== this.offered) menu.querySelector(".files").innerHTML = this.offered = html;
  }

  /** The size of the page is said before it is written. */
  async weigh() {
    const { version, along } = this.bench;
    this.drawOffers();
    const bytes = this.viewer.settings.page ? await along.size().catch(() => null) : null; // a click says what is wrong
    if (bytes) this.size = { version, bytes };
    this.drawOffers();
  }

  /** @type {(done: number, running: boolean, stopped: boolean) => void} */
  drawProgress(done, running, stopped) {
    const { items, run, along } = this.bench;
    const box = this.$(".progress");
    const waiting = items.length - done;
    box.hidden = !waiting && !along.work;
    if (box.hidden) return;
    const [bar, text] = [box.querySelector("progress"), box.querySelector("output")];
    if (along.work) {
      const { told, at, done: made, of } = along.work;
      bar.value = made / of;
      text.textContent = along.stopped ? "Stopping\u2026" : `${told}: ${made} of ${of}${timeLeft(made, of - made, at)}`;
      this.$('[data-tray="stop"]').hidden = along.stopped;
      this.$('[data-tray="on"]').hidden = true;
      return;
    }
    bar.value = done / items.length;
    const time = timeLeft(run.done, waiting, run.at);
    text.textContent =
      running && !stopped ? `${done} of ${items.length}${time}` : `Stopped at ${done} of ${items.length}`;
    this.$('[data-tray="stop"]').hidden = !running || stopped;
    this.$('[data-tray="on"]').hidden = running;
  }

  /** Only the thumbnails that are seen are there. @param {Item[]} listed @param {number} at the one in view */
  drawReel(listed, at) {
    const { reel, band, bench, viewer } = this;
    band.style.width = `${listed.length * STEP}px`;
    const now = at < 0 ? "" : `${listed[at].id} ${bench.order}`;
    if (now !== this.seen && reel.clientWidth) {
      this.seen = now;
      const from = at * STEP;
      if (at >= 0 && (from < reel.scrollLeft || from + STEP > reel.scrollLeft + reel.clientWidth))
        reel.scrollLeft = from - (reel.clientWidth - STEP) / 2;
    }
    const first = Math.max(0, Math.floor(reel.scrollLeft / STEP) - BESIDE);
    const last = Math.min(listed.length, Math.ceil((reel.scrollLeft + reel.clientWidth) / STEP) + BESIDE);
    const { first: a, second: b } = viewer.state;
    const key = [first, last, bench.version, bench.order, at, a, b].join();
    if (key === this.key) return;
    this.key = key;
    const numbers = new Set([...Array(Math.max(0, last - first)).keys()].map((k) => first + k));
    if (at >= 0) numbers.add(at);
    const before = new Map([...band.children].map((part) => [part.id, part]));
    const parts = [...numbers].map((k) => {
      const part = before.get(`tray-${listed[k].id}`) ?? document.createElement("div");
      this.fill(/** @type {HTMLElement} */ (part), listed[k], k, k === at);
      return part;
    });
    band.replaceChildren(...parts);
    if (at >= 0) reel.setAttribute("aria-activedescendant", `tray-${listed[at].id}`);
    else reel.removeAttribute("aria-activedescendant");
  }

  /** @type {(part: HTMLElement, item: Item, k: number, on: boolean) => void} with what the second network gains */
  fill(part, { id, name, thumbnail, row }, k, on) {
    const { first, second } = this.viewer.state;
    const [a, b] = [first, second].map((loss) => row.scores[loss]?.dice);
    const gain = a === undefined || b === undefined ? 0 : b - a;
    const dice = meanDice(row);
    const told = dice === null ? "no mask" : `mean Dice ${percent(dice)} %`;
    if (!part.id) {
      part.id = `tray-${id}`;
      part.dataset.id = id;
      part.setAttribute("role", "option");
      part.innerHTML = `<img src="${thumbnail}" alt=""><i></i>`;
    }
    part.title = `${name}, ${told}`;
    part.setAttribute("aria-label", part.title);
    part.setAttribute("aria-selected", String(on));
    part.style.left = `${k * STEP}px`;
    const bar = part.querySelector("i");
    bar.className = gain < 0 ? "less" : "";
    bar.style.setProperty("--part", String(Math.abs(gain)));
  }

  listen() {
    const { box, bench, reel, viewer } = this;
    const acts = {
      before: () => bench.step(-1),
      next: () => bench.step(1),
      stop: () => (bench.along.work ? bench.along.stop() : bench.stop()),
      on: () => bench.goOn(),
      remove: () => bench.current && bench.remove(bench.current),
      close: () => bench.close(),
    };
    box.addEventListener("click", ({ target }) => {
      const element = /** @type {HTMLElement} */ (target);
      acts[element.closest("button")?.dataset.tray]?.();
      const id = /** @type {HTMLElement | null} */ (element.closest("[data-id]"))?.dataset.id;
      if (id) bench.open(id);
    });
    this.$(".menu.take").addEventListener("toggle", () => this.weigh());
    box.addEventListener("click", ({ target }) => {
      const kind = /** @type {HTMLElement} */ (target).closest("button")?.dataset.take;
      if (!kind) return;
      this.$(".menu.take").open = false;
      bench.along.take(kind);
    });
    this.select.addEventListener("change", () => {
      bench.order = /** @type {any} */ (this.select.value);
      viewer.set({});
    });
    let asked = false;
    reel.addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        this.draw();
      });
    });
    reel.addEventListener("keydown", (event) => {
      const { length } = bench.listed;
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -length, End: length }[event.key];
      if (by === undefined && event.key !== "Delete") return;
      event.preventDefault();
      if (by !== undefined) bench.step(by);
      else acts.remove();
    });
  }
}
