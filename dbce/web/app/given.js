// Files as they are given: chosen, or dropped with the folders that they lie in.

/** @typedef {{path: string, file: File, role?: "mask"}} Given a file, and its path below what was given */

/** @param {Iterable<File>} files @param {"mask"} [role] what they were said to be @returns {Given[]} */
export const chosen = (files, role) =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file, ...(role && { role }) }));

/**
 * What was dropped, with all that lies in dropped folders.
 * @param {DataTransfer} transfer read before the first wait: it is empty after that
 * @returns {Promise<Given[]>}
 */
export function dropped(transfer) {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (!entries.some((entry) => entry.isDirectory)) return Promise.resolve(chosen(transfer.files));
  return Promise.all(entries.map(inside)).then((found) => found.flat());
}

/** @param {FileSystemEntry} entry @returns {Promise<Given[]>} */
async function inside(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) =>
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject),
    );
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return (await Promise.all(found.map(inside))).flat();
    found.push(...some); // browsers give a hundred at a time
  }
}
