// Fig. 4, alive: one slice through four networks of several classes; label maps, wrong pixels, Dice of every organ.
import { IGNORE, outline } from "../core/dilation.js";
import { digits, percent } from "../core/format.js";
import { BLACK, hex, mix, styled } from "../parts/colour.js";
import { chips, classPicker } from "../parts/legend.js";
import { tellOneImage } from "../parts/one_image.js";
import { Panel } from "../parts/panel.js";
import { agreementTable, fillRow, scoreTable } from "../parts/table.js";

/** One network: its label map, its wrong pixels, its scores. */
class Column {
  /**
   * @param {import("../app/viewer.js").Viewer} viewer
   * @param {string} loss
   * @param {{name: string, cls: number}[]} organs
   */
  constructor(viewer, loss, organs) {
    const { titles, captions, remarks } = viewer.config;
    const title = titles[loss];
    const remark = remarks?.[loss] ? ` <small>${remarks[loss]}</small>` : "";
    this.loss = loss;
    this.box = document.createElement("section");
    this.box.className = "model";
    this.box.dataset.loss = loss;
    this.box.innerHTML = `<h3>${title}${remark}</h3>`;
    viewer.$('[data-panels="organs"]').append(this.box);
    this.labels = new Panel(viewer, this.box, captions.found);
    this.box.insertAdjacentHTML("beforeend", `<div class="chips" data-needs="mask"></div>`);
    this.errors = new Panel(viewer, this.box, captions.wrong);
    const button = ({ name, cls }) => `<button type="button" class="plain" data-class="${cls}">${name}</button>`;
    const rows = new Map([["mean", "Mean Dice"]]);
    for (const organ of organs) rows.set(String(organ.cls), button(organ));
    this.box.insertAdjacentHTML("beforeend", scoreTable(`Dice of ${title} in percent`, [...rows]));
  }

  row(key) {
    return /** @type {HTMLElement} */ (this.box.querySelector(`[data-score="${key}"]`));
  }
}

/** @param {import("../app/viewer.js").Viewer} viewer @returns {import("../app/viewer.js").Tab} */
export function organs(viewer) {
  const { config, state } = viewer;
  const rail = viewer.$('[data-panels="organ-rail"]');
  const image = new Panel(viewer, rail, config.nouns.seen);
  const truth = new Panel(viewer, rail, config.captions.truth);
  const table = config.colours.map(hex);
  const objects = config.classes.map((name, cls) => ({ name, cls })).slice(1);
  /** @type {Map<string, Column>} */
  const columns = new Map();
  viewer.$('[data-legend="classes"]').innerHTML = classPicker(config.classes, config.colours);

  /** Labels in the colours of the classes; with a class picked, the others step back. */
  function drawLabels(panel, labels, text) {
    const { study, image } = viewer;
    const out = panel.words();
    const picked = (cls) => state.cls === null || cls === state.cls;
    if (state.shape === "outline") {
      out.set(image);
      for (const { cls } of objects)
        if (picked(cls)) for (const i of outline((i) => labels[i] === cls, study.size)) out[i] = table[cls];
    } else {
      const pale = table.map((colour, cls) => (picked(cls) ? colour : mix(colour, table[0], cls ? 70 : 256)));
      for (let i = 0; i < out.length; i++) out[i] = pale[labels[i]];
    }
    if (labels === study.labels) {
      panel.hatch();
      panel.tellIgnored();
    }
    panel.show(text, { clear: true });
  }

  function drawErrors(panel, found, text) {
    const { study, image } = viewer;
    const out = panel.words();
    const wrong = styled(viewer.root, "fp");
    const { cls } = state;
    for (let i = 0; i < out.length; i++) {
      const real = study.labels[i];
      const bad = real !== IGNORE && real !== found[i] && (cls === null || real === cls || found[i] === cls);
      out[i] = bad ? wrong : mix(image[i], BLACK, 110);
    }
    panel.hatch();
    panel.show(text);
  }

  /** @returns {any} what was counted, where there are labels */
  function drawColumn({ loss, box, labels, errors }) {
    const { study } = viewer;
    const title = config.titles[loss];
    const found = study.found(loss);
    errors.figure.hidden = !study.labelled;
    for (const part of box.querySelectorAll("[data-needs=mask]")) part.hidden = !study.labelled;
    if (!study.labelled) {
      errors.clear();
      drawLabels(labels, found, `Label map of ${title}`);
      return null;
    }
    const result = study.compareLabels(loss, state.radius);
    const { rim, far, missed, confused } = result.errors;
    chips(box.querySelector(".chips"), [
      [rim, "false", "in rim"],
      [far, "false", "far"],
      [missed, "miss", "missed"],
      [confused, "mixed", "wrong organ"],
    ]);
    drawLabels(labels, found, `Label map of ${title}; mean Dice ${percent(result.mean)} percent`);
    const wrong = `${rim} in the rim, ${far} far away, ${missed} missed, ${confused} of a wrong organ`;
    drawErrors(errors, found, `Wrong pixels of ${title}: ${wrong}`);
    return result;
  }

  /** The tables: Dice by organ; rows of organs that nobody sees are left out. */
  function fill(results) {
    for (const key of ["mean", ...objects.map(({ cls }) => cls)]) {
      const value = (result) => (key === "mean" ? result.mean : result.scores[key]?.dice);
      const seen = [...results.values()].some((result) => value(result) !== undefined);
      for (const column of results.keys()) {
        column.row(key).hidden = !seen;
        column.row(key).classList.toggle("picked", key === state.cls);
      }
      fillRow(new Map([...results].map(([column, result]) => [column.row(key).querySelector("td"), value(result)])));
    }
  }

  function drawAgreement(keys) {
    const { study } = viewer;
    const card = viewer.$(".agreement.many");
    card.hidden = study.labelled;
    if (study.labelled) return;
    const agree = (a, b) => study.agreement(a, b);
    card.innerHTML =
      agreementTable("Mean Dice between two label maps, %", keys, config.titles, agree) +
      `<p>Agreement is not correctness. Labels would add the loss maps, the wrong pixels and the Dice of every organ.${
        config.drawn ? " These networks have seen drawn phantoms only: on a patient\u2019s scan expect little." : ""
      }</p>`;
  }

  function draw() {
    const { study } = viewer;
    if (!image.shows()) image.showImage(`The ${config.nouns.seen}, ${study.size} by ${study.size} pixels`);
    truth.figure.hidden = !study.labelled;
    const held = objects.filter(({ cls }) => study.labelled && study.areas[cls][0]).map(({ name }) => name);
    if (study.labelled) drawLabels(truth, study.labels, `Ground truth: ${held.join(", ") || "no organ"}`);
    else truth.clear();
    const visible = study.losses.filter((loss) => state.shown.includes(loss));
    const all = [...study.losses, ...study.pending].filter((loss) => state.shown.includes(loss));
    viewer.$('[data-panels="organs"]').style.setProperty("--columns", all.length);
    const results = new Map();
    for (const loss of new Set([...config.losses, ...study.losses])) {
      if (!study.losses.includes(loss) && !study.pending.includes(loss)) continue;
      if (!columns.has(loss)) columns.set(loss, new Column(viewer, loss, objects));
      const column = columns.get(loss);
      column.box.hidden = !all.includes(loss);
      column.box.classList.toggle("pending", !study.losses.includes(loss));
      const result = visible.includes(loss) && drawColumn(column);
      if (result) results.set(column, result);
    }
    fill(results);
    const dice = [...results].map(([column, { mean }]) => [column.loss, mean]);
    tellOneImage(viewer, "#view-organs", Object.fromEntries(dice));
    drawAgreement(visible);
  }

  /** What every network says of this pixel. */
  function probe(pixel) {
    const { study } = viewer;
    const i = pixel && pixel.y * study.size + pixel.x;
    const name = (cls) => `<b>${config.classes[cls] ?? "ignored"}</b>`;
    truth.caption.innerHTML = config.captions.truth + (pixel && study.labelled ? ` ${name(study.labels[i])}` : "");
    for (const { loss, box, labels } of columns.values()) {
      if (box.matches("[hidden], .pending")) continue;
      const judged = pixel && study.labelled && study.labels[i] !== IGNORE;
      const p = judged ? `, p of the truth ${digits(study.probabilityOfTruth(loss, i))}` : "";
      labels.caption.innerHTML = pixel ? name(study.found(loss)[i]) + p : config.captions.found;
    }
  }

  return { draw, probe };
}
