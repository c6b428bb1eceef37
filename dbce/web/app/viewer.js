// The viewer: one state, one image, and panels that are redrawn within a frame of any change.
import { bytes, unpackArrays } from "../core/scene.js";
import { studyOf } from "../core/label_study.js";
import { trained } from "../core/sentences.js";
import { Found } from "../parts/found.js";
import { attribute, hide, write } from "../parts/write.js";
import { Fields } from "./state.js";
import { firstTheme, keepTheme } from "./theme.js";

/** @typedef {{x: number, y: number}} Pixel */
/**
 * @typedef {object} Tab
 * @property {() => void} draw
 * @property {(pixel: Pixel | null) => void} [probe]
 * @property {() => Promise<void>} [ready] when it has been loaded, where that is not so from the start
 * @property {() => import("../lab/lessons.js").Frame | null} [frame] what its networks score now
 * @property {() => string | null} [link] what to say of a link to it
 */

/** What a screen reader says of a slider. @type {Record<string, (value: number) => string>} */
const SPOKEN = {
  radius: (value) => `${value} pixels`,
  threshold: (value) => value.toFixed(2),
  opacity: (value) => `${Math.round(100 * value)} percent`,
};

/** Longer or flatter pictures than this are shown as if they were not. */
const LONGEST = 3;

/** Width by height of the panels. @param {[number, number]} shape height and width */
const aspect = ([height, width]) => Math.min(LONGEST, Math.max(1 / LONGEST, width / height));

/** @param {any} scene of either kind */
export async function bitmapOf({ image, pixels, size }) {
  if (!pixels) {
    const [, kind, code] = /^data:(.*);base64,(.*)$/.exec(image);
    return createImageBitmap(new Blob([bytes(code)], { type: kind })); // not fetched: a report may ask for nothing
  }
  const data = new ImageData(size, size);
  const words = new Uint32Array(data.data.buffer);
  for (let i = 0, k = 0; i < words.length; i++, k += 3)
    words[i] = pixels[k] | (pixels[k + 1] << 8) | (pixels[k + 2] << 16) | (255 << 24);
  return createImageBitmap(data);
}

export class Viewer {
  /**
   * @param {HTMLElement} element holds the page's HTML
   * @param {Record<string, any>} config from dbce.page.settings.config
   * @param {import("../backends/backend.js").Backend} backend
   */
  constructor(element, config, backend) {
    this.root = /** @type {HTMLElement} */ (element.querySelector(".dbce"));
    this.found = new Found(this.root); // for what is asked for with every frame
    this.config = config;
    /** @type {Record<string, any>} as they came */
    this.settings = config;
    this.backend = backend;
    this.several = config.classes.length > 2; // a network then answers with labels, not with a probability
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.fields = new Fields(config.fields);
    /** @type {Record<string, any>} */
    this.state = {
      ...this.fields.start(),
      theme: firstTheme(location.search),
      own: null, // the name of an image that the visitor opened
      painting: false,
      erase: false,
      brush: 14,
      pixel: null,
    };
    /** @type {any} a Study or a LabelStudy */
    this.study = null;
    /** @type {ImageBitmap} the image in view */
    this.bitmap = null;
    this.shown = { title: "", note: "" }; // what is said of it
    /** @type {Uint32Array} and its pixels as words */
    this.image = null;
    this.panels = [];
    /** @type {Record<string, Tab>} */
    this.tabs = {};
    this.scheduled = false;
    /** @type {Set<string>} sliders that moved since the last frame */
    this.slid = new Set();
    this.whole = false; // whether more than they did
    this.themed = ""; // whose colours stand behind the page
    /** @type {import("./bench.js").Bench | null} many images of the visitor's, where there are some */
    this.bench = null;
    /** @type {(() => void)[]} what else is drawn with every frame */
    this.drawers = [];
    /** @type {((scene: import("../core/scene.js").Scene) => void)[]} what else a new image changes */
    this.followers = [];
  }

  /** @param {string} selector @returns {any} */
  $(selector) {
    return this.root.querySelector(selector);
  }

  /** @param {string} selector @returns {any[]} */
  $$(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  /**
   * One change, one redraw.
   * @param {Record<string, any>} patch
   */
  set(patch) {
    const changes = Object.entries(patch).filter(([name, value]) => name in SPOKEN || this.state[name] !== value);
    for (const [name] of changes) this.slid.add(name);
    this.whole ||= !changes.length || changes.some(([name]) => !(name in SPOKEN));
    Object.assign(this.state, patch);
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.render(this.whole);
    });
  }

  /**
   * A radius, under a weighting that it changes.
   * @param {number} radius
   */
  setRadius(radius) {
    const { weightings } = this.config;
    const { weighting } = this.state;
    this.set({ radius, weighting: weightings[weighting].has_radius ? weighting : "dilated" });
  }

  /** What sentences call the objects and the picture. @returns {import("../core/sentences.js").Nouns} */
  get nouns() {
    const { config, several } = this;
    return { object: several ? config.nouns.object : config.classes[1], seen: config.nouns.seen, several };
  }

  /** Whose predictions these are, in words. @param {string} loss */
  who(loss) {
    const { own, guests, titles } = this.config;
    if (guests?.includes(loss)) return `your network ${titles[loss]}`;
    return own?.includes(loss) ? `the predictions of ${titles[loss]}` : trained(titles[loss]);
  }

  /** What Compare shows: the study, with class weights taken out of its networks where that is asked for. */
  get judged() {
    return this.state.prior === "corrected" ? this.study.corrected(this.config.shifts) : this.study;
  }

  /** @param {boolean} whole whether more than sliders may have changed */
  render(whole = true) {
    const { root, state, study, slid } = this;
    this.whole = false;
    this.slid = new Set();
    for (const name of ["tab", "theme", "palette"]) attribute(root, `data-${name}`, state[name]);
    if (this.themed !== state.theme) {
      this.themed = state.theme;
      document.documentElement.style.background = getComputedStyle(root).getPropertyValue("--page");
    }
    root.classList.toggle("painting", state.painting);
    hide(this.found.one(".brush"), !state.painting);
    if (study) this.settleNetworks();
    if (whole) this.showControls();
    this.showSliders(whole ? Object.keys(SPOKEN) : [...slid]);
    if (!study) return;
    if (whole) for (const part of this.found.all("[data-needs=mask]")) hide(part, !study.labelled);
    write(this.found.one('[data-out="opacity"]'), `${Math.round(state.opacity * 100)} %`);
    for (const out of this.found.all('[data-out="rim-radius"]')) write(out, state.radius);
    for (const draw of this.drawers) draw();
    if (!study.pending.includes(state.loss)) this.tabs[state.tab].draw(); // else as soon as it has answered
    this.point(state.pixel);
  }

  /** A network that says nothing of this image, such as a set of predictions without it, gives way to one that does. */
  settleNetworks() {
    const { state, study } = this;
    if (state.tab === "set") return; // which has images of its own
    const last = study.losses.at(-1);
    for (const [name, other] of Object.entries({ loss: study.losses[0], first: study.losses[0], second: last }))
      if (name in state && !study.losses.includes(state[name])) state[name] = other;
  }

  /** What the controls stand at. */
  showControls() {
    const { state } = this;
    for (const tab of this.found.all(".tabs button")) {
      const on = tab.dataset.tab === state.tab;
      attribute(tab, "aria-selected", String(on));
      attribute(tab, "tabindex", on ? "0" : "-1");
      hide(this.found.one("#view-" + tab.dataset.tab), !on);
    }
    for (const input of this.found.all("[data-field] input[type=radio]"))
      input.checked = state[input.name] === input.value;
    for (const input of this.found.all("[name=loss], [name=first], [name=second]"))
      input.disabled = this.study?.pending.includes(input.value) ?? false;
    for (const input of this.found.all("input[type=checkbox]")) {
      const now = state[input.name];
      input.checked = Array.isArray(now) ? now.includes(input.value) : now;
    }
    const pressed = { palette: state.palette === "safe", paint: state.painting, erase: state.erase };
    for (const [name, on] of Object.entries(pressed))
      attribute(this.found.one(`[data-do="${name}"]`), "aria-pressed", String(on));
    for (const button of this.found.all(".examples button"))
      attribute(button, "aria-pressed", String(+button.dataset.example === state.example));
    for (const button of this.found.all("[data-class]"))
      attribute(button, "aria-pressed", String(+button.dataset.class === state.cls));
  }

  /** Where sliders stand. @param {string[]} fields */
  showSliders(fields) {
    for (const field of fields)
      for (const input of this.found.all(`input[type=range][data-field=${field}]`)) {
        const value = this.state[field];
        if (input.value !== String(value)) input.value = value;
        attribute(input, "aria-valuetext", SPOKEN[field](value));
      }
  }

  /**
   * Mark the same pixel in every panel.
   * @param {Pixel | null} pixel
   */
  point(pixel) {
    const { state, study } = this;
    state.pixel = pixel;
    const radius = state.painting ? state.brush : state.radius;
    for (const panel of this.panels)
      panel.mark(
        pixel,
        state.painting || this.config.weightings[state.weighting].has_radius ? radius : null,
        study?.size,
      );
    if (study && !study.pending.includes(state.loss)) this.tabs[state.tab].probe?.(pixel);
  }

  /**
   * One line to the visitor.
   * @param {string} text
   * @param {boolean} error
   */
  say(text, error = false) {
    const line = this.$(".message");
    line.textContent = text;
    line.classList.toggle("error", error);
  }

  /** The line that stands there. */
  get said() {
    return this.$(".message").textContent;
  }

  /**
   * Show what a backend answered.
   * @param {string | import("../core/scene.js").Composed} given a scene, perhaps as JSON
   * @param {() => void} [change] what changes with it
   */
  async showScene(given, change = () => {}) {
    const scene = typeof given === "string" ? JSON.parse(given) : given;
    const [arrays, bitmap] = await Promise.all([scene.unpacked ?? unpackArrays(scene), bitmapOf(scene)]);
    const sheet = new OffscreenCanvas(scene.size, scene.size).getContext("2d");
    sheet.drawImage(bitmap, 0, 0);
    this.bitmap?.close(); // its pixels are not the collector's to count
    this.bitmap = bitmap;
    this.image = new Uint32Array(sheet.getImageData(0, 0, scene.size, scene.size).data.buffer);
    this.study = studyOf(scene, arrays, this.config.frequencies);
    this.root.style.setProperty("--aspect", String(aspect(scene.shape)));
    this.state.pixel = null;
    this.shown = { title: scene.title, note: scene.note };
    change();
    this.say(scene.title + (scene.note ? ". " + scene.note : ""));
    for (const follow of this.followers) follow(scene);
    this.render();
  }

  switchTheme() {
    this.set({ theme: this.state.theme === "dark" ? "light" : "dark" });
    keepTheme(this.state.theme);
  }
}
