// The visitor's own loss: written in a small language, checked as it is typed, trained as the fifth network.
import { FUNCTIONS, INPUTS, Mistake, readFormula } from "../../lab/formula.js";

const EXAMPLES = {
  Focal: "# hard pixels count more\n(1 - (y ? p : 1 - p))^2 * ce",
  "U-Net border": "# the border of the object counts more\n(1 + 10 * exp(-d^2 / 8)) * ce",
  Tversky: [
    "# a miss costs more than a false positive",
    "tp = sum(p * y)",
    "1 - (tp + 1) / (tp + 0.3 * sum(p * (1 - y)) + 0.7 * sum((1 - p) * y) + 1)",
  ].join("\n"),
  "Square root": "# halfway to balanced CE\n(y ? 1 / sqrt(f) : 1 / sqrt(1 - f)) * ce",
};

const HTML = `<h2>Your own loss</h2>
  <p class="quiet">A function of a pixel&rsquo;s probability, its truth and its weight. It learns as the fifth network,
    from the same first weights; a mistake in it stops no other.</p>
  <div class="lab-examples" role="group" aria-label="Examples"></div>
  <textarea id="lab-formula" rows="4" spellcheck="false" autocapitalize="off" aria-label="Your own loss"
    aria-describedby="lab-verdict"></textarea>
  <div class="row"><button type="button" class="primary" data-lab="train-own">Train it</button>
    <button type="button" data-lab="drop-own">Take it out</button>
    <p id="lab-verdict" role="status"></p></div>
  <dl class="lab-names"></dl>`;

export class OwnCard {
  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
    this.card = room.$(".lab-own");
    this.card.innerHTML = HTML;
    this.card.querySelector(".lab-examples").innerHTML = Object.keys(EXAMPLES)
      .map((name) => `<button type="button" data-example-loss="${name}">${name}</button>`)
      .join("");
    this.card.querySelector(".lab-names").innerHTML =
      Object.entries(INPUTS)
        .map(([name, text]) => `<div><dt>${name}</dt><dd>${text}</dd></div>`)
        .join("") + `<div><dt>also</dt><dd>${Object.keys(FUNCTIONS).join(", ")}; + - * / ^, ? :, name = ...</dd></div>`;
    this.text = this.card.querySelector("textarea");
    this.verdict = this.card.querySelector("#lab-verdict");
    this.text.maxLength = room.viewer.fields.table.get("lab.formula").most;
    /** @type {string | null} the formula that the page's state last said */
    this.followed = null;
    this.text.value = EXAMPLES.Focal;
    this.listen();
  }

  listen() {
    this.card.addEventListener("input", (event) => {
      event.stopPropagation();
      this.check();
    });
    this.card.addEventListener("click", ({ target }) => {
      const { exampleLoss, lab } = target.closest("button")?.dataset ?? {};
      if (exampleLoss) {
        this.text.value = EXAMPLES[exampleLoss];
        this.check();
      }
      if (lab === "train-own") this.train();
      if (lab === "drop-own") this.drop();
    });
  }

  focus() {
    this.text.focus();
    this.text.scrollIntoView({ block: "center" });
  }

  /** @returns {boolean} whether it can be read */
  check() {
    try {
      readFormula(this.text.value);
      this.tell("It reads well.", false);
      return true;
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      this.tell(`Line ${error.line}, letter ${error.column}: ${error.message}`, true);
      return false;
    }
  }

  /** @param {string} text @param {boolean} wrong */
  tell(text, wrong) {
    this.text.setAttribute("aria-invalid", String(wrong));
    if (this.verdict.textContent !== text) this.verdict.textContent = text;
    this.verdict.classList.toggle("error", wrong);
  }

  train() {
    if (!this.check()) return this.text.focus();
    const { room } = this;
    const losses = room.viewer.state["lab.losses"];
    this.followed = this.text.value;
    room.set({ formula: this.text.value, losses: losses.includes("own") ? losses : [...losses, "own"] });
    if (!room.run.at) room.play(); // the others learn as well
  }

  drop() {
    const losses = this.room.viewer.state["lab.losses"].filter((loss) => loss !== "own");
    if (losses.length) this.room.set({ losses, formula: null });
  }

  controls() {
    const { formula } = this.room.experiment;
    if (formula !== null && formula !== this.followed) {
      this.followed = formula;
      this.text.value = formula;
      this.check();
    }
    const inside = this.room.losses.includes("own");
    this.card.querySelector('[data-lab="drop-own"]').hidden = !inside;
    this.card.querySelector('[data-lab="train-own"]').textContent = inside ? "Train it anew" : "Train it";
  }

  paint() {
    const seat = this.room.run.seats.get("own");
    if (!seat?.mistake || this.text.value !== this.room.experiment.formula) return;
    const { line, column, message, step } = seat.mistake;
    const place = line === null ? "" : column === null ? `Line ${line}: ` : `Line ${line}, letter ${column}: `;
    this.tell(`${place}${message}${step ? ` It stopped at step ${step}.` : ""}`, true);
  }
}
