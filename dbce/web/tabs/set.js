// The test set, image by image: which network is better where, by how much, and whether chance or one group makes it.
import { Cases, mean } from "../core/cases.js";
import { EVEN, judge, points, range, SIZES, whatGains, whatLeans, whatRepeats, whoWins } from "../core/case_texts.js";
import { percent } from "../core/format.js";
import { stem } from "../files/name.js";
import { csv } from "../files/tables.js";
import { escaped } from "../parts/escape.js";
import { offerFile } from "../parts/file.js";
import { Scatter } from "../parts/scatter.js";
import { explained } from "../parts/term.js";
import { howFar, showMeans, takeMeans, whyNothing } from "./own_set.js";

/** @typedef {import("../core/cases.js").Score} Score */

const MORE = 50; // rows that a click adds to the list
const FIRST = 10;

export class SetTab {
  /** @param {import("../app/viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {any} as of dbce.scores.set_summary, or of core/own_set.js */
    this.set = null;
    this.whose = ""; // set that is
    this.view = viewer.$("#view-set");
    this.rows = FIRST;
    /** @type {Set<number> | null} images that a box or a size keeps */
    this.kept = null;
    this.pointed = -1;
    this.key = "";
    const whose = this.view.querySelector("[name=whose]");
    whose.innerHTML = options(viewer.fields.table.get("whose")?.choices ?? []);
    whose.parentElement.hidden = Boolean(viewer.config.closed);
    this.view.querySelector("[data-shifts]").hidden = !Object.keys(viewer.config.shifts).length;
    this.scatter = new Scatter(this.view.querySelector(".dots"), {
      pick: (image) => viewer.set({ picked: image }),
      point: (image) => this.show(image),
      select: (box) => this.select(box),
    });
    this.listen();
  }

  /** The two that are compared; a network that the set was not scored with gives way to one that it was. */
  get pair() {
    const { first, second } = this.viewer.state;
    const [a, b] = [first, second].map((loss) => (this.losses.includes(loss) ? loss : null));
    const other = (/** @type {string | null} */ taken) => this.losses.findLast((loss) => loss !== taken) ?? taken;
    return { first: a ?? this.losses.find((loss) => loss !== b) ?? b, second: b ?? other(a) };
  }

  /** The set that is asked for; null where there is none yet. */
  get wanted() {
    const { state, bench, config } = this.viewer;
    return state.whose === "own" ? (bench?.set ?? null) : config.set;
  }

  /** @param {any} set to be shown from now on */
  use(set) {
    const { viewer, view } = this;
    const whose = this.whose !== viewer.state.whose;
    [this.set, this.whose, this.key] = [set, viewer.state.whose, ""];
    if (whose) [this.kept, this.rows, this.pointed] = [null, FIRST, -1];
    this.cases = new Cases(set);
    if (this.kept) this.kept = new Set([...this.kept].filter((i) => i < this.cases.count));
    this.losses = viewer.config.losses.filter((loss) => this.cases.networks.has(`${loss} trained`));
    const titles = new Set(this.losses);
    for (const select of view.querySelectorAll("select[name]")) {
      const { choices } = viewer.fields.table.get(select.name);
      const known = ["first", "second"].includes(select.name)
        ? choices.filter(([value]) => titles.has(value))
        : choices;
      select.innerHTML = options(known);
    }
    const own = this.whose === "own";
    view.querySelector(".away").hidden = own || set.first !== null;
    view.querySelector(".made").hidden = set.command === null;
    const texts = { data: set.test_data, radius: set.radius, command: set.command };
    for (const [name, text] of Object.entries(texts)) view.querySelector(`[data-out="set-${name}"]`).textContent = text;
    showMeans(view.querySelector(".means"), viewer, own ? set : null);
  }

  draw() {
    const { state } = this.viewer;
    const { view, wanted } = this;
    view.classList.toggle("empty", !wanted);
    view.querySelector(".nothing").hidden = Boolean(wanted);
    view.querySelector("[name=whose]").value = state.whose;
    if (!wanted) {
      view.querySelector(".nothing p").textContent = whyNothing(this.viewer.bench);
      return;
    }
    if (wanted !== this.set || this.whose !== state.whose) this.use(wanted);
    const shown = { ...state, ...this.pair };
    for (const select of this.view.querySelectorAll("select[name]")) select.value = shown[select.name];
    const now = JSON.stringify(["first", "second", "score", "prior", "order", "theme", "palette"].map((n) => state[n]));
    if (now !== this.key) this.compute(now);
    view.querySelector(".sofar").textContent = this.whose === "own" ? howFar(this.viewer.bench, this.set) : "";
    const picked = state.picked === null ? -1 : Math.min(state.picked, this.cases.count - 1);
    this.show(picked >= 0 ? picked : this.listed[0]);
  }

  /** @param {string} key of what all below depends on */
  compute(key) {
    this.key = key;
    const { state, config, fields } = this.viewer;
    const { cases } = this;
    const remark = (loss) => (state.prior === "corrected" && loss in config.shifts ? ", prior corrected" : "");
    const { first, second } = this.pair;
    const [a, b] = [first, second].map((loss) => config.titles[loss] + remark(loss));
    const named = fields.table.get("score").choices.find(([value]) => value === state.score)[1];
    this.words = { a, b, group: cases.grouped ? this.set.group : "image" };
    const [x, y] = [first, second].map((loss) => cases.scores(loss, state.score, state.prior));
    this.difference = y.map((value, i) => value - x[i]);
    this.findings = [0, 1, 2].map((third) => judge(cases, this.difference, cases.within(third)));
    this.all = judge(cases, this.difference, cases.within());
    this.order = this.sorted();
    const labels = [`${named} of ${a}`, `${named} of ${b}`];
    this.view.querySelector(".wins").textContent = whoWins(this.difference, this.words);
    const dots = { x, y, third: cases.third, names: cases.names, labels: /** @type {[string, string]} */ (labels) };
    this.dots = dots;
    this.scatter.draw(dots, this.kept, EVEN);
    this.drawTable(named);
    this.drawList();
  }

  /** Numbers of the images in the order asked for. */
  sorted() {
    const { cases, losses } = this;
    const { order, score, prior } = this.viewer.state;
    const share = (/** @type {"missed" | "rim" | "far"} */ part) => (/** @type {number} */ i) =>
      -mean(
        losses.map((loss) => cases.counts(loss, prior)[part][i] / Math.max(1, cases.area[i])),
        [...losses.keys()],
      );
    /** @type {Record<string, (i: number) => number>} */
    const by = {
      disputed: (i) => -Math.abs(this.difference[i]),
      worst: (i) => losses.reduce((sum, loss) => sum + cases.scores(loss, score, prior)[i], 0),
      missed: share("missed"),
      rim: share("rim"),
      far: share("far"),
      smallest: (i) => cases.share[i],
      largest: (i) => -cases.share[i],
    };
    const values = Float64Array.from(cases.names, (_, i) => by[order](i));
    return [...cases.names.keys()].sort((i, j) => values[i] - values[j] || i - j);
  }

  /** The list as it is seen. */
  get listed() {
    return this.kept ? this.order.filter((i) => this.kept.has(i)) : this.order;
  }

  /** @param {string} score what it is called */
  drawTable(score) {
    const { cases, losses, findings, all } = this;
    const { state } = this.viewer;
    const [low, high] = cases.bounds.map(percent);
    const of = [`to ${low} % of the image`, `${low} to ${high} %`, `from ${high} %`];
    const found = [...findings, all];
    const ends = found.flatMap(({ interval, mean: m }) => (interval ? [interval.low, interval.high] : [m]));
    const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
    const heads = losses.map((loss) => this.head(loss));
    const rows = [...SIZES, "all"].map((size, k) => {
      const members = cases.within(k < 3 ? k : null);
      if (!members.length)
        return `<tr><th scope="row"><i class="dot ${size}"></i>${size}<small>no image</small></th>
          ${losses.map((loss) => `<td${this.aside(loss)}>\u2013</td>`).join("")}<td></td></tr>`;
      const cells = losses.map((loss) => percent(mean(cases.scores(loss, state.score, state.prior), members)));
      const numbers = cells.map((cell, n) => `<td${this.aside(losses[n])}>${cell}</td>`).join("");
      const dot = k < 3 ? `<i class="dot ${size}"></i>` : "";
      return `<tr><th scope="row">${dot}${size}<small>${of[k] ?? `${cases.count} images`}</small></th>
        ${numbers}<td class="span">${span(found[k], least, most)}</td></tr>`;
    });
    this.view.querySelector(".gains").textContent = whatGains(findings, this.words);
    this.view.querySelector(".sizes").innerHTML = `<table><caption class="hide">${score} by size of the object</caption>
      <thead><tr><td></td>${heads.join("")}<th scope="col">B \u2212 A, points, 95\u00a0%</th></tr></thead>
      <tbody>${rows.join("")}</tbody></table>`;
    const drawn = cases.grouped ? `${cases.held} ${this.set.group}s` : `${cases.count} images`;
    const leans = whatLeans(cases, findings, this.words);
    const { whose, threshold } = this.set;
    this.view.querySelector(".beneath").innerHTML = [
      ...leans.map((sentence) => `<b>${escaped(sentence)}</b>`),
      `Mean ${explained(score)} of ${whose}, p > ${threshold}, thirds of the ${cases.count} images by size; ` +
        `intervals from ${cases.size} draws of the ${drawn}: they hold the chance of the images, not of another ` +
        `training.`,
    ].join(" ");
  }

  /** What a network is in the pair, " (A)" or " (B)"; nothing where it is not compared. @param {string} loss */
  letter(loss) {
    const { first, second } = this.pair;
    return loss === first ? " (A)" : loss === second ? " (B)" : "";
  }

  /** The head of a network's column. @param {string} loss */
  head(loss) {
    const letter = this.letter(loss);
    return `<th scope="col" class="${letter ? "chosen" : "other"}">${this.viewer.config.short[loss]}${letter}</th>`;
  }

  /** Of a cell of a network that is not compared: a phone leaves it out. @param {string} loss */
  aside(loss) {
    return this.letter(loss) ? "" : ' class="other"';
  }

  drawList() {
    const { listed, losses, cases, rows } = this;
    const top = listed.slice(0, rows);
    const head = losses.map((loss) => this.head(loss));
    const row = (/** @type {number} */ i, /** @type {number} */ k) =>
      `<tr data-image="${i}"><td>${k + 1}</td>
        <th scope="row"><button type="button" class="plain">${escaped(cases.names[i])}</button>
        <small>${percent(cases.share[i])} %</small></th><td class="gap">${points(this.difference[i])}</td>
        ${losses.map((loss) => `<td${this.aside(loss)}>${this.bars(loss, i)}</td>`).join("")}</tr>`;
    this.view.querySelector(".list").innerHTML = `<table><caption class="hide">Images in this order</caption>
      <thead><tr><td></td><th scope="col">image</th><th scope="col">B \u2212 A</th>${head.join("")}</tr></thead>
      <tbody>${top.map(row).join("")}</tbody></table>`;
    this.view.querySelector(".repeats").textContent = whatRepeats(cases, listed.slice(0, FIRST), this.words);
    const kept = this.kept ? `; ${this.kept.size} selected of ${cases.count}` : "";
    this.view.querySelector(".count").textContent = `${top.length} of ${listed.length} shown${kept}`;
    this.view.querySelector('[data-set="more"]').hidden = top.length === listed.length;
    this.view.querySelector('[data-set="all"]').hidden = !this.kept;
    this.mark();
  }

  /** A score, and what is wrong as shares of the object: missed to the left, false to the right. */
  bars(loss, i) {
    const { cases } = this;
    const { score, prior } = this.viewer.state;
    const value = cases.scores(loss, score, prior)[i];
    const counts = cases.counts(loss, prior);
    const part = (name) => Math.min(1, counts[name][i] / Math.max(1, cases.area[i]));
    const [missed, rim, far] = ["missed", "rim", "far"].map(part);
    const beyond = Math.min(far, 1 - rim);
    const told = `missed ${percent(missed)}, false in the rim ${percent(rim)}, far ${percent(far)} % of the object`;
    const parts = { missed: 50 * missed, rim: 50 * rim, far: 50 * beyond };
    const widths = Object.entries(parts).map(([name, width]) => `--${name}:${width}%;`);
    return `<span class="score">${percent(value)}</span><span class="twobars" title="${told}">
      <i style="width:${percent(value)}%"></i>
      <s style="${widths.join("")}--share:${rim / (rim + beyond || 1)}"></s></span>`;
  }

  /** The image that is spoken of: its dot is ringed, its row marked, its numbers written. @param {number} image */
  show(image) {
    this.pointed = image;
    if (image === undefined) return;
    this.scatter.ring(image);
    const { cases, losses } = this;
    const { titles } = this.viewer.config;
    const share = `${percent(cases.share[image])} % of the image`;
    const mates = cases.groups.filter((group) => group === cases.groups[image]).length;
    const group = cases.grouped ? `, one of ${mates} of its ${this.set.group}` : "";
    const size = SIZES[cases.third[image]] ?? "no object";
    const rows = losses.map(
      (loss) => `<tr><th scope="row">${titles[loss]}</th><td>${this.bars(loss, image)}</td></tr>`,
    );
    this.view.querySelector(".one").innerHTML = `<p><b>${escaped(called(cases.names[image]))}</b>
      <span>${size}, ${share}${group}; B \u2212 A ${points(this.difference[image])}</span></p>
      <table><tbody>${rows.join("")}</tbody></table>${this.opens(image)}`;
    this.mark();
  }

  /** Where the pictures lie on the server's machine, the way to this one. @param {number} image */
  opens(image) {
    const { first, items } = this.set;
    const item = items?.[image];
    if (first === null && !item) return "";
    const way = (tab, name) =>
      item
        ? `<button type="button" data-item="${item.id}" data-to="${tab}">${name}</button>`
        : `<button type="button" data-example="${first + image}" data-tab="${tab}">${name}</button>`;
    return `<div class="row end">Open in ${way("compare", "Compare")} ${way("anatomy", "Anatomy")}</div>`;
  }

  mark() {
    for (const row of this.view.querySelectorAll(".list tbody tr"))
      row.classList.toggle("now", +row.dataset.image === this.pointed);
  }

  /** @param {import("../parts/scatter.js").Box | null} box */
  select(box) {
    const { x, y } = this.dots;
    const inside = (i) => x[i] >= box.left && x[i] <= box.right && y[i] <= box.top && y[i] >= box.bottom;
    this.keep(box && new Set(this.cases.within().filter(inside)));
  }

  /** @param {Set<number> | null} images */
  keep(images) {
    this.kept = images?.size ? images : null;
    this.rows = FIRST;
    this.scatter.draw(this.dots, this.kept, EVEN);
    this.drawList();
  }

  /** All images with the scores in view. */
  csv() {
    if (this.whose === "own") return this.viewer.bench.along.csv();
    const { cases, losses, kept } = this;
    const { score, prior } = this.viewer.state;
    const { first, second } = this.pair;
    const rows = cases.names.map((name, i) => ({
      ...{ image: name, group: cases.groups[i], object_percent: percent(cases.share[i]) },
      ...{ third: SIZES[cases.third[i]] ?? "", selected: kept ? Number(kept.has(i)) : "" },
      ...Object.fromEntries(losses.map((loss) => [loss, cases.scores(loss, score, prior)[i].toFixed(6)])),
      [`${second} - ${first}`]: this.difference[i].toFixed(6),
    }));
    const about = ["dbce", stem(this.set.test_data), score, ...(prior === "corrected" ? ["corrected"] : [])];
    offerFile(`${about.join("-")}.csv`, "text/csv", csv(rows));
  }

  listen() {
    const { view, viewer } = this;
    view.addEventListener("change", ({ target }) => {
      if (target.name === "whose") viewer.set({ whose: target.value, picked: null });
      else if (target.matches("select[name]")) viewer.set({ [target.name]: target.value });
    });
    view.addEventListener("click", ({ target }) => {
      const row = target.closest("tr[data-image]");
      if (row) viewer.set({ picked: +row.dataset.image });
      const act = target.closest("[data-set]")?.dataset.set;
      if (act === "more") {
        this.rows += MORE;
        this.drawList();
      }
      if (act === "csv") this.csv();
      if (["table", "md", "tex"].includes(act)) takeMeans(act, viewer);
      if (act === "folder") viewer.$("[data-file=folder]").click();
      if (act === "all") this.scatter.clear();
      if (act === "swap") viewer.set({ first: this.pair.second, second: this.pair.first });
    });
    view.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
      if (!step || !event.target.closest(".dots, .list")) return;
      event.preventDefault();
      const { listed } = this;
      const at = Math.max(0, Math.min(listed.length - 1, listed.indexOf(this.pointed) + step));
      while (at >= this.rows) this.rows += MORE;
      if (view.querySelectorAll(".list tbody tr").length <= at) this.drawList();
      viewer.set({ picked: listed[at] });
      view.querySelector(`tr[data-image="${listed[at]}"]`)?.scrollIntoView({ block: "nearest" });
    });
  }
}

/** @param {[string, string][]} choices */
const options = (choices) => choices.map(([value, text]) => `<option value="${value}">${text}</option>`).join("");

/** A bare number says nothing. @param {string} name */
const called = (name) => (/^\d+$/.test(name) ? `Image ${name}` : name);

/** A difference and its interval on a scale that all rows share. */
function span({ mean: middle, interval, verdict }, least, most) {
  const at = (v) => (100 * (v - least)) / (most - least || 1);
  const told = interval ? `<small>${range(interval)}</small>` : `<small>too few to tell</small>`;
  const line = interval
    ? `<i style="left:${at(interval.low)}%;width:${at(interval.high) - at(interval.low)}%"></i>`
    : "";
  return `<b>${points(middle)}</b> ${told}<span class="line ${verdict}"><u style="left:${at(0)}%"></u>${line}
    <em style="left:${at(middle)}%"></em></span>`;
}

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export const set = (viewer) => new SetTab(viewer);
