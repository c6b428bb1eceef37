// Python behind gradio: its functions, and the place in its queue.
import { Unreachable } from "./backend.js";
import { readFile } from "../core/file.js";

const FIRST = '{"example":0}';
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @param {unknown} [cause] @returns {never} */
function unreachable(cause) {
  throw new Unreachable("no answer", { cause });
}

/**
 * @param {Record<string, (text: string) => Promise<any>>} server functions of dbce.page.page
 * @param {Promise<string | null>} first the scene of the first example, asked for early; null where it did not come
 * @param {Record<string, string[]>} can by tab, kinds of file
 * @returns {import("./backend.js").Backend}
 */
export function gradioBackend(server, first, can) {
  /**
   * The answer itself; before it comes, the visitor is told how many come first.
   * @param {"open_study" | "export_view" | "join"} name
   * @param {string} text
   * @param {import("./backend.js").Tell | undefined} tell
   */
  async function ask(name, text, tell) {
    let open = Boolean(tell);
    (async () => {
      if (open) await pause(300);
      while (open) {
        const before = (await server.queue_place("").catch(() => null))?.before;
        if (open && Number.isInteger(before)) tell(before ? `${before} before you\u2026` : "You are next\u2026");
        await pause(700);
      }
    })();
    try {
      const reply = await server[name](text).catch(unreachable);
      return reply ?? unreachable(); // gradio gives nothing where its request got no answer
    } finally {
      open = false;
    }
  }

  let changed = false; // other networks than those that the first scene came with

  return {
    can,
    lanes: 3, // one less than dbce.page.turns.EACH, which leaves one for a visitor who looks around meanwhile
    openStudy: async (request, tell) => {
      const text = JSON.stringify(request);
      const scene = text === FIRST && !changed && (await first);
      return scene ? { scene } : ask("open_study", text, tell);
    },
    join: async (asked, tell = () => {}) => {
      const given = asked && { name: asked.name, ...asked.reading, file: await readFile(asked.file) };
      const reply = await ask("join", JSON.stringify(given ?? {}), tell);
      changed ||= Boolean(reply.networks?.length);
      return reply;
    },
    exportView: (view, tell) => ask("export_view", JSON.stringify(view), tell),
  };
}
