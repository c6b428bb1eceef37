// Play, pause, one step, rewind; how far they are, and how fast.
import { grouped } from "../../core/format.js";
import { attribute, write } from "../../parts/write.js";

const icon = (path) => `<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="${path}"/></svg>`;
const ICONS = {
  play: icon("M7 4.5v15l12.5-7.5z"),
  pause: icon("M6.5 4.5h4v15h-4zM13.5 4.5h4v15h-4z"),
  rewind: icon("M5 4.5h3v15H5zM20 4.5v15L8.5 12z"),
  step: icon("M16 4.5h3v15h-3zM4 4.5v15L15.5 12z"),
};
const BATCH = 4; // images a step

/** Minutes and seconds. @param {number} milliseconds */
function clock(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

const HTML = `<div class="lab-keys"><div class="lab-transport" role="group" aria-label="Training">
    <button type="button" data-lab="rewind" aria-label="Rewind to the first weights" title="Rewind (r)">${
      ICONS.rewind
    }</button>
    <button type="button" data-lab="play" class="primary" title="Play or pause (space)"></button>
    <button type="button" data-lab="step" aria-label="One step" title="One step (right arrow)">${ICONS.step}</button>
  </div>
  <div class="lab-at"><p><b data-lab="at"></b> <span data-lab="state"></span><br><span data-lab="seen"></span></p>
    <input type="range" data-lab="head" min="0" aria-label="Step in view"
      title="Earlier steps (left and right arrow, or drag along a curve)"></div></div>
  <div class="lab-dials">
    <label>Speed <select data-lab="pace"></select></label>
    <label>Learning rate <select data-lab="rate"></select></label>
    <span class="lab-seed"><label>Seed <input type="number" data-lab="seed" inputmode="numeric"></label>
      <button type="button" data-lab="next-seed" aria-label="Next seed, +1" title="Next seed (n)">+1</button></span>
    <label class="range">Threshold <input type="range" data-lab="threshold"><output></output></label>
  </div>`;

export class Transport {
  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
    this.bar = room.$(".lab-bar");
    this.bar.innerHTML = HTML;
    const { table } = room.viewer.fields;
    for (const name of ["pace", "rate"]) {
      const { choices } = table.get(`lab.${name}`);
      this.part(name).innerHTML = choices.map(([value, text]) => `<option value="${value}">${text}</option>`).join("");
    }
    for (const name of ["seed", "threshold"]) {
      const { low, high, step, label } = table.get(`lab.${name}`);
      Object.assign(this.part(name), { min: low, max: high, step });
      this.part(name).setAttribute("aria-label", label);
    }
    this.playing = null; // what the button says
    this.listen();
  }

  /** @param {string} name @returns {any} */
  part(name) {
    return this.bar.querySelector(`[data-lab="${name}"]`);
  }

  listen() {
    const { room } = this;
    const acts = {
      play: () => (room.run.playing ? room.pause() : room.play()),
      step: () => room.step(),
      rewind: () => room.rewind(),
      "next-seed": () => this.nextSeed(),
    };
    this.bar.addEventListener("click", ({ target }) => acts[target.closest("button")?.dataset.lab]?.());
    this.bar.addEventListener("input", (event) => {
      event.stopPropagation(); // the page's own sliders have other names
      const { lab: name } = event.target.dataset;
      if (name === "head") room.timeline.look(+event.target.value);
      else if (name === "pace" || name === "rate") room.set({ [name]: event.target.value });
      else if (name === "threshold") room.set({ threshold: +event.target.value });
      else if (event.target.checkValidity() && event.target.value !== "") room.set({ seed: +event.target.value });
    });
  }

  nextSeed() {
    const { seed } = this.room.experiment;
    this.room.set({ seed: (seed + 1) % (this.room.viewer.fields.table.get("lab.seed").high + 1) });
  }

  controls() {
    const { pace, rate, seed, threshold, preset } = this.room.experiment;
    for (const [name, value] of Object.entries({ pace, rate, threshold })) this.part(name).value = value;
    if (document.activeElement !== this.part("seed")) this.part("seed").value = seed;
    const range = this.part("threshold");
    range.nextElementSibling.textContent = threshold.toFixed(2);
    range.disabled = preset === "classes"; // with several classes the likeliest one counts
  }

  paint() {
    const { run } = this.room;
    if (this.playing !== run.playing) {
      this.playing = run.playing;
      this.part("play").innerHTML = run.playing ? ICONS.pause : ICONS.play;
      this.part("play").setAttribute("aria-label", run.playing ? "Pause" : "Play");
    }
    const { head } = this.room.timeline;
    write(this.part("at"), head.step);
    write(this.part("state"), this.said());
    const { repeat } = run;
    const again = repeat && repeat.same ? `; step ${repeat.step} again, bit for bit` : "";
    const images = `${grouped(BATCH * head.step)} images each`;
    const seen = head.ahead
      ? "Play trains them here"
      : head.chosen === null
        ? `${images}, ${clock(run.spent)}${again}`
        : `${images}; Play goes on from ${run.at}`;
    write(this.part("seen"), seen);
    const range = this.part("head");
    attribute(range, "max", String(this.room.timeline.last));
    if (+range.value !== head.step) range.value = head.step;
    attribute(range, "aria-valuetext", `step ${head.step}`);
  }

  /** What the networks do. */
  said() {
    const { run, timeline } = this.room;
    const { head, goal } = timeline;
    if (head.ahead) return "steps, recorded";
    if (head.chosen !== null) return `steps, of ${run.at}`;
    const seats = [...run.seats.values()];
    if (!seats.length || seats.some(({ learns, expected }) => learns && expected !== null)) return "loading";
    if (run.playing) {
      const speed = run.speed ? `${run.speed.toFixed(run.speed < 3 ? 1 : 0)} a second` : "starting";
      return goal === null ? `steps, ${speed}` : `steps, up to ${goal} of the link, ${speed}`;
    }
    return run.at < run.granted ? "steps, stopping" : run.at ? "steps, paused" : "steps, ready";
  }
}
