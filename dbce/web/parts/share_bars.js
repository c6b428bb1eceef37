// One bar a weighting: where its weight, or the weighted loss of a network, lies; each number is readable at any width.
import { digits, percent } from "../core/format.js";
import { ratio, share } from "../core/sentences.js";
import { explained } from "./term.js";
import { attribute, hide, move, write } from "./write.js";

const REGIONS = ["object", "rim", "far"];

/** Room of the longest number below a bar, in px. */
const ROOM = 74;

export class ShareBars {
  /** @param {import("../app/viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.box = viewer.$(".bars");
    /** @type {Map<string, {row: HTMLElement, bar: HTMLElement}>} */
    this.rows = new Map();
    const heads = ["outside : inside", "total loss"].map((head) => `<span>${explained(head)}</span>`);
    this.box.innerHTML = `<p class="heads">${heads.join("")}</p>`;
    const spans = REGIONS.map((region) => `<span class="${region}"></span>`).join("");
    for (const [name, { title }] of Object.entries(viewer.config.weightings)) {
      this.box.insertAdjacentHTML(
        "beforeend",
        `<div class="one" data-weighting="${name}">
          <span class="name" data-weighting="${name}">${explained(title)}</span>
          <output data-out="ratio"></output><output data-out="total"></output>
          <div class="bar" role="img" data-weighting="${name}">${spans}</div>
          <p class="values" aria-hidden="true">${spans}</p></div>`,
      );
      const row = /** @type {HTMLElement} */ (this.box.lastElementChild);
      this.rows.set(name, { row, bar: row.querySelector(".bar") });
    }
  }

  /**
   * @param {string} name of a weighting
   * @param {string} title of the bars
   * @param {number[]} shares of object, rim and far background
   * @param {number[]} counts their pixels
   */
  drawBar(name, title, shares, counts) {
    const { row, bar } = this.rows.get(name);
    const values = row.lastElementChild.children;
    const held = counts.map((n) => n > 0);
    let [end, least, left] = [0, "0px", held.filter(Boolean).length];
    shares.forEach((part, i) => {
      const value = /** @type {HTMLElement} */ (values[i]);
      // each stands where its part begins, unless others need the room; moved, not laid out
      if (held[i]) {
        const at = `min(max(${least}, ${(100 * end).toFixed(2)}cqw), 100cqw - ${ROOM * left--}px)`;
        move(value, `translateX(${at})`);
        least = `${at} + ${ROOM}px`;
      }
      end += part; // each lies below those before it, from the left end
      move(/** @type {HTMLElement} */ (bar.children[i]), `scaleX(${end.toFixed(4)})`);
      write(value, share(part));
      hide(value, !held[i]);
    });
    const said = REGIONS.map((r, i) => `${r} ${percent(shares[i])} %`).join(", ");
    attribute(bar, "aria-label", `${title}: ${said}`);
    Object.assign(bar, { shares }); // to be looked up, not to be seen
    row.classList.toggle("on", name === this.viewer.state.weighting);
  }

  /**
   * @param {string} name of a weighting
   * @param {import("../core/facts.js").Facts} facts
   * @param {number} total its weighted loss
   */
  drawNumbers(name, facts, total) {
    const [, ofOutline, loss] = this.rows.get(name).row.children;
    write(ofOutline, ratio(facts));
    write(loss, digits(total));
  }
}
