// Figs. 2 and 3, alive: the same image through four networks that differ in nothing but the loss.
import { IGNORE } from "../core/dilation.js";
import { digits, grouped, percent } from "../core/format.js";
import { BLACK, GREY, largest, WHITE } from "../parts/colour.js";
import { chips } from "../parts/legend.js";
import { tellOneImage } from "../parts/one_image.js";
import { Panel } from "../parts/panel.js";
import { PredictionPanel } from "../parts/prediction_panel.js";
import { agreementTable, fillRow, scoreTable } from "../parts/table.js";
import { fill, write } from "../parts/write.js";
import { DifferenceCard } from "./difference.js";
import { ThresholdCard } from "./threshold.js";

const NAMES = { probability: "Probability map", entropy: "Cross entropy", weighted: "Weighted loss" };
const SWATCHES = { fill: { tp: "tp", fp: "fp", fn: "fn" }, outline: { fp: "object", fn: "tp" } };
const NO_MASK = `<p>Agreement is not correctness: all networks can share one mistake. A mask would add the loss maps,
  false positives and misses in colour, and Dice, IoU, precision and recall.</p>`;

/** One network: its prediction, a map below it, its errors and scores. */
class Column {
  /** @param {import("../app/viewer.js").Viewer} viewer @param {string} loss */
  constructor(viewer, loss) {
    this.viewer = viewer;
    this.loss = loss;
    const { titles, scores, captions, magma } = viewer.config;
    this.box = document.createElement("section");
    this.box.className = "model";
    this.box.dataset.loss = loss;
    this.box.innerHTML = `<h3>${titles[loss]}</h3>`;
    this.corrected = loss in viewer.config.shifts;
    viewer.$('[data-panels="compare"]').append(this.box);
    this.prediction = new PredictionPanel(viewer, this.box, captions.prediction);
    this.box.insertAdjacentHTML("beforeend", `<div class="chips" data-needs="mask"></div>`);
    /** @type {Record<string, Panel>} */
    this.below = {};
    for (const name of Object.keys(NAMES))
      this.below[name] = new Panel(viewer, this.box, captions[name], { scale: name === "probability" ? GREY : magma });
    const table = scoreTable(`Scores of ${titles[loss]} in percent`, Object.entries(scores));
    this.box.insertAdjacentHTML("beforeend", table);
    this.title = this.box.querySelector("h3");
    /** @type {NodeListOf<HTMLElement>} */
    this.needs = this.box.querySelectorAll("[data-needs=mask]");
    this.chips = /** @type {HTMLElement} */ (this.box.querySelector(".chips"));
    const cells = Object.keys(scores).map((key) => [key, this.box.querySelector(`[data-score="${key}"] td`)]);
    /** @type {Record<string, HTMLElement>} by score */
    this.cells = Object.fromEntries(cells);
    this.values = new Float32Array(0); // of the map below
  }

  /** What it is called; a remark tells where its class weights are taken out, or what it lacks. */
  drawTitle() {
    const { state, config } = this.viewer;
    const remark = this.corrected && state.prior === "corrected" ? "prior corrected" : config.remarks?.[this.loss];
    const small = remark ? ` <small>${remark}</small>` : "";
    fill(this.title, config.titles[this.loss] + small);
  }

  /** @param {string} below @param {Float32Array | null} weight */
  compute(below, weight) {
    const { judged: study } = this.viewer;
    if (this.values.length !== study.count) this.values = new Float32Array(study.count);
    const { values } = this;
    if (below === "probability") for (let i = 0; i < values.length; i++) values[i] = study.probabilityAt(this.loss, i);
    else values.set(study.crossEntropy(this.loss));
    if (weight) for (let i = 0; i < values.length; i++) values[i] *= weight[i];
    return below === "probability" ? 1 : largest(values);
  }

  /** Errors and scores at a threshold, in words. */
  tell({ scores, errors }) {
    const { rim, far, missed } = errors;
    chips(this.chips, [
      [rim, "false", "in rim"],
      [far, "false", "far"],
      [missed, "miss", "missed"],
    ]);
    const title = this.viewer.config.titles[this.loss];
    const wrong = `${rim} false positive pixels in the rim, ${far} far away, ${missed} missed`;
    this.prediction.show(`${title}: ${wrong}; Dice ${percent(scores.dice)} percent`, { clear: true });
  }

  /** What the network says of a pixel. */
  probe(pixel) {
    const { judged: study } = this.viewer;
    const i = pixel && pixel.y * study.size + pixel.x;
    const ignored = pixel && study.labelled && study.labels[i] === IGNORE;
    const value = {
      probability: () => `p = ${digits(study.probabilityAt(this.loss, i))}`,
      entropy: () => (ignored ? "ignored" : `${digits(this.values[i])} nats`),
      weighted: () => (ignored ? "ignored" : digits(this.values[i])),
    };
    const { captions } = this.viewer.config;
    for (const [name, panel] of Object.entries(this.below))
      fill(panel.caption, captions[name] + (pixel && !panel.figure.hidden ? ` <b>${value[name]()}</b>` : ""));
  }
}

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export function compare(viewer) {
  const { config, state } = viewer;
  const rail = viewer.$('[data-panels="rail"]');
  const image = new Panel(viewer, rail, config.captions.image);
  const truth = new Panel(viewer, rail, config.captions.truth);
  /** @type {Map<string, Column>} */
  const columns = new Map();
  const thresholds = new ThresholdCard(viewer);
  const difference = new DifferenceCard(viewer);
  let weight = new Float32Array(0);
  let drawn = []; // what the maps below were drawn for

  function drawLegend() {
    const { labelled, ignored } = viewer.study;
    const only = state.shape === "fill" ? "tp" : "fp";
    const entries = Object.entries(config.errors[state.shape]).filter(([name]) => labelled || name === only);
    const unjudged = ignored && state.shape === "fill" ? `<li><i class="ignored"></i>ignored</li>` : "";
    const rows = entries.map(
      ([name, text]) => `<li><label class="check"><input type="checkbox" name="layers" value="${name}">
        <i class="${SWATCHES[state.shape][name]}"></i>${text}</label></li>`,
    );
    const html = rows.join("") + unjudged;
    const list = viewer.found.one('[data-legend="errors"]');
    if (list.dataset.key !== html) {
      list.dataset.key = html;
      list.innerHTML = html;
    }
    for (const input of viewer.found.all('[data-legend="errors"] input'))
      input.checked = state.layers.includes(input.value);
  }

  function drawTruth() {
    const { study } = viewer;
    truth.figure.hidden = !study.labelled;
    if (!study.labelled || truth.shows(study.labels)) return;
    const out = truth.words();
    for (let i = 0; i < out.length; i++) out[i] = study.labels[i] ? WHITE : BLACK;
    truth.hatch();
    truth.tellIgnored();
    truth.show(`Ground truth: ${grouped(study.areas[1][0])} pixels`);
  }

  /** The maps below the predictions; they stay while only the threshold moves. */
  function drawBelow(visible, below) {
    const { judged: study } = viewer;
    const { has_radius: moves } = config.weightings[state.weighting];
    const weighted = below === "weighted" && [state.weighting, moves && state.radius].join();
    const keys = visible.map(({ loss }) => loss).join();
    const now = [study, study.labels, below, weighted, state.scale, state.opacity, keys];
    if (drawn.length && now.every((part, i) => part === drawn[i])) return;
    drawn = now;
    if (weighted) {
      if (weight.length !== study.count) weight = new Float32Array(study.count);
      study.weightMap(state.weighting, state.radius, weight);
    }
    const tops = visible.map((column) => column.compute(below, weighted ? weight : null));
    const shared = Math.max(...tops);
    visible.forEach((column, k) => {
      for (const [name, panel] of Object.entries(column.below)) panel.figure.hidden = name !== below;
      const text = `${NAMES[below]} of ${config.titles[column.loss]}`;
      const table = below === "probability" ? GREY : config.magma;
      column.below[below].map(column.values, state.scale === "own" ? tops[k] : shared, table, text);
    });
  }

  function drawAgreement(visible) {
    const { judged: study } = viewer;
    const card = viewer.found.one(".agreement");
    card.hidden = study.labelled;
    if (study.labelled) return;
    const keys = visible.map(({ loss }) => loss);
    const agree = (a, b) => study.agreement(a, b, state.threshold);
    card.innerHTML = agreementTable("Dice between two predictions, %", keys, config.titles, agree) + NO_MASK;
  }

  function draw() {
    const { judged: study } = viewer;
    if (!image.shows()) image.showImage(`The image, ${study.size} by ${study.size} pixels`);
    drawTruth();
    write(viewer.found.one('.rail [data-out="threshold"]'), state.threshold.toFixed(2));
    drawLegend();
    viewer.found.one('[data-field="below"]').hidden = !study.labelled;
    for (const loss of new Set([...config.losses, ...study.losses])) {
      const pending = study.pending.includes(loss);
      if (!pending && !study.losses.includes(loss)) continue;
      if (!columns.has(loss)) columns.set(loss, new Column(viewer, loss));
      columns.get(loss).box.classList.toggle("pending", pending);
    }
    for (const [loss, { box }] of columns)
      box.hidden = ![...study.losses, ...study.pending].includes(loss) || !state.shown.includes(loss);
    const visible = study.losses.filter((loss) => state.shown.includes(loss)).map((loss) => columns.get(loss));
    const all = [...study.losses, ...study.pending].filter((loss) => state.shown.includes(loss));
    viewer.found.one('[data-panels="compare"]').style.setProperty("--columns", all.length);
    drawBelow(visible, study.labelled ? state.below : "probability");
    const results = new Map();
    for (const column of visible) {
      column.drawTitle();
      const counted = column.prediction.find(column.loss);
      for (const part of column.needs) part.hidden = !study.labelled;
      if (!counted) column.prediction.show(`Prediction of ${config.titles[column.loss]}`, { clear: true });
      else {
        results.set(column, counted);
        column.tell(counted);
      }
    }
    for (const key of Object.keys(config.scores))
      fillRow(new Map([...results].map(([column, result]) => [column.cells[key], result.scores[key]])));
    const dice = [...results].map(([column, { scores }]) => [column.loss, scores.dice]);
    tellOneImage(viewer, "#view-compare", Object.fromEntries(dice));
    drawAgreement(visible);
    const keys = visible.map(({ loss }) => loss);
    thresholds.draw(keys);
    difference.draw(keys);
  }

  function probe(pixel) {
    for (const column of columns.values()) if (!column.box.matches("[hidden], .pending")) column.probe(pixel);
  }

  return { draw, probe };
}
