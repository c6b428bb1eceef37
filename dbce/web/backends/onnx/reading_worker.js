// The readers in a worker of the page.
import { serveReading } from "./serve_reading.js";

serveReading(/** @type {any} */ (self));
