// What the viewer asks of whoever runs the networks: the only seam between the two.

/**
 * @typedef {object} Reply
 * @property {string | import("../core/scene.js").Composed} [scene] as JSON, or as it is
 * @property {string} [error] a sentence for the visitor, and nothing else
 * @property {boolean} [busy] whether the same question may be answered later
 * @property {boolean} [waiting] whether the one file was a mask whose image may come next
 * @property {{image: number | null, mask: number | "waiting" | null}} [took] which of the files is what
 * @property {string} [volume] an opened scan, as JSON
 * @property {AsyncIterable<Part>} [rest] what the other networks say, as they answer; the scene names them as pending
 */
/**
 * What networks say that answered later than the first; `order` is that of all.
 * @typedef {{losses: string[], arrays: import("../core/scene.js").Arrays, order: string[]}} Part
 */
/**
 * A file, called after the image and the view by whoever writes it.
 * @typedef {{name?: string, type?: string, data?: string, error?: string}} ExportedFile data in base64
 */
/**
 * What a file is asked of.
 * @typedef {object} Asked
 * @property {object} of the request that opened the image
 * @property {string | null} labels that were painted, as of `packLabels`
 * @property {string | null} ignored pixels of them
 * @property {Record<string, any>} view the fields of the state (dbce/page/fields.py) and `zoom`: scale, x, y
 * @property {string} kind of file
 */
/**
 * A network of the visitor's own that joins.
 * @typedef {object} Joining
 * @property {string} name
 * @property {File} file
 * @property {import("./onnx/guest.js").Reading} reading what its owner says of it
 * @property {Uint8Array} image in view, size * size * 3, RGB
 * @property {any} told what the page says of such networks, from dbce.page.settings.joining
 * @property {string} task name of the task
 */
/** @typedef {{name: string, about: string, remark: string}} Joined how it is called, and read */
/** @typedef {{networks?: Joined[], error?: string}} JoinReply all that joined, or a sentence */
/** @typedef {(sentence: string) => void} Tell called while an answer is on its way */

/**
 * @typedef {object} Backend
 * @property {Record<string, string[]>} can by tab, the kinds of file that `exportView` writes of it
 * @property {number} lanes questions that are best asked at once, where there are many
 * @property {(request: object, tell?: Tell, first?: string) => Promise<Reply>} openStudy without `tell` nobody is told
 * of waiting; `first`: the network whose answer is waited for, where they answer one after the other, else all
 * @property {(asked: Asked, tell: Tell) => Promise<ExportedFile>} exportView
 * @property {(asked: Joining | null, tell?: Tell) => Promise<JoinReply>} [join] null: what joined before
 */

/** Networks did not come; why, in a sentence. */
export class Missing extends Error {}

/** No answer came. Everything else that goes wrong is a fault of the page. */
export class Unreachable extends Error {}
