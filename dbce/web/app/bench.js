// Many images of the visitor's: sorted, run a few at a time, kept as scores, and opened again when they are asked for.
import { Unreachable } from "../backends/backend.js";
import { studyOf } from "../core/label_study.js";
import { ordered, rowOf, rowsOf, setOf } from "../core/own_set.js";
import { Along } from "./along.js";
import { Aside, Refused } from "./aside.js";
import { Intake } from "./intake.js";
import { addNetworks } from "./networks.js";
import { failure } from "./opening.js";
import { groupsOf, itemsOf, print, renameSets, setsOf } from "./plan.js";
import { Scenes } from "./scenes.js";
import { Tray } from "./tray.js";
import { bitmapOf } from "./viewer.js";

/** @typedef {import("./given.js").Given} Given */
/** @typedef {import("./plan.js").Item} Item */

const THUMBNAIL = 92; // px
const SHOWN = 800; // milliseconds between two drawings of Set while images are run
const COUNTED = 250; // and of the tray alone

export class Bench {
  /** @type {Given[]} all that was given, used or not */
  files = [];
  /** @type {Item[]} in the order of their paths */
  items = [];
  /** @type {{path: string, why: string}[]} */
  left = [];
  /** @type {keyof typeof import("../core/own_set.js").ORDERS} */
  order = "name";
  scenes = new Scenes(this);
  running = false;
  stopped = false;
  /** @type {{at: number, done: number}} when the run began, and how many it has done */
  run = { at: 0, done: 0 };
  version = 0;
  /** @type {string | null} what is to be opened next */
  wanted = null;
  /** @type {string | null} what will be in view when all that was asked for is */
  target = null;
  opens = false;
  drawn = 0; // when this was shown last

  /** @param {import("./viewer.js").Viewer} viewer @param {import("./opening.js").Opening} opening */
  constructor(viewer, opening) {
    this.viewer = viewer;
    this.opening = opening;
    this.aside = new Aside();
    this.along = new Along(viewer, this);
    this.intake = new Intake(viewer);
    this.tray = new Tray(viewer, this);
    viewer.drawers.push(() => {
      if (this.current) this.judge(this.current);
      this.tray.draw();
    });
    viewer.followers.push((scene) => {
      if (this.current && scene !== this.scenes.kept.get(this.current.id)) this.adopt(this.current);
    });
    viewer.root.addEventListener("click", ({ target }) => {
      const button = /** @type {HTMLElement} */ (target).closest("button[data-item]");
      if (button instanceof HTMLElement) this.open(button.dataset.item, { tab: button.dataset.to });
    });
  }

  /** The image in view, where it is one of these. */
  get current() {
    return this.item(this.viewer.state.own);
  }

  /** @param {string | null} id */
  item(id) {
    return this.items.find((item) => item.id === id);
  }

  /** Those that were run, as the tray shows them. */
  get listed() {
    return ordered(
      this.items.filter(({ status }) => status === "done"),
      this.order,
    );
  }

  /** The networks, and the sets of predictions that any image has. */
  get losses() {
    const { losses, own = [] } = this.viewer.config;
    return losses.filter((loss) => !own.includes(loss) || this.items.some(({ predictions }) => loss in predictions));
  }

  /** What Set shows of them; the same as long as nothing changes. */
  get set() {
    if (this.made?.version !== this.version) {
      const { radius, several } = this.viewer.config;
      this.made = { version: this.version, set: several ? null : setOf(this.items, this.losses, radius) };
    }
    return this.made.set;
  }

  /**
   * Sort what was given, beside what was before, say so, and run what the visitor agrees to.
   * @param {Given[]} given
   */
  async take(given) {
    const { viewer } = this;
    const all = [...new Map([...this.files, ...given].map((one) => [print(one), one])).values()];
    viewer.say(`Sorting ${all.length} files\u2026`);
    const { classes, max_bytes: most } = viewer.config;
    const several = classes.length > 2;
    const large = all.filter(({ file }) => file.size > most);
    const files = all.filter(({ file }) => file.size <= most);
    try {
      const plan = await this.aside.ask("sort", { files, classes: classes.length, scan: several });
      for (const { path } of large)
        plan.left.push({ path, why: `${path} has more than ${most / 1e6} MB; save it smaller or as JPEG.` });
      renameSets(plan, viewer.config);
      const sets = await setsOf(this.aside, plan, files, classes.length);
      const groups = await groupsOf(files);
      const planned = (/** @type {Record<string, string>} */ kinds) => itemsOf(plan, files, kinds, groups, this.items);
      const guess = planned(Object.fromEntries(Object.entries(sets).map(([name, { kind }]) => [name, kind ?? ""])));
      viewer.say("");
      const waiting = guess.filter(({ status }) => status !== "done").length;
      const kinds = await this.intake.ask(plan, files, sets, waiting);
      if (!kinds) return viewer.say("Nothing was opened; what was there is unchanged.");
      this.use(planned(kinds), plan, all, kinds);
      await this.goOn();
    } catch (error) {
      viewer.say(failure(error), true);
    }
  }

  /** @type {(items: Item[], plan: import("../readers/intake.js").Plan, files: Given[], kinds: object) => void} */
  use(items, plan, files, kinds) {
    for (const item of this.items) if (!items.includes(item)) this.drop(item);
    [this.items, this.left, this.files] = [items, [...plan.left], files];
    const flat = Object.entries(kinds).flatMap(([set, kind]) => (kind === "labels" ? [set] : []));
    addNetworks(
      this.viewer,
      Object.keys(kinds).filter((set) => kinds[set]),
      flat,
    );
    if ("whose" in this.viewer.state) this.viewer.state.whose = "own";
    this.version++;
    this.tray.draw();
  }

  /** Means of the images that all judge, with intervals, computed beside the page: the same while nothing changes. */
  means() {
    if (this.averaged?.version !== this.version) {
      const all = (/** @type {Item} */ { row }) => row && this.losses.every((loss) => loss in row.scores);
      const items = this.items.filter(all);
      const members = items.map(({ id, group }) => group ?? id);
      this.averaged = { version: this.version, groups: this.aside.ask("means", { rows: rowsOf(items), members }) };
    }
    return this.averaged.groups;
  }

  /** Run all that wait, a few at a time. */
  async goOn() {
    const { viewer } = this;
    if (this.running) return;
    this.running = true;
    this.stopped = false;
    this.run = { at: performance.now(), done: 0 };
    this.tray.draw();
    const ask = () => {
      const item = this.stopped ? null : this.items.find(({ status }) => status === "waiting");
      if (!item) return null;
      item.status = "running";
      const asked = this.scenes.fetch(item);
      const there = asked.catch(() => {}); // what went wrong is told when it is scored
      return { item, asked, there };
    };
    const lane = async () => {
      for (let one = ask(); one;) {
        await one.there;
        const next = ask(); // so that the backend has work while this one is scored
        await this.score(one.item, one.asked);
        one = next;
      }
    };
    try {
      await Promise.all(Array.from({ length: viewer.backend.lanes ?? 1 }, lane));
      const [done, all] = [this.listed.length, this.items.length];
      const left = this.left.length ? `; ${this.left.length} left out` : "";
      if (!this.stopped) viewer.say(`${done === 1 ? "1 image" : `${done} images`} scored${left}.`);
      else if (!viewer.root.querySelector(".message.error")) viewer.say(`Stopped at ${done} of ${all}.`);
    } finally {
      this.running = false;
      this.version++;
      viewer.set({});
    }
  }

  stop() {
    this.stopped = true;
    this.tray.draw();
  }

  /** @param {Item} item @param {Promise<any>} asked for its scene */
  async score(item, asked) {
    const { viewer } = this;
    const { config } = viewer;
    try {
      const scene = await asked;
      const study = studyOf(scene, scene.unpacked, config.frequencies);
      item.row = rowOf(study, config.radius, config.shifts, flatOf(item));
      item.thumbnail = await thumbnailOf(scene);
      if (!this.items.includes(item)) return; // removed since
      item.status = "done";
      this.run.done++;
      if (this.run.done === 1 && !this.current && this.items[0]) this.open(item.id);
    } catch (error) {
      if (error instanceof Unreachable) {
        item.status = "waiting";
        this.stopped = true;
        viewer.say(failure(error), true);
      } else this.leave(item, error instanceof Refused ? error.message : failure(error));
    }
    this.version++;
    this.showSoFar();
  }

  /** What is there so far, drawn now and then: at ten images a second each drawing would cost as much as an image. */
  showSoFar() {
    const { viewer, run } = this;
    const now = performance.now();
    const set = viewer.state.tab === "set";
    if (run.done > 1 && now - this.drawn < (set ? SHOWN : COUNTED)) return;
    if (set) viewer.set({});
    else this.tray.draw();
    this.drawn = now;
  }

  /** An image in view is scored again when its labels are others: painted, or of another file. @param {Item} item */
  judge(item) {
    const { study, state, config } = this.viewer;
    const { row, predictions } = item;
    if (state.painting || !row || study.pending.length || study.place) return;
    if (Object.keys(predictions).some((set) => set in row.scores && !study.losses.includes(set))) return; // not yet
    const labels = study.labelled ? study.labels : null;
    if (labels === item.judged) return;
    item.judged = labels;
    item.painted = study.drawn || !labels ? labels : undefined;
    item.row = rowOf(study, config.radius, config.shifts, flatOf(item));
    this.version++;
  }

  /** An image that was opened in another way than here, with another mask, gets its predictions. @param {Item} item */
  async adopt(item) {
    item.changed = true;
    const { study, config } = this.viewer;
    const { losses, arrays } = await this.scenes.read(item, study, study.labelled ? study.labels : undefined);
    if (!losses.length || this.viewer.study !== study) return;
    study.take(losses, arrays, config.losses);
    this.viewer.set({});
  }

  /** @param {Item} item @param {string} why */
  leave(item, why) {
    this.items = this.items.filter((other) => other !== item);
    this.left.push({ path: item.name, why });
    this.drop(item);
  }

  /** What is kept of an image is let go. @param {Item} item */
  drop(item) {
    this.scenes.kept.delete(item.id);
  }

  /**
   * Show an image of the tray: one question at a time, and always the newest next.
   * @param {string} id
   * @param {Record<string, any>} more that changes with it
   */
  async open(id, more = {}) {
    this.wanted = this.target = id;
    this.more = more;
    if (this.opens) return;
    this.opens = true;
    try {
      while (this.wanted !== null) {
        const [next, patch] = [this.item(this.wanted), this.more];
        this.wanted = null;
        if (next) await this.show(next, patch);
      }
    } finally {
      this.opens = false;
      this.target = null;
    }
  }

  /** @param {Item} item @param {Record<string, any>} more @returns {Promise<boolean>} */
  async show(item, more = {}) {
    const patch = { own: item.id, example: null, slice: null, painting: false, ...more };
    const kept = item.changed ? await this.opening.own.find(item.id) : null;
    if (kept) {
      Object.assign(this.viewer.state, more);
      return this.opening.own.restore(kept, null);
    }
    const request = await this.scenes.requestOf(item);
    const { painted } = item;
    const answer = async () => {
      try {
        const scene = await this.scenes.fetch(item);
        return { scene, volume: scene.volume };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return { error: error.message };
      }
    };
    if (!(await this.opening.open(request, patch, !this.scenes.kept.has(item.id), answer))) return false;
    if (painted !== undefined && this.current === item) {
      this.viewer.study.setLabels(painted);
      this.viewer.render();
    }
    return true;
  }

  /** Step through the tray. @param {number} by */
  step(by) {
    const { listed } = this;
    const from = listed.findIndex(({ id }) => id === (this.target ?? this.viewer.state.own));
    const at = from < 0 ? (by > 0 ? 0 : listed.length - 1) : from + by;
    const next = listed[Math.max(0, Math.min(listed.length - 1, at))];
    if (next) this.open(next.id);
  }

  /** Take an image out of the tray; the next one comes into view. @param {Item} item */
  remove(item) {
    const { listed } = this;
    const at = listed.indexOf(item);
    const next = listed[at + 1] ?? listed[at - 1];
    this.items = this.items.filter((other) => other !== item);
    const own = [item.image, item.mask, ...Object.values(item.predictions).map(({ file }) => file)];
    this.files = this.files.filter(({ file }) => !own.includes(file));
    this.drop(item);
    this.version++;
    if (next) this.open(next.id);
    this.viewer.set({});
  }

  /** Let all of it go; what is in view stays. */
  close() {
    this.stopped = this.along.stopped = true;
    for (const item of this.items) this.drop(item);
    [this.items, this.left, this.files] = [[], [], []];
    this.version++;
    this.viewer.set({});
  }
}

/** Sets of which an image has a label map. @param {Item} item */
const flatOf = ({ predictions }) => Object.keys(predictions).filter((set) => predictions[set].kind === "labels");

/** @param {any} scene @returns {Promise<string>} a small picture of it as a data URL */
async function thumbnailOf(scene) {
  const bitmap = await bitmapOf(scene);
  const [height, width] = scene.shape;
  const ratio = Math.min(2, Math.max(0.5, width / height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(THUMBNAIL * Math.max(1, ratio));
  canvas.height = Math.round(THUMBNAIL * Math.max(1, 1 / ratio));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.toDataURL("image/jpeg", 0.8); // no address of a blob: a server's policy forbids it
}
