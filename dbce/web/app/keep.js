// Opened images in the storage of the page: the last few, within a bound, for as long as nobody forgets them.

export const MOST_IMAGES = 5;
export const MOST_BYTES = 100e6;

const BASE = "dbce";
const FILES = "files";
const LIST = "list"; // what FILES holds, without the files

/** @typedef {{name: string, bytes: Uint8Array}} KeptFile */
/**
 * An opened image: what opens it again, and what was painted since (null where that left no mask).
 * @typedef {object} Kept
 * @property {string} id
 * @property {string} task
 * @property {Record<string, any> & {image?: KeptFile, mask?: KeptFile}} request
 * @property {Uint8Array | null} [painted]
 */
/** @typedef {{id: string, used: number, size: number}} Entry */
/**
 * @typedef {object} Store
 * @property {() => Promise<Entry[]>} list
 * @property {(id: string) => Promise<Kept | undefined>} get
 * @property {(entry: Entry, kept?: Kept) => Promise<void>} put without an image, only when it was used
 * @property {(ids: string[]) => Promise<void>} drop
 */

/** @param {Kept} kept bytes */
export const sizeOf = ({ request, painted }) =>
  (request.image?.bytes.length ?? 0) + (request.mask?.bytes.length ?? 0) + (painted?.length ?? 0);

/**
 * What has to go: the images that were used longest ago, until the rest is within bounds.
 * @param {Entry[]} entries
 * @param {number} most images
 * @param {number} bytes of all together
 * @returns {string[]} ids
 */
export function surplus(entries, most = MOST_IMAGES, bytes = MOST_BYTES) {
  const newest = [...entries].sort((a, b) => b.used - a.used);
  let sum = 0;
  const stays = newest.findIndex(({ size }, i) => i >= most || (sum += size) > bytes);
  return stays < 0 ? [] : newest.slice(stays).map(({ id }) => id);
}

/** What is kept; one call at a time. */
export class Keep {
  /**
   * @param {Store} store
   * @param {{most?: number, bytes?: number, now?: () => number}} bounds
   */
  constructor(store, { most = MOST_IMAGES, bytes = MOST_BYTES, now = Date.now } = {}) {
    this.store = store;
    this.most = most;
    this.bytes = bytes;
    this.now = now;
  }

  /**
   * @param {Kept} kept
   * @returns {Promise<boolean>} whether it is kept: not where it alone is beyond the bound
   */
  async put(kept) {
    const entry = { id: kept.id, used: this.now(), size: sizeOf(kept) };
    if (entry.size > this.bytes) {
      await this.store.drop([kept.id]); // what it was before
      return false;
    }
    const others = (await this.store.list()).filter(({ id }) => id !== kept.id);
    await this.store.drop(surplus([...others, entry], this.most, this.bytes));
    await this.store.put(entry, kept);
    return true;
  }

  /** @param {string} id */
  async get(id) {
    const kept = await this.store.get(id);
    if (kept) await this.store.put({ id, used: this.now(), size: sizeOf(kept) });
    return kept;
  }

  list() {
    return this.store.list();
  }

  /** @returns {Promise<number>} how many images were there */
  async clear() {
    const ids = (await this.list()).map(({ id }) => id);
    await this.store.drop(ids);
    return ids.length;
  }
}

/** For as long as the page is open. @implements {Store} */
export class Memory {
  constructor() {
    /** @type {Map<string, {entry: Entry, kept: Kept}>} */
    this.all = new Map();
  }

  async list() {
    return [...this.all.values()].map(({ entry }) => entry);
  }

  /** @param {string} id */
  async get(id) {
    return this.all.get(id)?.kept;
  }

  /** @param {Entry} entry @param {Kept} [kept] */
  async put(entry, kept = this.all.get(entry.id).kept) {
    this.all.set(entry.id, { entry, kept });
  }

  /** @param {string[]} ids */
  async drop(ids) {
    for (const id of ids) this.all.delete(id);
  }
}

/** In the browser, by IndexedDB; every call fails where a browser forbids that. @implements {Store} */
export class Shelf {
  list() {
    return this.use("readonly", (list) => list.getAll());
  }

  /** @param {string} id */
  get(id) {
    return this.use("readonly", (_, files) => files.get(id));
  }

  /** @param {Entry} entry @param {Kept} [kept] */
  async put(entry, kept) {
    await this.use("readwrite", (list, files) => {
      list.put(entry);
      if (kept) files.put(kept);
    });
  }

  /** @param {string[]} ids */
  async drop(ids) {
    await this.use("readwrite", (list, files) => {
      for (const id of ids) [list, files].forEach((store) => store.delete(id));
    });
  }

  /**
   * @param {IDBTransactionMode} mode
   * @param {(list: IDBObjectStore, files: IDBObjectStore) => any} act
   * @returns {Promise<any>} what it asked for, when all of it is done
   */
  async use(mode, act) {
    const base = await opened();
    try {
      const transaction = base.transaction([LIST, FILES], mode);
      const asked = act(transaction.objectStore(LIST), transaction.objectStore(FILES));
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
      return asked?.result;
    } finally {
      base.close();
    }
  }
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(BASE, 1);
    request.onupgradeneeded = () => {
      for (const name of [LIST, FILES]) request.result.createObjectStore(name, { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
