// What the viewer asks of whoever runs the networks: the only seam between the two.

/**
 * @typedef {object} Reply
 * @property {string} [scene] as JSON
 * @property {string} [error] a sentence for the visitor, and nothing else
 * @property {boolean} [waiting] whether the one file was a mask whose image may come next
 * @property {{image: number | null, mask: number | "waiting" | null}} [took] which of the files is what
 * @property {string} [volume] an opened scan, as JSON
 */
/** @typedef {{name?: string, type?: string, data?: string, error?: string}} ExportedFile data in base64 */
/** @typedef {(sentence: string) => void} Tell called while an answer is on its way */

/**
 * @typedef {object} Backend
 * @property {string[]} can the kinds of file that `exportView` writes
 * @property {(request: object, tell: Tell) => Promise<Reply>} openStudy
 * @property {(view: object, tell: Tell) => Promise<ExportedFile>} exportView
 */

/** No answer came. Everything else that goes wrong is a fault of the page. */
export class Unreachable extends Error {}
