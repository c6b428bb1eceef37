// Terms that explain themselves where they stand: by hover, by focus, by click; one note for all of them.
import { GLOSSARY, pieces } from "../core/glossary.js";

const ID = "dbce-note";
const GAP = 8; // px between a term and its note, and between the note and the window's edge

const button = (text, key) => `<button type="button" class="term" data-term="${key}">${text}</button>`;

/**
 * A plain text as HTML, the terms of the glossary in it as buttons.
 * @param {string} text without markup
 */
export const explained = (text) =>
  pieces(text)
    .map(({ text, key }) => (key ? button(text, key) : text))
    .join("");

/** The note that tells what the term under the pointer, or in focus, means. */
export class Notes {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {HTMLElement | null} */
    this.term = null;
    this.kept = false; // by a click, until the next one or Escape
    this.note = document.createElement("div");
    this.note.className = "note";
    this.note.id = ID;
    this.note.setAttribute("role", "tooltip");
    this.note.hidden = true;
    root.append(this.note);
    for (const place of root.querySelectorAll("[data-terms]")) place.innerHTML = explained(place.textContent);
    this.listen();
  }

  /** @param {HTMLElement} term */
  show(term) {
    if (this.term !== term) this.hide();
    this.term = term;
    const { term: name, text } = GLOSSARY[term.dataset.term];
    this.note.innerHTML = `<b></b> <span></span>`;
    this.note.children[0].textContent = name;
    this.note.children[1].textContent = text;
    (term.closest("dialog") ?? this.root).append(this.note); // what lies below a dialog is not seen
    this.note.hidden = false;
    term.setAttribute("aria-describedby", ID);
    this.place();
  }

  /** Below the term, or above it where there is no room; within the window. */
  place() {
    const at = this.term.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.note;
    const left = Math.max(GAP, Math.min(at.left, document.documentElement.clientWidth - width - GAP));
    const below = at.bottom + GAP + height <= innerHeight;
    this.note.style.left = `${left}px`;
    this.note.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
  }

  hide() {
    this.term?.removeAttribute("aria-describedby");
    this.term = null;
    this.kept = false;
    this.note.hidden = true;
  }

  listen() {
    const termOf = (target) => /** @type {HTMLElement | null} */ (target?.closest?.(".term"));
    const onNote = (target) => this.note.contains(target);
    this.root.addEventListener("pointerover", ({ target, pointerType }) => {
      const term = termOf(target);
      if (pointerType !== "mouse" || this.kept) return;
      if (term) this.show(term);
      else if (this.term && !onNote(target) && this.term !== document.activeElement) this.hide();
    });
    this.root.addEventListener("focusin", ({ target }) => {
      const term = termOf(target);
      if (term) this.show(term);
      else if (this.term) this.hide();
    });
    this.root.addEventListener("focusout", ({ target }) => {
      if (target === this.term) this.hide();
    });
    document.addEventListener("click", (event) => {
      const term = termOf(event.target);
      if (!term) return onNote(event.target) || this.hide();
      event.preventDefault(); // a term within a label does not tick its box
      const again = this.kept && this.term === term;
      if (again) return this.hide();
      this.show(term);
      this.kept = true;
    });
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.hide());
    for (const name of ["scroll", "resize"])
      window.addEventListener(name, () => this.term && this.place(), { capture: true, passive: true });
  }
}
