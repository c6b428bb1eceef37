// The networks in a worker of the page: new Worker("worker.js", { type: "module" }).
import { serve } from "./serve.js";

serve(/** @type {any} */ (self));
