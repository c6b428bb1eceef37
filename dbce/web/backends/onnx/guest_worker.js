// A network of the visitor's own in a worker of the page.
import { serveGuest } from "./serve_guest.js";

serveGuest(/** @type {any} */ (self));
