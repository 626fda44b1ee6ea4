// Makes chats with many messages, and measures where their rows stand.

/** In the page: sends a text that a browser's own typing would take long for. */
export function sendText(text) {
  const area = document.querySelector("textarea[aria-label=Message]");
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.closest("form").requestSubmit();
}

/** In the page: types and sends this many texts, as fast as the composer takes them. */
export async function sendMany([from, to]) {
  const area = document.querySelector("textarea[aria-label=Message]");
  for (let number = from; number < to; number++) {
    area.value = `number ${number}`;
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.closest("form").requestSubmit();
    if (number % 20 === 19) await new Promise((done) => setTimeout(done, 150));
  }
}

/** In the page: the visible rows of the chat with their upper edges, and the lower edge of the visible area. */
export function rowsInView() {
  const scroller = document.querySelector("[role=region][aria-label=Conversation]");
  const { top, bottom } = scroller.getBoundingClientRect();
  const rows = [...document.querySelectorAll("[role=log] [role=article]")];
  const seen = rows
    .map((row) => ({ text: row.querySelector("p")?.textContent, rect: row.getBoundingClientRect() }))
    .filter(({ rect }) => rect.top >= top && rect.bottom <= bottom)
    .map(({ text, rect }) => ({ text, top: rect.top, fromBottom: bottom - rect.top }));
  return { rows: rows.length, seen };
}

/** In the page: scrolls up by this many pixels, frame by frame, until this text is there. */
export async function scrollUpTo([text, step]) {
  const scroller = document.querySelector("[role=region][aria-label=Conversation]");
  const start = performance.now();
  let most = 0;
  while (performance.now() - start < 30_000) {
    const rows = [...document.querySelectorAll("[role=log] [role=article]")];
    most = Math.max(most, rows.length);
    if (rows.some((row) => row.querySelector("p")?.textContent === text)) return most;
    scroller.scrollBy(0, -step);
    await new Promise((done) => requestAnimationFrame(done));
  }
  throw new Error(`"${text}" did not come`);
}
