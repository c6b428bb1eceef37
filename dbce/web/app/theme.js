// Dark or light: what the address asks for, by gradio's convention, else what this browser keeps, else what it prefers.

const KEPT = "dbce-theme"; // from one visit to the next and from one task to the other
const ASKED = "__theme";

/** @param {string | null} text */
const theme = (text) => (text === "dark" || text === "light" ? text : null);

/** @param {string} search of the address */
export function firstTheme(search) {
  const asked = new URLSearchParams(search).get(ASKED);
  const prefers = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  return theme(asked) ?? (asked === "system" ? null : kept()) ?? prefers;
}

/** @param {string} now */
export function keepTheme(now) {
  try {
    localStorage.setItem(KEPT, now);
  } catch {
    // storage is switched off; then the address holds it
  }
}

/**
 * The search of an address that leads to this theme.
 * @param {string} search
 * @param {string} now
 */
export function searchFor(search, now) {
  if (firstTheme(search) === now) return search;
  const parts = new URLSearchParams(search);
  parts.set(ASKED, now);
  return `?${parts}`;
}

function kept() {
  try {
    return theme(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}
