// Measures a long chat: from a key to the frame that shows it, from Enter to the own bubble, and scrolling through.
import { addTimes } from "./measure.mjs";
import { withFixture } from "./fixture.mjs";

const KEYS = 60;
const SENDS = 25;
/** The milliseconds between two keys: longer than any work that a key postpones. */
const REST = 120;

/** In the page: records the time from each key to the next frame in `parleyKeys`, and tasks over 50 ms in `parleyTasks`. */
function watchKeys() {
  globalThis.parleyKeys = [];
  globalThis.parleyTasks = [];
  document.addEventListener(
    "keydown",
    (event) => {
      const pressed = event.timeStamp;
      // The message comes after the frame was painted.
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => globalThis.parleyKeys.push(performance.now() - pressed);
        channel.port2.postMessage(0);
      });
    },
    true,
  );
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.parleyTasks.push(duration);
  }).observe({ entryTypes: ["longtask"] });
}

/** In the page: the time from now to the frame that shows an own bubble with this text. */
function whenOwn(text) {
  return new Promise((done) => {
    const log = document.querySelector("[role=log][aria-label=Messages]");
    const start = () => (globalThis.parleyStart ??= performance.now());
    document.addEventListener("keydown", (event) => event.key === "Enter" && start(), { capture: true, once: true });
    globalThis.parleyStart = undefined;
    const observer = new MutationObserver(() => {
      if (!log.lastElementChild?.textContent.includes(text)) return;
      observer.disconnect();
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => done(performance.now() - start());
        channel.port2.postMessage(0);
      });
    });
    observer.observe(log, { childList: true, subtree: true });
  });
}

/**
 * In the page: scrolls up to the first message, a screen per frame. Returns the times of the frames and the largest number of
 * rows.
 */
async function scrollThrough() {
  const scroller = document.querySelector("[role=region][aria-label=Conversation]");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const frames = [];
  let rows = 0;
  let still = 0;
  let last = performance.now();
  const begun = last;
  while (still < 60 && performance.now() - begun < 120_000) {
    const before = scroller.scrollTop;
    scroller.scrollBy(0, -scroller.clientHeight);
    await frame();
    const now = performance.now();
    frames.push(now - last);
    last = now;
    rows = Math.max(rows, document.querySelectorAll("[role=log] [role=article]").length);
    still = scroller.scrollTop === before ? still + 1 : 0;
  }
  return { frames, rows, whole: performance.now() - begun, first: document.querySelector("[role=log] [role=article] p").textContent };
}

/** Milliseconds and counts for a chat with this many messages. */
export async function longTimes(relay, messages, report, say) {
  const ada = await withFixture(relay, 1, messages);
  const { page } = ada;
  const name = `long.${messages}`;
  await page.evaluate(watchKeys);
  const opened = Date.now();
  await page.getByRole("list", { name: "Chats" }).getByRole("link").first().click({ delay: 0 });
  await ada.messages().last().waitFor();
  report[`${name}.opened`] = (Date.now() - opened) * 1000;
  await page.waitForTimeout(1_000);

  const { frames, rows, whole, first } = await page.evaluate(scrollThrough);
  say(`  ${messages}: scrolled to "${first.slice(0, 8)}" in ${Math.round(whole)} ms, ${rows} rows at most`);
  addTimes(report, `${name}.scroll`, frames);
  report[`${name}.rows`] = rows;
  report[`${name}.tasks`] = await page.evaluate(() => globalThis.parleyTasks.filter((task) => task > 50).length);
  report[`${name}.task`] = 1000 * (await page.evaluate(() => Math.max(0, ...globalThis.parleyTasks)));
  report[`${name}.heap`] = await page.evaluate(() => performance.memory.usedJSHeapSize);
  await page.waitForTimeout(1_000);

  // Writes at the end of the chat.
  const newest = ada.button("Jump to newest");
  if (await newest.count()) await newest.click();
  await ada.composer().click();
  await page.evaluate(() => (globalThis.parleyKeys.length = 0));
  for (let key = 0; key < KEYS; key += 1) {
    await page.keyboard.press("abcdefgh"[key % 8]);
    await page.waitForTimeout(REST);
  }
  addTimes(report, `${name}.key`, await page.evaluate(() => globalThis.parleyKeys));
  const bubbles = [];
  for (let number = 0; number < SENDS; number += 1) {
    await ada.composer().fill(`own ${number}.`);
    const seen = page.evaluate(whenOwn, `own ${number}.`);
    await page.waitForTimeout(REST);
    await page.keyboard.press("Enter");
    bubbles.push(await seen);
  }
  addTimes(report, `${name}.bubble`, bubbles);
  await ada.close();
}
