// What a worker of the lab answers: messages in, messages out. It knows of no worker, so that Node can test it.
import { Mistake } from "./formula.js";
import { Trainer } from "./trainer.js";

/** @typedef {import("./trainer.js").Start} Start */
/** @typedef {import("./trainer.js").Settings} Settings */
/** @typedef {import("./trainer.js").Snapshot} Snapshot */
/** @typedef {ReturnType<Trainer["save"]>} State */
/**
 * To a worker. "start" comes first, and again for another problem; "run" trains up to a step, if one is given, "step"
 * so many more; both end with a snapshot, and send one every `every` steps. Those of a "run" have scores every `scored`
 * steps, which are `every` if not given, and at its end where it is `whole`; all others have them.
 * @typedef {{do: "start", kernels: WebAssembly.Module, start: Start, every?: number, scored?: number}
 *   | {do: "run", until?: number, whole?: boolean} | {do: "step", count?: number} | {do: "pause"}
 *   | {do: "set", settings: Partial<Settings>} | {do: "reset"} | {do: "snapshot"}
 *   | {do: "save"} | {do: "restore", state: State}} Order
 */
/**
 * From a worker. "mistake" is the visitor's: training pauses, everything else stays, and a "set" with a better formula,
 * then "run", goes on. "busy" are the milliseconds that the steps since the last snapshot took, all in all.
 * @typedef {({say: "snapshot", running: boolean, steps: number, busy: number} & Snapshot)
 *   | {say: "mistake", message: string, line: number | null, column: number | null, step: number}
 *   | {say: "saved", state: State}} Report
 */

/** One network in training. */
export class Session {
  /** @type {Trainer | null} */
  trainer = null;

  every = 10;
  scored = 10;
  until = 0; // trains up to this step
  whole = true; // whether the snapshot there has scores in any case
  running = false; // whether the loop is at work
  steps = 0; // since the last snapshot
  busy = 0;

  /**
   * @param {(report: Report) => void} post
   * @param {() => Promise<void>} breathe lets messages in between two steps
   */
  constructor(post, breathe) {
    this.post = post;
    this.breathe = breathe;
  }

  /** @param {Order} order */
  receive(order) {
    this.guarded(() => this.obey(order));
  }

  /** @param {Order} order */
  obey(order) {
    if (order.do === "start") {
      this.pause();
      this.trainer = null; // frees its memory before the next is taken
      this.trainer = new Trainer(order.kernels, order.start);
      this.every = order.every ?? 10;
      this.scored = order.scored ?? this.every;
      return this.report();
    }
    const { trainer } = this;
    if (!trainer) throw new RangeError(`"${order.do}" came before a "start" that succeeded. Start first.`);
    if (order.do === "run") this.go(order.until ?? Infinity, order.whole ?? this.scored === this.every);
    else if (order.do === "step") this.go(trainer.step + (order.count ?? 1));
    else if (order.do === "pause") this.pause();
    else if (order.do === "set") {
      trainer.set(order.settings);
      if (!this.running) this.report();
    } else if (order.do === "reset") {
      this.pause();
      trainer.reset();
      this.report();
    } else if (order.do === "snapshot") this.report();
    else if (order.do === "save") this.post({ say: "saved", state: trainer.save() });
    else if (order.do === "restore") {
      this.pause();
      trainer.restore(order.state);
      this.report();
    } else throw new RangeError(`"${/** @type {{do: string}} */ (order).do}" is no order of the lab.`);
  }

  pause() {
    this.until = 0;
    this.whole = true;
  }

  /** @param {number} until @param {boolean} whole */
  go(until, whole = true) {
    this.until = until;
    this.whole = whole;
    if (!this.running) void this.loop();
  }

  async loop() {
    this.running = true;
    for (;;) {
      const { trainer } = this;
      if (!trainer || trainer.step >= this.until) break;
      const begun = performance.now();
      if (!this.guarded(() => trainer.train())) return void (this.running = false);
      this.busy += performance.now() - begun;
      this.steps++;
      if (trainer.step % this.every === 0 && trainer.step < this.until) this.guarded(() => this.report(this.due));
      await this.breathe();
    }
    this.running = false;
    if (this.steps) this.guarded(() => this.report(this.whole || this.due));
  }

  /** Whether it is time for scores. */
  get due() {
    return this.trainer !== null && this.trainer.step % this.scored === 0;
  }

  /** @param {boolean} scored */
  report(scored = true) {
    const { trainer, running, steps, busy } = this;
    if (!trainer) return;
    this.post({
      say: "snapshot",
      running: running && trainer.step < this.until,
      steps,
      busy,
      ...trainer.snapshot(scored),
    });
    this.steps = this.busy = 0;
  }

  /**
   * @param {() => void} act
   * @returns {boolean} whether it succeeded; what a visitor did wrong is reported, and pauses
   */
  guarded(act) {
    try {
      act();
      return true;
    } catch (error) {
      if (!(error instanceof Mistake || error instanceof RangeError)) throw error;
      this.pause();
      const [line, column] = error instanceof Mistake ? [error.line, error.column] : [null, null];
      this.post({ say: "mistake", message: error.message, line, column, step: this.trainer?.step ?? 0 });
      return false;
    }
  }
}
