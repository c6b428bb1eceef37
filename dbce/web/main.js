// Where the page begins: the viewer in an element, with its parts.
import { Address } from "./app/address.js";
import { Breath } from "./app/breath.js";
import { fillControls } from "./app/controls.js";
import { offerDownloads } from "./app/download.js";
import { listen } from "./app/events.js";
import { rejoin } from "./app/joining.js";
import { Large } from "./app/large.js";
import { Opening } from "./app/opening.js";
import { Own } from "./app/own.js";
import { Painter } from "./app/paint.js";
import { Tour } from "./app/tour.js";
import { Viewer } from "./app/viewer.js";
import { Zoom } from "./app/zoom.js";
import { bytes } from "./core/scene.js";
import { wordsOf } from "./parts/colour.js";
import { Notes } from "./parts/term.js";
import { anatomy } from "./tabs/anatomy.js";
import { compare } from "./tabs/compare.js";
import { images } from "./tabs/images.js";
import { lab } from "./tabs/lab.js";
import { organs } from "./tabs/organs.js";
import { radius } from "./tabs/radius.js";
import { results } from "./tabs/results.js";
import { set } from "./tabs/set.js";

const TABS = { images, anatomy, compare, organs, radius, results, set, lab };

/**
 * Put the viewer into an element that holds viewer.html.
 * @param {HTMLElement} element gets the viewer as its property `dbce`
 * @param {Record<string, any>} settings from dbce.page.settings.config
 * @param {import("./backends/backend.js").Backend} backend
 * @returns {Promise<Viewer>} when the first image is in view
 */
export async function mount(element, settings, backend) {
  const config = { ...settings, magma: wordsOf(bytes(settings.magma)) };
  const viewer = new Viewer(element, config, backend);
  viewer.settings = settings;
  fillControls(viewer);
  for (const [tab] of viewer.fields.table.get("tab").choices) viewer.tabs[tab] = TABS[tab](viewer);
  new Notes(viewer.root);
  new Large(viewer);
  offerDownloads(viewer);
  const zoom = new Zoom(viewer);
  const painter = new Painter(viewer);
  const opening = new Opening(viewer);
  const tour = new Tour(viewer, painter, zoom);
  const breath = new Breath(viewer);
  const own = new Own(viewer, opening);
  const parts = { viewer, zoom, painter, opening, tour, breath, own };
  const address = new Address(parts);
  listen({ ...parts, address });
  Object.assign(element, { dbce: viewer });
  if (settings.joins === "server") await rejoin(viewer);
  const led = await address.go();
  viewer.root.dataset.ready = "true";
  if (!led && !viewer.calm && !navigator.webdriver && !settings.closed) breath.start();
  return viewer;
}
