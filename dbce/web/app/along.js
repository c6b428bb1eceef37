// All images of the tray, to take along: their numbers, their figures, and one page that works without a network and
// without a server, as dbce.report writes it.
import { studyOf } from "../core/label_study.js";
import { rowsOf } from "../core/own_set.js";
import { packArrays } from "../core/scene.js";
import { comparisonCsv, tableOf } from "../files/comparison.js";
import { stem } from "../files/name.js";
import { zipped } from "../files/zip.js";
import { escaped } from "../parts/escape.js";
import { offerFile } from "../parts/file.js";
import { megabytes, paperOf } from "./download.js";
import { failure } from "./opening.js";
import { fileOf, PAINTED, pictureOf, settingsOf, shellAt } from "./page_file.js";

/** @typedef {import("./plan.js").Item} Item */

const SAMPLED = 3; // images by which it is said how large the page will be
const FIGURED = ["anatomy", "compare", "organs", "radius"]; // tabs that show an image

const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

/** The visitor wants it no longer. */
class Stopped extends Error {}

export class Along {
  /** @param {import("./viewer.js").Viewer} viewer @param {import("./bench.js").Bench} bench */
  constructor(viewer, bench) {
    this.viewer = viewer;
    this.bench = bench;
    this.busy = false;
    /** @type {{told: string, at: number, done: number, of: number} | null} what is being made, one image at a time */
    this.work = null;
    this.stopped = false;
  }

  /** Nothing is written of what is being made. */
  stop() {
    this.stopped = true;
    this.bench.tray.draw();
  }

  /**
   * Images one after the other, which takes a while where they are asked for again: told with the time left, until it
   * is stopped.
   * @template T
   * @param {string} told
   * @param {(item: Item, k: number) => Promise<T>} make
   * @returns {Promise<T[]>}
   */
  async each(told, make) {
    const { bench, items } = this;
    const made = [];
    this.work = { told, at: performance.now(), done: 0, of: items.length };
    try {
      for (const [k, item] of items.entries()) {
        bench.tray.draw();
        made.push(await make(item, k));
        if (this.stopped) throw new Stopped();
        this.work.done++;
      }
    } finally {
      this.work = null;
      bench.tray.draw();
    }
    return made;
  }

  /** Those that Set shows, in its order, then the others. @returns {Item[]} */
  get items() {
    const { set, items } = this.bench;
    const done = items.filter(({ status }) => status === "done");
    const shown = set?.items ?? [];
    return [...shown, ...done.filter((item) => !shown.includes(item))];
  }

  /** What can be taken, and in words what it holds. @returns {Record<string, string>} */
  get offers() {
    const { state, fields, settings } = this.viewer;
    const { length } = this.items;
    const of = length === 1 ? "1 image" : `${length} images`;
    const [, tab] = fields.table.get("tab").choices.find(([value]) => value === state.tab);
    return {
      ...(settings.page ? { page: `Page of ${of} that works offline, HTML` } : {}),
      ...(FIGURED.includes(state.tab) ? { figures: `Figures of ${of} as ${tab} shows them, ZIP of SVG` } : {}),
      csv: `Numbers of ${of}, CSV`,
    };
  }

  /**
   * How many bytes the page will have, by its first images that are here.
   * @returns {Promise<number | null>}
   */
  async size() {
    const { viewer, bench, items } = this;
    const here = items.filter(({ id }) => bench.scenes.kept.has(id)).slice(0, SAMPLED);
    if (!here.length) return null;
    const shell = await shellAt(viewer.settings.page.url);
    const texts = await Promise.all(here.map(async (item) => JSON.stringify(await this.sceneOf(item)).length));
    const mean = texts.reduce((sum, length) => sum + length, 0) / texts.length;
    return JSON.stringify(shell).length + items.length * (mean + items[0].thumbnail.length);
  }

  /** One row an image and network. */
  csv() {
    const { items, listed } = this.bench;
    const part = listed.length < items.length ? `-${listed.length}-of-${items.length}` : "";
    offerFile(`dbce-your-images${part}.csv`, "text/csv", comparisonCsv(rowsOf(listed), this.viewer.config.titles));
  }

  /** @param {string} kind one of `offers` */
  async take(kind) {
    const { viewer, bench } = this;
    if (this.busy || bench.running) return viewer.say("Wait until all images are there, or stop the run first.", true);
    this.busy = true;
    this.stopped = false;
    try {
      const name = `dbce-${this.items.length}-images`;
      if (kind === "csv") this.csv();
      else if (kind === "page") this.give(`${name}.html`, await this.page(), "it holds the images themselves");
      else this.give(`${name}-${viewer.state.tab}.zip`, await this.figures(), "a figure an image");
    } catch (error) {
      if (error instanceof Stopped) viewer.say("Stopped; nothing was written, and all images are still here.");
      else viewer.say(failure(error), true);
    } finally {
      this.busy = false;
    }
  }

  /** @param {string} name @param {Blob} file @param {string} held */
  give(name, file, held) {
    offerFile(name, file.type, file);
    this.viewer.say(`${name} was downloaded, ${megabytes(file.size)}: ${held}.`);
  }

  /** A figure of each image, as the tab in view shows it. */
  async figures() {
    const { viewer, bench } = this;
    const { own } = viewer.state;
    const names = new Set();
    try {
      const entries = await this.each("Drawing figures", async (item) => {
        await bench.open(item.id);
        await frames();
        const bare = stem(item.name);
        let name = bare;
        for (let number = 2; names.has(name); number++) name = `${bare}-${number}`;
        names.add(name);
        return { name: `${name}.svg`, data: new TextEncoder().encode(paperOf(viewer, item.name).svg) };
      });
      return new Blob([/** @type {BlobPart} */ (await zipped(entries))], { type: "application/zip" });
    } finally {
      if (bench.item(own)) await bench.open(own);
    }
  }

  /** @returns {Promise<Blob>} */
  async page() {
    const { viewer, items } = this;
    const shell = await shellAt(viewer.settings.page.url);
    const heading = items.length === 1 ? items[0].name : `${items.length} images`;
    const scenes = await this.each("Writing the page", (item) => this.sceneOf(item));
    const settings = await this.settingsOf(shell, heading, scenes);
    return fileOf(shell, heading, settings, scenes);
  }

  /** What a file holds of an image: as it came, or with the mask that it has by now. @param {Item} item */
  async sceneOf(item) {
    const { viewer, bench } = this;
    const { arrays: index, data, unpacked, pixels, image, ...scene } = { ...(await bench.scenes.fetch(item)) };
    delete scene.volume;
    const picture = { image: image ?? (await pictureOf(pixels, scene.size)) };
    if (item.judged !== (unpacked.labels ?? null)) {
      const study = studyOf(scene, unpacked, viewer.config.frequencies);
      study.setLabels(item.judged);
      const arrays = Object.entries(unpacked).filter(([name]) => !/^(labels|distance:|map:|gradient:)/.test(name));
      const given = study.labelled ? [["labels", study.labels]] : [];
      study.distance.forEach((field, cls) => given.push([`distance:${cls}`, field]));
      const packed = await packArrays(Object.fromEntries([...arrays, ...given]), scene.size);
      return { ...scene, ...picture, own: {}, note: item.painted === undefined ? scene.note : PAINTED, ...packed };
    }
    if (!data) return { ...scene, ...picture, ...(await packArrays(unpacked, scene.size)) };
    const more = Object.entries(unpacked).filter(([name]) => !(name in index));
    const packed = more.length
      ? await packArrays(Object.fromEntries(more), scene.size, { arrays: index, data })
      : { arrays: index, data };
    return { ...scene, ...picture, ...packed };
  }

  /** @type {(shell: import("./page_file.js").Shell, heading: string, scenes: any[]) => Promise<Record<string, any>>} */
  async settingsOf(shell, heading, scenes) {
    const { viewer, bench, items } = this;
    const { listed: words } = shell;
    const { losses, set } = bench;
    const { titles, own = [] } = viewer.config;
    const groups = await bench.means();
    const rows = rowsOf(items);
    const named = losses.map((/** @type {string} */ loss) => titles[loss]).join(" and ");
    const count = items.length === 1 ? words.one : words.many.replace("{count}", String(items.length));
    const lowest = (/** @type {string} */ loss) => [`dice/${loss}`, words.lowest.replace("{set}", titles[loss])];
    const orders = [
      ...(losses.length > 1 ? [["disagreement/", words.disputed]] : []),
      ...(groups.length ? [...losses.map(lowest), ["area/", words.smallest]] : []),
      ["name/", words.given],
    ];
    const settings = settingsOf(viewer, shell, {
      examples: items.map(({ name, thumbnail }) => ({ thumbnail, title: escaped(name) })),
      tabs: ["images", ...viewer.settings.page.tabs, ...(set ? ["set"] : [])],
      start: { tab: "images", whose: "test", picked: null },
    });
    return {
      ...settings,
      losses,
      own: own.filter((/** @type {string} */ loss) => losses.includes(loss)),
      alone: settings.alone.replace(/\.$/, items.length > 1 ? words.means : "."),
      set: set && { ...set, items: null, first: 0, test_data: heading },
      report: {
        title: escaped(heading),
        table: groups.length ? tableOf(groups, titles) : null,
        said: words.said.replace("{images}", count).replace("{sets}", named),
        read: scenes.map(({ note }, k) => escaped(note ? `${items[k].name}: ${note}` : items[k].name)),
        left: bench.left.map(({ why }) => escaped(why)),
        orders,
        rows: rows.map(({ name, area, disagreement, scores }, k) => ({
          ...{ example: k, name: escaped(name), area, disagreement: losses.length > 1 ? disagreement : null },
          dice: Object.fromEntries(Object.entries(scores).map(([loss, { dice }]) => [loss, dice])),
        })),
      },
    };
  }
}
