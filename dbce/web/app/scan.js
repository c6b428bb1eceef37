// Scans: which slice is in view. Drawn ones stay with the backend; an opened one lies here, and goes there a slice at a
// time.
import { deflate, inflate } from "../core/scene.js";
import { hide } from "../parts/write.js";

export class Scan {
  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {import("./opening.js").Opening} opening
   */
  constructor(viewer, opening) {
    this.viewer = viewer;
    this.opening = opening;
    /** @type {any} an opened scan: title, name, count, shape, grey, labels, numbering, source */
    this.content = null;
    /** @type {number | null} the slice that the slider asks for */
    this.wanted = null;
    this.asking = false;
    viewer.drawers.push(() => this.showPlace());
  }

  /**
   * @param {string} text a scan as JSON
   * @param {object} source the request that it answers
   */
  async take(text, source) {
    const content = JSON.parse(text);
    const [grey, labels] = await Promise.all([inflate(content.grey), content.labels && inflate(content.labels)]);
    this.content = { ...content, grey, labels, source };
  }

  /**
   * What asks for a slice of the scan in view.
   * @param {number} number
   */
  async request(number) {
    const { content, viewer } = this;
    if (!content) return { example: viewer.state.example, slice: number };
    const { count } = viewer.study;
    const cut = (stack) => stack && deflate(stack.subarray(number * count, (number + 1) * count));
    const [grey, labels] = await Promise.all([cut(content.grey), cut(content.labels)]);
    const title = `${content.title}, slice ${number + 1} of ${content.count}`;
    const place = [number, content.count];
    return { plane: { grey, labels: labels || null, title, name: content.name, place, shape: content.shape } };
  }

  /**
   * Follow the slider: one question at a time, and always the newest next.
   * @param {number} number
   */
  async goTo(number) {
    this.wanted = number;
    this.showPlace();
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.wanted !== null) {
        const next = this.wanted;
        this.wanted = null;
        if (!(await this.opening.open(await this.request(next), { slice: next }, false))) break;
      }
    } finally {
      this.asking = false;
      this.showPlace();
    }
  }

  showPlace() {
    const box = this.viewer.found.one(".slices");
    const place = this.viewer.study?.place;
    hide(box, !place || place[1] < 2);
    if (box.hidden) return;
    const now = this.wanted ?? place[0];
    const input = box.querySelector("input");
    input.max = place[1] - 1;
    input.value = now;
    input.setAttribute("aria-valuetext", `slice ${now + 1} of ${place[1]}`);
    box.querySelector("output").textContent = `${now + 1} / ${place[1]}`;
  }
}
