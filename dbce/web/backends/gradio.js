// While an answer is on its way: the place in the queue, where there is one.

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The answer itself; before it comes, the page says how many come first.
function inTurn(asked) {
  let open = true;
  const end = () => (open = false);
  asked.then(end, end);
  (async () => {
    await pause(300);
    while (open) {
      const { before } = await server.queue_place("").catch(() => ({}));
      if (open && Number.isInteger(before)) say(before ? `${before} before you\u2026` : "You are next\u2026");
      await pause(700);
    }
  })();
  return asked;
}
