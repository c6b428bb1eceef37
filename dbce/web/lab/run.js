// Networks that learn side by side and in step: each trains up to the same step, and waits there for the others. It
// knows of no worker, so that Node can test it.
import { Seat } from "./seat.js";

/** @typedef {import("./session.js").Report} Report */
/** @typedef {import("./session.js").State} State */
/** @typedef {import("./trainer.js").Start} Start */
/** @typedef {import("./trainer.js").Settings} Settings */
/** @typedef {(hear: (report: Report) => void, fail: (message: string) => void) => import("./seat.js").Hand} Hire */

/** Steps between two pictures, and between two scores. */
export const [SEEN, SCORED] = [5, 10];

export class Run {
  /** @type {Map<string, Seat>} */
  seats = new Map();

  at = 0; // the step of all
  granted = 0; // up to which they train
  playing = false;
  pace = Infinity; // steps a second at most
  until = Infinity; // it stops there by itself
  touched = false; // whether a setting changed after the first step

  /** @type {{step: number, same: boolean} | null} the last step that an earlier run had seen as well */
  repeat = null;

  /**
   * @param {Hire} hire
   * @param {() => void} changed what is known of them
   * @param {{now?: () => number, later?: (act: () => void, milliseconds: number) => void}} clock
   */
  constructor(
    hire,
    changed,
    { now = () => performance.now(), later = (act, wait) => void setTimeout(act, wait) } = {},
  ) {
    this.hire = hire;
    this.changed = changed;
    this.now = now;
    this.later = later;
    this.turn = 0; // when the last step was granted
    this.spent = 0; // milliseconds of training since the first weights
    /** @type {[number, number][]} when they were at which steps */
    this.times = [];
    this.waiting = false;
  }

  /**
   * All of them anew, from their first weights.
   * @param {Map<string, Start>} starts
   */
  begin(starts) {
    this.at = this.granted = this.spent = 0;
    this.touched = false;
    this.repeat = null;
    for (const key of this.seats.keys()) if (!starts.has(key)) this.drop(key);
    for (const [key, start] of starts) this.place(key, start);
    this.advance();
  }

  /**
   * One of them anew; it catches up with the others.
   * @param {string} key
   * @param {Start} start
   */
  place(key, start) {
    const old = this.seats.get(key);
    const seat = new Seat(start);
    this.seats.set(key, seat);
    if (old?.hand && !old.failed) {
      seat.hand = old.hand;
      seat.shown = old.shown; // until there is something newer
    } else old?.hand?.end();
    seat.hand ??= this.hired(key);
    seat.hand.start(start, SEEN, SCORED);
    if (this.granted) seat.hand.tell({ do: "run", until: this.granted });
  }

  /** @param {string} key */
  hired(key) {
    return this.hire(
      (report) => this.hear(key, report),
      (message) => {
        const seat = this.seats.get(key);
        if (!seat) return;
        seat.failed = message;
        this.settle();
      },
    );
  }

  /** @param {string} key */
  drop(key) {
    this.seats.get(key)?.hand?.end();
    this.seats.delete(key);
    this.settle();
  }

  /** Gives all memory back. */
  end() {
    this.pause();
    for (const key of [...this.seats.keys()]) this.drop(key);
  }

  play() {
    this.playing = true;
    this.advance();
  }

  /** They stop together at the step that was granted last. */
  pause() {
    this.playing = false;
    this.settle();
  }

  /** One step, and no more. */
  step() {
    this.playing = false;
    this.grant(this.granted + 1, true);
  }

  /** To the first weights; then the same steps give the same bits. */
  rewind() {
    this.playing = false;
    this.adopt();
    this.at = this.granted = this.spent = 0;
    for (const seat of this.seats.values()) {
      for (const [step, print] of seat.prints) if (!this.touched) seat.before.set(step, print);
      if (this.touched) seat.before.clear();
      seat.prints.clear();
      seat.clear();
      if (seat.learns) seat.hand?.tell({ do: "reset" });
    }
    this.touched = false;
    this.repeat = null;
  }

  /**
   * What takes effect at once; where they then learn otherwise, for all of them from the same step on.
   * @param {(key: string) => Partial<Settings>} settings
   * @param {boolean} learning whether they then learn otherwise
   */
  set(settings, learning) {
    if (learning && this.granted) this.touched = true;
    for (const [key, seat] of this.seats) {
      const changes = settings(key);
      seat.start = { ...seat.start, settings: { ...seat.start.settings, ...changes } };
      if (learning) seat.before.clear();
      if (learning && this.at < this.granted) seat.pending = { ...seat.pending, ...changes };
      else if (seat.learns) seat.hand?.tell({ do: "set", settings: changes });
    }
  }

  /** @param {string} key @param {Report} report */
  hear(key, report) {
    const seat = this.seats.get(key);
    if (!seat) return;
    if (report.say === "mistake") seat.mistake ??= report;
    else if (report.say === "saved") this.stow(seat, report.state);
    else if (seat.expected !== null && report.step !== seat.expected) return;
    else seat.take(report);
    this.settle();
  }

  /** Shows the last step at which all are, and goes on. */
  settle() {
    const seats = [...this.seats.values()].filter(({ learns }) => learns);
    if (seats.length && seats.every(({ expected }) => expected === null)) {
      this.reach(Math.min(...seats.map(({ step }) => step)));
      for (const seat of seats) {
        const seen = seat.snapshots.get(this.at);
        if (seen) seat.shown = seen;
        for (const step of seat.snapshots.keys()) if (step < this.at) seat.snapshots.delete(step);
      }
      const twice = seats.every(({ before, prints }) => before.has(this.at) && prints.has(this.at));
      const same = seats.every(({ before, prints }) => before.get(this.at) === prints.get(this.at));
      if (twice && this.at) this.repeat = { step: this.at, same };
      const rests = !this.playing && this.at === this.granted;
      if (rests) this.adopt();
      if (rests) for (const seat of seats) this.score(seat);
    }
    this.changed();
    this.advance();
  }

  /** @param {number} step at which all are */
  reach(step) {
    const now = this.now();
    const last = this.times.at(-1);
    if (last && step > this.at && this.playing) this.spent += now - last[0];
    if (step < this.at || !this.playing) this.times = [];
    if (step !== this.at || !this.times.length) this.times.push([now, step]);
    this.times = this.times.filter(([when]) => now - when < 4000);
    this.at = step;
  }

  /** Steps a second of late; 0 while that is not known. */
  get speed() {
    const { times } = this;
    if (times.length < 2) return 0;
    const [[from, first], [to, last]] = [times[0], times[times.length - 1]];
    return to > from ? (1000 * (last - first)) / (to - from) : 0;
  }

  /** Asks for the scores of where it rests, once. @param {Seat} seat */
  score(seat) {
    if (seat.shown?.step !== this.at || seat.shown.scores || seat.asked === this.at) return;
    seat.asked = this.at;
    seat.hand?.tell({ do: "snapshot" });
  }

  advance() {
    if (!this.playing || this.at < this.granted || !this.seats.size) return;
    if (this.at >= this.until) return this.pause();
    const seats = [...this.seats.values()];
    if (!seats.some(({ learns }) => learns) || seats.some(({ learns, expected }) => learns && expected !== null))
      return;
    if (this.pace === Infinity) return this.grant(Math.min(this.until, this.at - (this.at % SEEN) + SEEN));
    const wait = this.turn + 1000 / this.pace - this.now();
    if (wait <= 0) return this.grant(this.at + 1, true);
    if (this.waiting) return;
    this.waiting = true;
    this.later(() => {
      this.waiting = false;
      this.advance();
    }, wait);
  }

  /** @param {number} until @param {boolean} whole whether there are scores */
  grant(until, whole = false) {
    this.adopt();
    this.granted = until;
    this.turn = this.now();
    for (const { hand, learns } of this.seats.values()) if (learns) hand?.tell({ do: "run", until, whole });
  }

  /** What was set meanwhile holds from here on. */
  adopt() {
    for (const seat of this.seats.values()) {
      if (seat.pending && seat.learns) seat.hand?.tell({ do: "set", settings: seat.pending });
      seat.pending = null;
    }
  }

  /** Frees the workers, for a while; what was learned is kept. */
  putAway() {
    this.pause();
    for (const seat of this.seats.values()) if (seat.hand && seat.learns) seat.hand.tell({ do: "save" });
  }

  /** @param {Seat} seat @param {State} state */
  stow(seat, state) {
    seat.saved = state;
    seat.hand?.end();
    seat.hand = null;
  }

  /** Goes on from there. */
  wake() {
    for (const [key, seat] of this.seats) {
      if (seat.hand || !seat.saved) continue;
      seat.hand = this.hired(key);
      seat.hand.start(seat.start, SEEN, SCORED);
      seat.expected = seat.step = seat.saved.step;
      seat.hand.tell({ do: "restore", state: seat.saved });
      if (seat.step < this.granted) seat.hand.tell({ do: "run", until: this.granted });
      seat.saved = null;
    }
  }
}
