// A letter as a command, where it is not text.

const TYPED = "input:not([type=radio], [type=checkbox], [type=range]), select, textarea";

/**
 * @param {KeyboardEvent} event
 * @param {string} key
 */
export const commands = (event, key) =>
  event.key === key &&
  !(event.ctrlKey || event.metaKey || event.altKey || /** @type {Element} */ (event.target).matches?.(TYPED));
