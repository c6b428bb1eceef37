// The held-out images, and beside them what each network makes of them: errors, and where its loss pushes now.
import { outline } from "../../core/dilation.js";
import { percent } from "../../core/format.js";
import { problemOf, radiusOf } from "../../lab/experiment.js";
import { scoresOf } from "../../lab/head.js";
import { decide, probabilities } from "../../lab/measure.js";
import { judged, places, pushed, shares } from "../../lab/pictures.js";
import { drawHeldOut, SIZE } from "../../lab/problem.js";
import { BLACK, diverging, GREY, styled } from "../../parts/colour.js";
import { Tile } from "../../parts/tile.js";
import { fill, write } from "../../parts/write.js";

const SHOWN = 3;
const WEIGHTS = {
  ce: "w = 1",
  bce: "w = 1/f of its class",
  dice_ce: "w = 1, and soft Dice",
  dbce: "w = 1/(1 + dilated area)",
  own: "as written below",
};
const BARS = "Bars: % of the push in objects, in the rim within R, far away.";
const PLACES = ["object", "rim", "far"];

const LEGEND = `<li><i class="tp"></i>found</li><li><i class="fp"></i>false positive; push: p down</li>
  <li><i class="fn"></i>missed; push: p up</li>`;

/** Three tiles; a click on a small one makes it the large one. */
class Tiles {
  /** @param {Element} parent @param {import("./room.js").Room} room */
  constructor(parent, room) {
    this.box = document.createElement("div");
    this.box.className = "lab-tiles";
    parent.append(this.box);
    this.tiles = Array.from({ length: SHOWN }, (_, image) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.image = String(image);
      this.box.append(button);
      button.addEventListener("click", () => room.set({ image }));
      return new Tile(button, SIZE);
    });
  }

  /** @param {number} large which is */
  order(large) {
    for (const button of this.box.children)
      button.classList.toggle("large", /** @type {HTMLElement} */ (button).dataset.image === String(large));
  }
}

/** What all but a few in a thousand of the values stay below. @param {Float32Array} values */
function brightest(values) {
  const sorted = values.map(Math.abs).sort(); // as numbers: they are in a typed array
  return sorted[Math.floor(0.997 * sorted.length)] || sorted[sorted.length - 1] || 1;
}

/** One network. */
class Column {
  /** @param {import("./room.js").Room} room @param {string} loss */
  constructor(room, loss) {
    const { config, fields } = room.viewer;
    this.room = room;
    this.loss = loss;
    this.box = document.createElement("section");
    this.box.className = "lab-column";
    this.box.dataset.loss = loss;
    this.box.style.setProperty("--of", config.lab.lines[loss][0]);
    this.box.innerHTML = `<h3>${config.lab.titles[loss]}</h3><p class="lab-weight">${WEIGHTS[loss]}</p>
      <p class="lab-score">
        <b>&ndash;</b><span>Dice</span><span class="lab-scores"></span></p><div class="lab-dial"></div>`;
    const dial = this.box.querySelector(".lab-dial");
    if (loss === "bce")
      dial.innerHTML = `<label class="check"><input type="checkbox" name="lab.correction"> prior correction</label>`;
    if (loss === "dbce") {
      const { low, high, label } = fields.table.get("lab.radius");
      dial.innerHTML = `<label class="range">R <input type="range" min="${low}" max="${high}" aria-label="${label}">
        <output></output></label>`;
    }
    if (loss === "own") dial.innerHTML = `<a href="#lab-formula">edit the formula</a>`;
    this.errors = new Tiles(this.box, room);
    this.counts = document.createElement("p");
    this.counts.className = "chips lab-counts";
    this.box.append(this.counts);
    this.below = new Tile(this.box, SIZE);
    this.box.insertAdjacentHTML("beforeend", `<div class="bar" aria-hidden="true"></div><p class="lab-places"></p>`);
    /** @type {any[]} what it was drawn for */
    this.drawn = [];
    this.listen(dial);
  }

  /** @param {Element} dial */
  listen(dial) {
    const { room } = this;
    dial.addEventListener("input", (event) => {
      event.stopPropagation();
      const target = /** @type {HTMLInputElement} */ (event.target);
      if (target.type === "checkbox") room.set({ correction: target.checked });
      else room.set({ radius: +target.value });
    });
    dial.querySelector("a")?.addEventListener("click", (event) => {
      event.preventDefault(); // the address is the experiment's
      room.own.focus();
    });
  }

  controls() {
    const range = /** @type {HTMLInputElement | null} */ (this.box.querySelector(".lab-dial [type=range]"));
    if (!range) return;
    range.value = String(radiusOf(this.room.experiment));
    range.nextElementSibling.textContent = `${range.value} px`;
  }

  /**
   * @param {import("../../lab/problem.js").Sample[]} samples
   * @param {Uint8Array[]} where as of `places`
   */
  paint(samples, where) {
    const { room, loss } = this;
    const seat = room.run.seats.get(loss);
    const { head, replay } = room.timeline;
    const seen = head.view(loss, replay);
    const { threshold, below, image, correction } = room.experiment;
    const { theme, palette } = room.viewer.state;
    const point = head.point(loss, room.recording);
    const fixed = loss === "bce" && correction;
    const now = [seen, samples, where, threshold, below, image, theme, palette, seat?.mistake, seat?.failed];
    now.push(fixed, point && JSON.stringify(point));
    if (now.every((part, k) => part === this.drawn[k])) return;
    this.drawn = now;
    this.box.classList.toggle("stopped", Boolean(seat && !seat.learns));
    this.errors.order(image);
    this.tell(seat, point && scoresOf(point, fixed));
    if (!seen || seen.pictures[0].logits.length !== SIZE * SIZE * problemOf(room.experiment).objects.length) return;
    const shift = fixed ? seen.shift : seen.shift.map(() => 0);
    this.paintErrors(seen, samples, { threshold, shift }, image);
    this.paintBelow(seen, shift, where, below, image);
  }

  tell(seat, scores) {
    const score = this.box.querySelector(".lab-score b");
    const wrong = seat?.failed ?? seat?.mistake?.message;
    write(score, scores ? Math.round(100 * scores.dice) : "\u2013");
    const rest = scores && [
      `precision ${Math.round(100 * scores.precision)}`,
      `recall ${Math.round(100 * scores.recall)}`,
    ];
    const line = this.box.querySelector(".lab-scores");
    write(line, wrong ?? rest?.join("\n") ?? "");
  }

  paintErrors(seen, samples, reading, image) {
    const { root, config } = this.room.viewer;
    const colours = [BLACK, ...["tp", "fp", "fn"].map((name) => styled(root, name))];
    this.errors.tiles.forEach((tile, k) => {
      const { kinds, counts } = judged(decide(seen.pictures[k].logits, reading), samples[k].labels);
      for (let i = 0; i < kinds.length; i++) tile.words[i] = colours[kinds[i]];
      const said = `${counts[1]} pixels found, ${counts[2]} false, ${counts[3]} missed`;
      tile.show(`${config.lab.titles[this.loss]}, held-out image ${k + 1}: ${said}`);
      if (k === image)
        fill(
          this.counts,
          `<span class="false ${counts[2] ? "some" : ""}">${counts[2]} false</span>` +
            `<span class="miss ${counts[3] ? "some" : ""}">${counts[3]} missed</span>`,
        );
    });
  }

  paintBelow(seen, shift, where, below, image) {
    const { root, config } = this.room.viewer;
    const { words } = this.below;
    const title = config.lab.titles[this.loss];
    const { logits, push } = seen.pictures[image];
    const values = pushed(push);
    if (below === "probability") {
      const probability = probabilities(logits, shift);
      const count = SIZE * SIZE;
      for (let i = 0; i < count; i++) {
        let p = 0;
        for (let at = i; at < probability.length; at += count) p += probability[at];
        words[i] = GREY[Math.min(255, (p * 255) | 0)];
      }
      this.below.show(`Probability of an object: ${title}`);
    } else {
      const table = diverging(styled(root, "fn"), styled(root, "fp"));
      const factor = 127.5 / brightest(values);
      for (let i = 0; i < values.length; i++)
        words[i] = table[Math.max(0, Math.min(255, Math.floor(values[i] * factor + 127.5)))];
      this.below.show(`Where the loss pushes: ${title}`);
    }
    const parts = shares(values, where[image]);
    fill(
      this.box.querySelector(".bar"),
      parts.map((share, k) => `<span class="${PLACES[k]}" style="width:${percent(share)}%"></span>`).join(""),
    );
    const said = parts.map((share, k) => `${PLACES[k]} ${Math.round(100 * share)}`).join(" \u00b7 ");
    write(this.box.querySelector(".lab-places"), said);
  }
}

export class Columns {
  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
    this.box = room.$(".lab-columns");
    this.held = document.createElement("section");
    this.held.className = "lab-column held";
    this.held.innerHTML = `<h3>Held out</h3><p class="lab-weight">never trained on; the truth is outlined</p>`;
    this.box.append(this.held);
    this.images = new Tiles(this.held, room);
    this.held.insertAdjacentHTML("beforeend", `<div class="lab-below"></div>`);
    this.fill();
    /** @type {Map<string, Column>} */
    this.columns = new Map();
    this.key = "";
    /** @type {import("../../lab/problem.js").Sample[]} */
    this.samples = [];
    /** @type {Uint8Array[]} */
    this.where = [];
    this.outlined = "";
  }

  fill() {
    const { room } = this;
    const { choices, label } = room.viewer.fields.table.get("lab.below");
    const box = this.held.querySelector(".lab-below");
    box.innerHTML = `<fieldset class="segments column" data-field="lab.below" aria-label="${label}">${choices
      .map(([value, text]) => `<label><input type="radio" name="lab.below" value="${value}">${text}</label>`)
      .join("")}</fieldset><p class="quiet"></p><ul class="legend tall">${LEGEND}</ul>`;
  }

  controls() {
    const { room } = this;
    const { experiment, losses } = room;
    for (const loss of losses) {
      if (this.columns.has(loss)) continue;
      const column = new Column(room, loss);
      this.columns.set(loss, column);
      this.box.append(column.box);
    }
    for (const loss of Object.keys(WEIGHTS)) {
      const column = this.columns.get(loss);
      if (!column) continue;
      this.box.append(column.box); // in their order
      column.box.hidden = !losses.includes(loss);
      column.controls();
    }
    this.box.style.setProperty("--columns", String(losses.length + 1));
    const inputs = /** @type {NodeListOf<HTMLInputElement>} */ (this.box.querySelectorAll("input"));
    for (const input of inputs) {
      if (input.name === "lab.correction") input.checked = experiment.correction;
      if (input.type === "radio") input.checked = input.value === experiment.below;
    }
    this.held.querySelector(".lab-below .quiet").textContent =
      experiment.below === "push"
        ? `Slope of the loss in the logit, each map to its own brightest. ${BARS}`
        : `Black is 0, white is 1. ${BARS}`;
    const problem = JSON.stringify(problemOf(experiment));
    if (problem !== this.key) {
      this.key = problem;
      this.samples = drawHeldOut(problemOf(experiment), SHOWN);
    }
    const where = [problem, radiusOf(experiment)].join();
    if (where !== this.whereKey) {
      this.whereKey = where;
      this.where = this.samples.map(({ labels }) => places(labels, radiusOf(experiment)));
    }
  }

  paint() {
    const { room, samples } = this;
    const { theme, palette } = room.viewer.state;
    const key = [this.key, theme, palette].join();
    this.images.order(room.experiment.image);
    if (key !== this.outlined) {
      this.outlined = key;
      const line = styled(room.viewer.root, "object");
      this.images.tiles.forEach((tile, k) => {
        tile.grey(samples[k].image, "");
        for (const i of outline((at) => samples[k].labels[at] > 0, SIZE)) tile.words[i] = line;
        tile.show(`Held-out image ${k + 1}, its objects outlined`);
      });
    }
    for (const loss of room.losses) this.paintOne(loss);
  }

  /** @param {string} loss */
  paintOne(loss) {
    this.columns.get(loss)?.paint(this.samples, this.where);
  }
}
