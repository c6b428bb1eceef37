// Which step of the run is in view: chosen by dragging, by keys and by links, and written to the address.
import { presetOf } from "../../lab/experiment.js";
import { Head } from "../../lab/head.js";
import { LAST } from "../../lab/recording.js";
import { loadPictures } from "../../lab/replay.js";

const OPENS = 120; // the step of a recorded run at which the lab opens

export class Timeline {
  /** @param {import("./room.js").Room} room */
  constructor(room) {
    this.room = room;
    this.head = new Head(room.run);
    /** @type {Map<string, import("../../lab/replay.js").Recorded | null>} pictures by preset; null while they come */
    this.replays = new Map();
    /** @type {number | null} the step that was last written to the page's state */
    this.noted = null;
    /** @type {number | null} the same as the address has it: that follows when they rest */
    this.told = null;
    /** @type {number | null} the step that a link asks for, while they learn up to it */
    this.goal = null;
  }

  /** Back to the newest step, whatever was asked for. */
  leave() {
    this.head.chosen = this.goal = null;
  }

  /** Whether there are pictures of a recorded run of just these networks. */
  get replayed() {
    const { recording, losses, run, experiment } = this.room;
    return recording !== null && !run.touched && experiment.seed === 0 && losses.every((loss) => loss in recording);
  }

  /** The pictures of the recorded run, where they are needed and there. */
  get replay() {
    if (!this.replayed || this.head.chosen === null) return null;
    const { room, replays } = this;
    const { id } = presetOf(room.experiment.preset);
    if (!replays.has(id)) {
      replays.set(id, null);
      const put = (recorded) => (replays.set(id, recorded), room.changed());
      loadPictures(id).then(put, (error) => {
        replays.delete(id); // another drag tries again
        this.leave();
        room.viewer.say(error.message, true);
        room.changed();
      });
    }
    return replays.get(id);
  }

  /** Steps that can be looked at. */
  get steps() {
    return this.head.steps(this.room.losses, this.replayed);
  }

  /** The largest step that there is room for. */
  get last() {
    const { run } = this.room;
    return Math.max(run.until, run.at, this.head.step, LAST);
  }

  /** What was at a step, or near it. @param {number} step */
  look(step) {
    const { room, head, steps } = this;
    if (!steps.length) return;
    if (room.run.playing) room.pause();
    head.choose(step, steps);
    room.changed();
  }

  /** The next step that can be looked at, or the one before; from the newest one they learn. @param {number} by */
  turn(by) {
    const { room, head, steps } = this;
    if (head.chosen === null && by > 0) return room.step();
    const next = steps[steps.indexOf(head.step) + by];
    if (next !== undefined) this.look(next);
  }

  /** An experiment begins: where its link says, or in the midst of what was recorded of it. */
  open() {
    const { room, steps } = this;
    const asked = room.viewer.state["lab.step"];
    if (asked !== null && asked !== this.noted) this.arrive(asked);
    else if (!room.run.playing && steps.includes(OPENS)) this.look(OPENS);
    this.note();
  }

  /** Follows a link, or Back, to the step that it names. */
  seek() {
    const { room, head } = this;
    const asked = room.viewer.state["lab.step"];
    if (!this.steps.includes(head.step)) head.chosen = null; // its pictures are of another experiment
    if (asked === this.noted || !room.settled) return;
    this.noted = asked;
    if (asked !== null) this.arrive(asked);
  }

  /** To a step: to its pictures, where there are some; otherwise they learn up to it. @param {number} step */
  arrive(step) {
    const { room, steps } = this;
    this.noted = step;
    if (steps.includes(step) || step <= room.run.at) return this.look(step);
    room.play();
    room.run.until = this.goal = step;
  }

  /** Has the page's state, and with it the address, hold the step in view. */
  note() {
    const { head, room } = this;
    const { run, viewer } = room;
    if (!room.settled || viewer.state.tab !== "lab") return;
    if (this.goal !== null && run.at >= this.goal) this.goal = null;
    const opened = head.ahead && head.step === OPENS && !run.at;
    const step = run.touched || opened ? null : (this.goal ?? head.step);
    if (viewer.state["lab.step"] !== this.noted) return; // somebody asks for another one
    this.noted = viewer.state["lab.step"] = step;
    if (run.playing || run.at < run.granted || this.told === step) return;
    this.told = step;
    viewer.set({}); // the address follows
  }

  /** What is to be said of a link to what is in view. */
  get link() {
    const { run, viewer } = this.room;
    if (run.touched)
      return (
        "Link copied: it opens this experiment at its start. Radius or learning rate were changed on the way; " +
        "a link holds what they are, not since when."
      );
    const step = viewer.state["lab.step"] ?? this.head.step;
    const how = this.head.ahead || !step ? "" : ": the networks learn up to it again, bit for bit";
    return `Link copied: it opens this experiment at step ${step}${how}.`;
  }
}
