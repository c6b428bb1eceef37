// What a page says, written only where it differs from what stands there: a slider changes a few of many texts, and
// what is written is parsed and laid out.

/**
 * The text of an element that holds nothing else.
 * @param {Element} node
 * @param {string | number} text
 */
export function write(node, text) {
  const { firstChild } = node;
  const now = String(text);
  if (firstChild?.nodeType === Node.TEXT_NODE && !firstChild.nextSibling) {
    if (firstChild.nodeValue !== now) firstChild.nodeValue = now;
  } else if (now || firstChild) node.textContent = now;
}

/** @type {WeakMap<Element, string>} what `fill` put there */
const filled = new WeakMap();

/**
 * The HTML of an element that nobody else writes to.
 * @param {Element} node
 * @param {string} html
 */
export function fill(node, html) {
  if (filled.get(node) === html) return;
  filled.set(node, html);
  node.innerHTML = html;
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {string} value
 */
export function attribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * @param {HTMLElement} node
 * @param {boolean} hidden
 */
export function hide(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** @type {WeakMap<HTMLElement, string>} what `move` wrote */
const moved = new WeakMap();

/**
 * Moves, or stretches, an element where nobody else does.
 * @param {HTMLElement} node
 * @param {string} transform
 */
export function move(node, transform) {
  if (moved.get(node) === transform) return;
  moved.set(node, transform);
  node.style.transform = transform;
}
