// What selectors find, looked up once: with every frame the same few dozen elements are asked for.

/** Whether a change moves elements, not only text. @param {MutationRecord} record */
const moves = ({ addedNodes, removedNodes }) =>
  [...addedNodes, ...removedNodes].some((node) => node.nodeType === Node.ELEMENT_NODE);

/** For selectors of what does not come and go with attributes, such as kinds, names and classes set once. */
export class Found {
  /** @param {Element} root */
  constructor(root) {
    this.root = root;
    /** @type {Map<string, any[]>} */
    this.known = new Map();
    this.observer = new MutationObserver((records) => this.forget(records));
    this.observer.observe(root, { childList: true, subtree: true });
  }

  /** @param {MutationRecord[]} records */
  forget(records) {
    if (this.known.size && records.some(moves)) this.known.clear();
  }

  /** All elements in document order. @param {string} selector @returns {any[]} */
  all(selector) {
    this.forget(this.observer.takeRecords()); // also what has changed in this very task
    let found = this.known.get(selector);
    if (!found) this.known.set(selector, (found = [...this.root.querySelectorAll(selector)]));
    return found;
  }

  /** The first. @param {string} selector @returns {any} */
  one(selector) {
    return this.all(selector)[0] ?? null;
  }
}
