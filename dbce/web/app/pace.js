// How often the address is written: Safari throws where a page does so more than 100 times in 30 seconds.

const APART = 400; // milliseconds between two writes while something is dragged
const BURST = 20; // writes that may come at once
const REFILL = 450; // milliseconds until one more may
const REFUSED = -10; // after a browser said no: some seconds of silence

/** @typedef {{now?: () => number, later?: (act: () => void, milliseconds: number) => void}} Clock */

export class Pace {
  /**
   * @param {(url: string, push: boolean) => void} write may throw
   * @param {Clock} clock
   */
  constructor(write, { now = () => performance.now(), later = (act, wait) => setTimeout(act, wait) } = {}) {
    this.write = write;
    this.now = now;
    this.later = later;
    this.url = ""; // what the address is to be
    this.written = ""; // what it is
    this.push = false; // whether that becomes an entry of the history
    this.left = BURST;
    this.counted = now();
    this.last = -Infinity;
    this.waiting = false;
  }

  /**
   * The address is this already.
   * @param {string} url
   */
  settle(url) {
    this.url = this.written = url;
    this.push = false;
  }

  /**
   * The address is to be this; as an entry of its own, or instead of the last one.
   * @param {string} url
   * @param {boolean} push
   */
  note(url, push) {
    if (url === this.url) return;
    if (push) this.flush(); // what came before stands in its own entry
    this.url = url;
    this.push ||= push;
    if (push) this.flush();
    else this.wait(this.last + APART - this.now());
  }

  /** Write now, or as soon as that is allowed. */
  flush() {
    if (this.url === this.written && !this.push) return;
    const now = this.now();
    this.left = Math.min(BURST, this.left + (now - this.counted) / REFILL);
    this.counted = now;
    if (this.left < 1) return this.wait(Math.ceil((1 - this.left) * REFILL));
    this.left -= 1;
    this.last = now;
    try {
      this.write(this.url, this.push);
      this.settle(this.url);
    } catch {
      this.left = REFUSED;
      this.wait((1 - REFUSED) * REFILL);
    }
  }

  /** @param {number} milliseconds */
  wait(milliseconds) {
    if (this.waiting) return;
    this.waiting = true;
    this.later(
      () => {
        this.waiting = false;
        this.flush();
      },
      Math.max(0, milliseconds),
    );
  }
}
