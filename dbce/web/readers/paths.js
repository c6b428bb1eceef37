// Paths of files.

/** @param {string} path the last of its parts */
export const baseName = (path) => path.replace(/^.*\//, "");
