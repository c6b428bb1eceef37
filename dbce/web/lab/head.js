// What of a run is in view: its newest step, an earlier one whose pictures were kept, or one that was recorded.
import { EVERY } from "./recording.js";
import { PICTURED } from "./replay.js";

/** @typedef {import("./measure.js").Measures} Measures */
/** @typedef {import("./seat.js").Point} Point */
/** @typedef {import("./trainer.js").Picture} Picture */
/** @typedef {Record<string, Measures[]>} Recording as of `recordingOf` */
/** @typedef {{step: number, pictures: Picture[], shift: number[]}} View of one network */

/** @param {Point} point @param {boolean} fixed whether after prior correction, where the network has any */
export const scoresOf = ({ trained, corrected }, fixed) => (fixed && corrected) || trained;

export class Head {
  /** @type {number | null} the step in view; null for the newest one */
  chosen = null;

  /** @type {Map<string, {key: string, from: any, view: View}>} what was unpacked last, by loss */
  views = new Map();

  /** @param {import("./run.js").Run} run */
  constructor(run) {
    this.run = run;
  }

  get step() {
    return this.chosen ?? this.run.at;
  }

  /** Whether no network of this page has been there yet. */
  get ahead() {
    return this.step > this.run.at;
  }

  /**
   * Steps that can be looked at, in order.
   * @param {string[]} losses in view
   * @param {boolean} recorded whether there are pictures of a recorded run of them
   */
  steps(losses, recorded) {
    const { run } = this;
    const seats = losses.flatMap((loss) => run.seats.get(loss) ?? []).filter(({ learns }) => learns);
    const there = seats.length > 0 && seats.every(({ expected }) => expected === null);
    const kept = there ? [...seats[0].kept.all.keys()].filter((at) => seats.every((seat) => seat.kept.has(at))) : [];
    const all = new Set(kept.filter((at) => at <= run.at));
    if (there) all.add(run.at);
    if (recorded) for (const at of PICTURED) all.add(at);
    return [...all].sort((a, b) => a - b);
  }

  /**
   * The nearest step that can be looked at.
   * @param {number} step
   * @param {number[]} steps as of `steps`
   */
  choose(step, steps) {
    if (!steps.length) return;
    const near = steps.reduce((best, at) => (Math.abs(at - step) < Math.abs(best - step) ? at : best));
    this.chosen = near === this.run.at ? null : near;
  }

  /**
   * What is to be seen of a network.
   * @param {string} loss
   * @param {import("./replay.js").Recorded | null} replay
   * @returns {View | null}
   */
  view(loss, replay) {
    const { chosen, run } = this;
    const seat = run.seats.get(loss);
    if (chosen === null) return seat?.shown ?? null;
    const kept = chosen <= run.at && seat?.kept.has(chosen) ? seat.kept : null;
    const from = kept ?? replay;
    if (!from) return null;
    const before = this.views.get(loss);
    const key = `${chosen} ${kept ? seat?.prints.get(chosen) : ""}`;
    if (before?.key === key && before.from === from) return before.view;
    const view = kept ? kept.at(chosen) : (replay?.at(loss, chosen) ?? null);
    if (view) this.views.set(loss, { key, from, view });
    return view;
  }

  /**
   * All scores that are known of a network: of this run, and beyond it as they were recorded.
   * @param {string} loss
   * @param {Recording | null} recording
   * @returns {Point[]}
   */
  series(loss, recording) {
    const curve = this.run.seats.get(loss)?.curve.filter(({ step }) => step <= this.run.at) ?? [];
    const last = curve.at(-1)?.step ?? -1;
    const corrected = loss === "bce" ? recording?.corrected : undefined;
    const rows = recording?.[loss]?.map((trained, i) => ({
      step: i * EVERY,
      trained,
      corrected: corrected?.[i] ?? null,
    }));
    return [...curve, ...(rows ?? []).filter(({ step }) => step > last)];
  }

  /**
   * The last scores up to the step in view.
   * @param {string} loss
   * @param {Recording | null} recording
   */
  point(loss, recording) {
    return this.series(loss, recording).findLast(({ step }) => step <= this.step) ?? null;
  }
}
