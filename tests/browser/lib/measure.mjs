// Measuring inside of pages.

/** In a page, before anything else: records when the things that a person waits for appear, in milliseconds since the start. */
export function watchStart() {
  const marks = {};
  globalThis.parleyMarks = marks;
  const controls = {
    create: () => [...document.querySelectorAll("button")].some((button) => button.textContent === "Create account"),
    chats: () => document.querySelector("[role=list][aria-label=Chats] a") !== null,
  };
  const look = () => {
    const now = performance.now();
    for (const [name, isThere] of Object.entries(controls)) {
      if (marks[name] !== undefined || !isThere()) continue;
      marks[name] = now;
      requestAnimationFrame(() => {
        marks[`${name}_frame`] = performance.now();
      });
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  // The first message on the channel from the worker that opened the device (one format byte, then the kind).
  const channel = new BroadcastChannel("parley-view");
  channel.onmessage = ({ data }) => {
    if (data?.[1] === 1) marks.owner ??= performance.now();
  };
}

/** The events of a start, in milliseconds after it. */
export async function startTimes(page, control) {
  await page.waitForFunction((name) => globalThis.parleyMarks?.[`${name}_frame`] !== undefined, control);
  const times = await page.evaluate((name) => {
    const marks = globalThis.parleyMarks;
    const [navigation] = performance.getEntriesByType("navigation");
    const entry = (part) => performance.getEntriesByType("resource").find(({ name }) => name.includes(part));
    return {
      origin: performance.timeOrigin,
      page: navigation.responseEnd,
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
      app_module: entry("_bg")?.responseEnd,
      worker_asked: entry("worker_loader")?.startTime,
      owner: marks.owner,
      usable: marks[name],
      usable_frame: marks[`${name}_frame`],
    };
  }, control);
  const worker = await page.workers()[0]?.evaluate(() => ({
    origin: performance.timeOrigin,
    module: performance.getEntriesByType("resource").find(({ name }) => name.endsWith(".wasm"))?.responseEnd,
    asked: performance.getEntriesByType("resource").find(({ name }) => name.endsWith(".wasm"))?.startTime,
  }));
  if (worker) {
    const shift = worker.origin - times.origin;
    times.worker_asked ??= shift;
    times.worker_begins = worker.asked === undefined ? undefined : worker.asked + shift;
    times.worker_module = worker.module === undefined ? undefined : worker.module + shift;
  }
  if (times.owner !== undefined && times.worker_asked !== undefined) times.ready = times.owner - times.worker_asked;
  delete times.origin;
  return times;
}

/** In the writer's page: when Enter went down, by the machine's clock. */
export function watchEnter() {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter") globalThis.parleyEnter = performance.timeOrigin + performance.now();
    },
    true,
  );
}

/** In the reader's page: when this text is in the list of messages, and when the next frame begins. */
export function whenSeen(text) {
  return new Promise((done) => {
    const log = document.querySelector("[role=log][aria-label=Messages]");
    const observer = new MutationObserver(() => {
      if (![...log.querySelectorAll("[role=article]")].some((article) => article.textContent.includes(text))) return;
      observer.disconnect();
      const tree = performance.timeOrigin + performance.now();
      requestAnimationFrame(() => done({ tree, frame: performance.timeOrigin + performance.now() }));
    });
    observer.observe(log, { childList: true, subtree: true });
  });
}

/** Adds the median and other statistics of some milliseconds to a report, in microseconds. */
export function addTimes(report, name, times) {
  const sorted = times.filter((time) => Number.isFinite(time)).sort((a, b) => a - b);
  if (sorted.length === 0) return;
  const at = (percent) => sorted[Math.min(Math.floor((sorted.length * percent) / 100), sorted.length - 1)] * 1000;
  for (const percent of [50, 95, 99]) report[`${name}.p${percent}`] = at(percent);
}

/** The median, in microseconds. */
export function median(times) {
  const sorted = times.filter((time) => Number.isFinite(time)).sort((a, b) => a - b);
  return sorted.length === 0 ? undefined : sorted[Math.floor(sorted.length / 2)] * 1000;
}
