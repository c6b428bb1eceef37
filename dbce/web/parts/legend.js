// What the colours stand for, and the buttons that pick a class.
import { grouped } from "../core/format.js";
import { attribute, write } from "./write.js";

/**
 * A button for every class but the background.
 * @param {string[]} classes
 * @param {string[]} colours
 */
export const classPicker = (classes, colours) =>
  classes
    .map((name, cls) =>
      cls
        ? `<button type="button" data-class="${cls}" aria-pressed="false"><i style="background:${colours[cls]}"></i>` +
          `${name}</button>`
        : "",
    )
    .join("");

/**
 * One chip a kind of error.
 * @param {Element} box that holds nothing else
 * @param {[number, string, string][]} counts of pixels, what kind of error, and in words
 */
export function chips(box, counts) {
  while (box.childElementCount < counts.length) box.append(document.createElement("span"));
  counts.forEach(([n, kind, word], k) => {
    attribute(box.children[k], "class", n ? `${kind} some` : kind);
    write(box.children[k], `${grouped(n)} ${word}`);
  });
}
