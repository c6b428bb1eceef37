// Below the networks in Compare: two of them in turn on one panel, laid over each other, and where any disagree.
import { BOTH, dissent, FIRST, overlap, SECOND } from "../core/difference.js";
import { grouped, percent } from "../core/format.js";
import { BLACK, hex, WHITE } from "../parts/colour.js";
import { commands } from "../parts/command.js";
import { Panel } from "../parts/panel.js";
import { PredictionPanel } from "../parts/prediction_panel.js";

export class DifferenceCard {
  /** @param {import("../app/viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.card = viewer.$(".difference");
    const strip = viewer.$('[data-panels="difference"]');
    this.turn = new PredictionPanel(viewer, strip, "");
    this.pair = new Panel(viewer, strip, viewer.config.captions.overlap);
    this.all = new Panel(viewer, strip, viewer.config.captions.dissent, { scale: viewer.config.magma });
    this.pair.figure.insertAdjacentHTML("beforeend", '<p class="legend"></p>');
    this.all.figure.insertAdjacentHTML("beforeend", '<p class="legend"></p>');
    this.map = new Uint8Array(0);
    this.second = false; // whether the second of the two is on
    this.seen = false;
    const near = { rootMargin: "200px" };
    new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting; // what nobody sees is not drawn while a slider moves
      if (this.seen) viewer.set({});
    }, near).observe(this.card);
    addEventListener("beforeprint", () => this.drawUnseen());
    this.card.querySelector('[data-flip="button"]').addEventListener("click", () => this.flip());
    document.addEventListener("keydown", (event) => {
      if (commands(event, "b") && viewer.state.tab === "compare") this.flip();
    });
  }

  /** Paper has no window: what is drawn only near it is drawn before printing, and before a figure is made. */
  drawUnseen() {
    const { study, state } = this.viewer;
    if (this.seen || !study || state.tab !== "compare") return;
    this.seen = true;
    this.viewer.render();
    this.seen = false;
  }

  flip() {
    this.second = !this.second;
    this.viewer.set({});
  }

  /** @param {string[]} losses the networks in view */
  draw(losses) {
    const { study } = this.viewer;
    const { first, second } = this.viewer.state;
    this.card.hidden = study.losses.length < 2 || [first, second].some((loss) => !study.losses.includes(loss));
    if (this.card.hidden || !this.seen) return;
    if (this.map.length !== study.count) this.map = new Uint8Array(study.count);
    this.drawTurn();
    this.drawPair();
    this.drawAll(losses);
  }

  drawTurn() {
    const { state, config } = this.viewer;
    const [letter, loss] = this.second ? ["B", state.second] : ["A", state.first];
    const name = config.titles[loss];
    this.turn.find(loss);
    this.turn.show(`${letter}, prediction of ${name}`, { clear: true });
    this.turn.caption.innerHTML = `<b>${letter}</b> ${name}`;
  }

  drawPair() {
    const { state, judged: study, config } = this.viewer;
    const limit = study.limit(state.threshold);
    const losses = [state.first, state.second];
    const [first, second] = losses.map((loss) => study.logits(loss));
    const counts = overlap(first, second, limit, study.labels, this.map);
    const colours = losses.map((loss) => config.lines[loss][0]);
    const table = Uint32Array.of(BLACK, hex(colours[0]), hex(colours[1]), WHITE);
    const out = this.pair.words();
    for (let i = 0; i < out.length; i++) out[i] = table[this.map[i]];
    this.pair.hatch();
    const names = losses.map((loss) => config.short[loss]);
    const rows = [
      [colours[0], `only ${names[0]}`, counts[FIRST]],
      [colours[1], `only ${names[1]}`, counts[SECOND]],
      ["#f2f2f2", "both", counts[BOTH]],
    ];
    this.pair.figure.querySelector(".legend").innerHTML = rows
      .map(([colour, text, n]) => `<span><i style="background:${colour}"></i>${text} ${grouped(n)}</span>`)
      .join("");
    this.pair.show(`Pixels found by ${rows.map(([, text, n]) => `${text}: ${n}`).join("; ")}`, { clear: true });
  }

  /** @param {string[]} losses */
  drawAll(losses) {
    const { state, judged: study, config } = this.viewer;
    const logits = losses.map((loss) => study.logits(loss));
    const apart = dissent(logits, study.limit(state.threshold), study.labels, this.map);
    const most = Math.max(1, losses.length >> 1);
    const said = `Of ${losses.length} networks not all agree on ${percent(apart / Math.max(1, study.valid))} %`;
    this.all.map(this.map, most, config.magma, `${said} of the pixels`);
    this.all.ends[1].textContent = `${most} of ${losses.length}`;
    this.all.figure.querySelector(".legend").textContent = `${said} of the pixels`;
  }
}
