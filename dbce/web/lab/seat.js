// One network of a run, and what is known of it.
import { Kept } from "./kept.js";

/** @typedef {import("./session.js").Report} Report */
/** @typedef {import("./session.js").State} State */
/** @typedef {import("./trainer.js").Start} Start */
/** @typedef {import("./measure.js").Measures} Measures */
/** @typedef {Extract<Report, {say: "snapshot"}>} Seen */
/** @typedef {Extract<Report, {say: "mistake"}>} Mistaken */
/** @typedef {{step: number, trained: Measures, corrected: Measures | null}} Point of a curve */
/**
 * What trains it: a Member of crew.js.
 * @typedef {object} Hand
 * @property {(start: Start, every: number, scored: number) => void} start
 * @property {(order: import("./session.js").Order) => void} tell
 * @property {() => void} end
 */

const MOST_POINTS = 400; // of a curve; then every other one goes

export class Seat {
  /** @param {Start} start */
  constructor(start) {
    this.start = start;
    /** @type {Hand | null} null while it is put away */
    this.hand = null;
    this.step = 0;
    /** @type {number | null} the step whose snapshot is waited for: what comes before it is of an earlier run */
    this.expected = 0;
    /** @type {Map<number, Seen>} by step, until all are there */
    this.snapshots = new Map();
    /** @type {Seen | null} at the step of all */
    this.shown = null;
    /** @type {Point[]} */
    this.curve = [];
    this.kept = new Kept(); // its pictures at earlier steps
    /** @type {Mistaken | null} */
    this.mistake = null;
    /** @type {string | null} why it cannot go on */
    this.failed = null;
    /** @type {State | null} */
    this.saved = null;
    /** @type {Map<number, string>} step -> fingerprint; first of this run, then of those before it */
    this.prints = new Map();
    /** @type {Map<number, string>} */
    this.before = new Map();
    /** @type {Partial<import("./trainer.js").Settings> | null} what is to hold from the next common step on */
    this.pending = null;
    this.cost = 0; // milliseconds a step
    this.asked = -1; // step of which scores were asked for
  }

  get learns() {
    return !this.mistake && !this.failed;
  }

  /** The step 0 of a run. */
  clear() {
    this.step = this.expected = 0;
    this.asked = -1;
    this.snapshots.clear();
    this.curve = [];
    this.kept.clear();
  }

  /** @param {Seen} seen */
  take(seen) {
    this.expected = null;
    this.step = seen.step;
    this.snapshots.set(seen.step, seen);
    this.prints.set(seen.step, seen.fingerprint);
    if (seen.steps) this.cost = seen.busy / seen.steps;
    this.kept.put(seen);
    const { step, scores, other, corrected } = seen;
    if (!scores) return;
    if (this.curve.at(-1)?.step === step) this.curve.pop();
    const [trained, fixed] = corrected && other ? [other, scores] : [scores, other];
    this.curve.push({ step, trained, corrected: fixed });
    if (this.curve.length > MOST_POINTS) this.curve = this.curve.filter((_, i) => i % 2 === 0);
  }
}
