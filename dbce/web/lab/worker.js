// One network of the lab in a worker of its own. It has no network access: its code is loaded by then, and
// the kernels come with the first message.
import { Session } from "./session.js";

const DOORS = [
  ...["fetch", "XMLHttpRequest", "WebSocket", "WebSocketStream", "WebTransport", "EventSource", "importScripts"],
  ...["Worker", "SharedWorker", "BroadcastChannel", "RTCPeerConnection", "FontFace", "Notification"],
  ...["indexedDB", "caches", "navigator"],
];
// a formula is never run as code and can name none of these; this is the second lock
for (const door of DOORS)
  for (let owner = globalThis; owner; owner = Object.getPrototypeOf(owner))
    if (Object.hasOwn(owner, door)) Object.defineProperty(owner, door, { value: undefined, configurable: false });

// a timer would wait four milliseconds between two steps; a message does not
const { port1, port2 } = new MessageChannel();
/** @type {(() => void)[]} */
const waiting = [];
port1.onmessage = () => waiting.shift()?.();

const session = new Session(
  (report) => postMessage(report),
  () => new Promise((resolve) => (waiting.push(resolve), port2.postMessage(null))),
);

addEventListener("unhandledrejection", ({ reason }) => reportError(reason)); // becomes an error event of the worker
addEventListener("message", ({ data }) => session.receive(data));
