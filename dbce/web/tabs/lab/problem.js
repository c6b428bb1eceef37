// What is to be learned: five problems, six dials each, and what a training batch looks like.
import { dialsOf, DIALS, presetOf, problemOf } from "../../lab/experiment.js";
import { PRESETS } from "../../lab/presets.js";
import { drawBatch, SIZE } from "../../lab/problem.js";
import { outline } from "../../core/dilation.js";
import { styled } from "../../parts/colour.js";
import { Tile } from "../../parts/tile.js";

const BATCH = 4;

const RAIL = `<h3>The problem</h3>
  <div class="lab-presets" role="group" aria-label="Problem"></div>
  <div class="lab-batch"></div>
  <div class="lab-sliders"></div>
  <button type="button" data-lab="as-preset">As the preset</button>
  <fieldset class="checks lab-networks" aria-label="Networks"></fieldset>`;

export class ProblemCard {
  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
    const cards = PRESETS.map(
      ({ id, title, subtitle }, k) => `<button type="button" data-preset="${id}" title="${k + 1}">
        <span class="lab-thumb"></span><span><b>${title}</b><small>${subtitle}</small></span></button>`,
    );
    this.rail = room.$(".lab-rail");
    this.rail.innerHTML = RAIL;
    this.presets = room.$(".lab-presets");
    this.presets.innerHTML = cards.join("");
    PRESETS.forEach(({ id, problem }) => {
      const tile = new Tile(this.presets.querySelector(`[data-preset="${id}"] .lab-thumb`), SIZE);
      tile.canvas.setAttribute("aria-hidden", "true");
      tile.grey(drawBatch(problem, 0, 1, 1)[0].image, "");
    });
    this.tiles = Array.from({ length: BATCH }, () => new Tile(this.rail.querySelector(".lab-batch"), SIZE));
    this.fill();
    this.drawn = "";
    this.chosen = "";
    this.listen();
  }

  fill() {
    const { fields, config } = this.room.viewer;
    this.rail.querySelector(".lab-sliders").innerHTML = DIALS.map((dial) => {
      const { low, high, step, label } = fields.table.get(`lab.${dial}`);
      return `<label class="range tall">${label} <output></output>
        <input type="range" data-dial="${dial}" min="${low}" max="${high}" step="${step}"></label>`;
    }).join("");
    this.rail.querySelector(".lab-networks").innerHTML =
      `<span class="name" aria-hidden="true">Networks</span>` +
      fields.table
        .get("lab.losses")
        .choices.map(
          ([loss]) => `<label class="check"><input type="checkbox" name="lab.losses" value="${loss}">
            ${config.lab.titles[loss]}</label>`,
        )
        .join("");
  }

  listen() {
    const { room } = this;
    this.presets.addEventListener("click", ({ target }) => {
      const { preset } = target.closest("button")?.dataset ?? {};
      if (preset) this.choose(preset);
    });
    this.rail.addEventListener("input", (event) => {
      event.stopPropagation();
      const { target } = event;
      if (target.dataset.dial) {
        const preset = dialsOf(presetOf(room.asked.preset))[target.dataset.dial];
        room.set({ [target.dataset.dial]: +target.value === preset ? null : +target.value });
      } else if (target.name === "lab.losses") this.tick(target);
    });
    this.rail.querySelector('[data-lab="as-preset"]').addEventListener("click", () => this.choose(room.asked.preset));
  }

  /** @param {string} preset with its own dials and radius */
  choose(preset) {
    this.room.set({ preset, ...Object.fromEntries(DIALS.map((dial) => [dial, null])), radius: null });
  }

  /** @param {HTMLInputElement} box */
  tick({ value, checked }) {
    const { room } = this;
    const now = room.viewer.state["lab.losses"];
    const losses = checked ? [...now, value] : now.filter((loss) => loss !== value);
    if (losses.length) return room.set({ losses });
    room.viewer.say("At least one network stays in view.");
    room.set({});
  }

  controls() {
    const { experiment, viewer } = this.room;
    const preset = presetOf(experiment.preset);
    for (const button of this.presets.children)
      button.setAttribute("aria-pressed", String(button.dataset.preset === preset.id));
    if (this.chosen !== preset.id) {
      this.chosen = preset.id;
      const { offsetLeft } = this.presets.querySelector('[aria-pressed="true"]');
      this.presets.scrollLeft = offsetLeft - this.presets.offsetLeft - 16; // on a phone they lie in a row
    }
    for (const input of this.rail.querySelectorAll("[data-dial]")) {
      const value = experiment[input.dataset.dial] ?? dialsOf(preset)[input.dataset.dial];
      input.value = value;
      input.previousElementSibling.textContent = +value.toFixed(1);
      input.closest("label").hidden =
        preset.problem.objects.length > 1 && ["size", "count"].includes(input.dataset.dial);
    }
    this.rail.querySelector('[data-lab="as-preset"]').hidden = DIALS.every((dial) => experiment[dial] === null);
    const key = JSON.stringify([problemOf(experiment), experiment.seed, viewer.state.theme, viewer.state.palette]);
    if (key === this.drawn) return;
    this.drawn = key;
    const line = styled(viewer.root, "object");
    drawBatch(problemOf(experiment), experiment.seed, 1, BATCH).forEach(({ image, labels }, b) => {
      const tile = this.tiles[b];
      tile.grey(image, "");
      for (const i of outline((at) => labels[at] > 0, SIZE)) tile.words[i] = line;
      tile.show(`Image ${b + 1} of the first batch, objects outlined`);
    });
  }
}
