// On a first visit the radius moves once by itself: 0, 60, the paper's; any touch ends it.

const MILLISECONDS = 3000;
const FAR_OUT = 60;

export class Breath {
  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.began = 0;
  }

  start() {
    const began = (this.began = performance.now());
    const frame = (now) => {
      if (this.began !== began) return;
      const t = Math.min(1, (now - began) / MILLISECONDS);
      this.viewer.set({ radius: this.radius(t) });
      if (t < 1) requestAnimationFrame(frame);
      else requestAnimationFrame(() => this.stop()); // once that is drawn
    };
    requestAnimationFrame(frame);
  }

  /** @param {number} t 0 to 1 */
  radius(t) {
    const paper = this.viewer.config.radius;
    const rise = 1 - Math.cos(Math.PI * t * 2);
    const fall = 1 + Math.cos(Math.PI * (2 * t - 1));
    return Math.round(t < 0.5 ? (FAR_OUT * rise) / 2 : paper + ((FAR_OUT - paper) * fall) / 2);
  }

  get goes() {
    return this.began > 0;
  }

  stop() {
    this.began = 0;
  }
}
