// The service worker: the page opens without a network, from what this browser keeps. It imports nothing, because not
// every browser takes a module here: dbce.site.document writes `self.SITE = ...` before it, so that every version of
// the page is another file, which browsers notice.

/**
 * What belongs to a version of the page; addresses are relative to its folder.
 * @typedef {object} Site
 * @property {string} version
 * @property {string[]} pages the HTML
 * @property {string[]} shell what else every task needs
 * @property {string[]} all of its files
 */

const worker = /** @type {any} */ (self);
const { version, pages, shell, all } = /** @type {Site} */ (worker.SITE);
const home = worker.registration.scope; // ends in a slash; other copies of the page may share its origin
const shells = `dbce-shell ${home} `;
const name = shells + version;

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(install()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { method, url, mode } = event.request;
  if (method === "GET" && url.startsWith(home)) event.respondWith(answer(event.request, mode === "navigate"));
});
worker.addEventListener("message", (/** @type {any} */ { data }) => data === "take over" && worker.skipWaiting());

async function install() {
  const cache = await caches.open(name);
  await cache.addAll(shell.map(whole));
  for (const page of pages) {
    const came = await fetch(new Request(whole(page), { cache: "no-cache" }));
    if (!came.ok) throw new Error(`${page}: ${came.status}`);
    // without its history: a redirected answer may not be given to a navigation
    await cache.put(whole(page), new Response(await came.blob(), { headers: { "content-type": "text/html" } }));
  }
}

/** What no version needs any more is deleted; the version before stays, in case a tab still shows it. */
async function activate() {
  const names = (await caches.keys()).filter((other) => other.startsWith("dbce"));
  const old = names.filter((other) => other.startsWith(shells) && other !== name).slice(0, -1);
  for (const other of old) await caches.delete(other);
  const known = new Set([...all].map(whole));
  for (const other of names.filter((other) => !other.startsWith("dbce-shell"))) {
    const cache = await caches.open(other);
    for (const { url } of await cache.keys()) if (url.startsWith(home) && !known.has(url)) await cache.delete(url);
  }
  await worker.clients.claim();
}

/** @type {(request: Request, navigates: boolean) => Promise<Response>} from this browser, else from the host */
async function answer(request, navigates) {
  const kept = navigates ? await pageAt(request.url) : await caches.match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}

/** @param {string} url of a page, with or without its suffix */
async function pageAt(url) {
  const path = new URL(url).pathname.slice(new URL(home).pathname.length);
  const page = pages.find((page) => [page, page.replace(/\.html$/, "")].includes(path || "index.html"));
  return page && (await caches.open(name)).match(whole(page));
}

/** @param {string} path */
function whole(path) {
  return new URL(path, home).href;
}
