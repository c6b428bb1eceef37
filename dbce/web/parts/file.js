// A file that the page itself has made, for the visitor to keep.

const KEPT = 60000; // milliseconds, in which a browser has taken it

/**
 * @param {string} name
 * @param {string} type of the content
 * @param {BlobPart} content
 */
export function offerFile(name, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
