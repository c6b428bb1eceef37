// Losses of somebody's own: what each pixel costs under them, and where they push. Python computes them; here they are
// drawn, by the labels that were opened and no others.
import { digits } from "../core/format.js";
import { largest } from "../parts/colour.js";
import { Panel } from "../parts/panel.js";
import { SignedPanel } from "../parts/signed_panel.js";

/**
 * @typedef {object} OwnLoss
 * @property {string} key
 * @property {string} title
 * @property {Panel} map
 * @property {SignedPanel} gradient
 * @property {HTMLElement} line
 */

const LEGEND = `<p class="legend"><span><i class="fn"></i>p up</span><span><i class="fp"></i>p down</span></p>`;

export class OwnLosses {
  /**
   * @param {import("../app/viewer.js").Viewer} viewer
   * @param {Element} strip after which they stand
   * @param {string} network tag of the network of a panel
   */
  constructor(viewer, strip, network) {
    this.viewer = viewer;
    /** @type {Record<string, Float32Array>} */
    this.values = {};
    /** @type {any} */
    this.of = null;
    const { own_losses: losses = [], own_words: words } = viewer.config;
    if (losses.length) strip.insertAdjacentHTML("afterend", `<div class="own-losses"><div class="strip"></div></div>`);
    this.card = strip.nextElementSibling;
    /** @type {OwnLoss[]} */
    this.losses = losses.map(({ key, title }) => {
      const row = this.card.querySelector(".strip");
      const caption = (kind) => words[kind].replace("{loss}", title) + network;
      const map = new Panel(viewer, row, caption("map"), { scale: viewer.config.magma });
      const gradient = new SignedPanel(viewer, row, caption("gradient"));
      gradient.figure.insertAdjacentHTML("beforeend", LEGEND);
      for (const [kind, { figure }] of Object.entries({ map, gradient })) figure.dataset.panel = `${kind}:${key}`;
      const line = document.createElement("p");
      line.className = "quiet";
      this.card.append(line);
      return { key, title, map, gradient, line };
    });
  }

  /**
   * What Python computed of a loss for the network in view: numbers and steps, or why there is nothing.
   * @param {string} key
   */
  found(key) {
    const { study, state } = this.viewer;
    return study.labelled && !study.drawn ? study.own[key]?.[state.loss] : undefined;
  }

  /**
   * A map of a loss, as numbers.
   * @param {"map" | "gradient"} kind
   * @param {string} key
   */
  valuesOf(kind, key) {
    const { study, state } = this.viewer;
    if (this.of !== study.arrays) [this.of, this.values] = [study.arrays, {}];
    const name = `${kind}:${key}:${state.loss}`;
    const step = this.found(key)[kind];
    return (this.values[name] ??= Float32Array.from(study.arrays[name], (steps) => steps * step));
  }

  /** @param {{at: number[], colour: number} | null} lines */
  draw(lines) {
    const { viewer } = this;
    const { study, state, config } = viewer;
    for (const { key, title, map, gradient, line } of this.losses) {
      const found = this.found(key);
      const has = (kind) => found && typeof found === "object" && found[kind] !== null;
      map.figure.hidden = !has("map");
      gradient.figure.hidden = !has("gradient");
      line.hidden = !study.labelled || (!found && !study.drawn);
      line.textContent = study.drawn ? config.own_words.painted.replace("{loss}", title) : this.sentence(title, found);
      const who = viewer.who(state.loss);
      if (has("map")) {
        const values = this.valuesOf("map", key);
        const top = largest(values);
        map.map(values, top, config.magma, `${title} of every pixel, of ${who}, 0 to ${digits(top)}`, lines);
      }
      if (has("gradient")) {
        const values = this.valuesOf("gradient", key);
        const top = largest(values.map(Math.abs));
        const said = `Gradient of ${title} by the logit, of ${who}, at most ${digits(top)} either way`;
        gradient.signed(values, top, said, lines);
      }
    }
  }

  /** @param {string} title @param {any} found */
  sentence(title, found) {
    if (!found || typeof found === "string") return found ?? "";
    return this.viewer.config.own_words.value.replace("{loss}", title).replace("{value}", digits(found.value));
  }

  /** The numbers at a pixel, in words. @param {import("../app/viewer.js").Pixel | null} pixel */
  probe(pixel) {
    const { study } = this.viewer;
    if (!pixel) return "";
    const at = pixel.y * study.size + pixel.x;
    const parts = this.losses.map(({ key, title }) => {
      const found = this.found(key);
      if (!found || typeof found === "string") return "";
      const kinds = /** @type {const} */ (["map", "gradient"]).filter((kind) => found[kind] !== null);
      const number = (kind) => {
        const value = this.valuesOf(kind, key)[at];
        return value || !found[kind] ? digits(value) : `within ${digits(found[kind] / 2)} of 0`; // a step is not 0
      };
      const said = kinds.map((kind) => `${kind === "map" ? "loss" : "gradient"} ${number(kind)}`);
      return `<span class="own-loss">${title}: ${said.join(", ")}</span>`;
    });
    return parts.join(" ");
  }
}
