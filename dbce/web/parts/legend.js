// What the colours stand for, and the buttons that pick a class.

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

/** @param {[number, string, string][]} counts of pixels, what kind of error, and in words */
export const chips = (counts, grouped) =>
  counts.map(([n, kind, word]) => `<span class="${kind} ${n ? "some" : ""}">${grouped(n)} ${word}</span>`).join("");
