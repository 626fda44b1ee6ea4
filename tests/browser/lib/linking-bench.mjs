// Measures linking a browser to an account with many conversations.
import { confirmDigits, openDevices, showCode, useAnotherDevice, useCode } from "./link.mjs";
import { Person } from "./person.mjs";
import { messagesOnDisk, whenOnDisk, withFixture } from "./fixture.mjs";

/** The number of chats that roughly fill the first screen. */
const SCREEN = 10;

/**
 * In the page of the new browser: records when the list has chats that show their newest message. Opens the first one when they
 * fill a screen, and records when its messages are there.
 */
function watchChats([screen, all]) {
  const marks = {};
  globalThis.linkMarks = marks;
  const look = () => {
    const chats = [...document.querySelectorAll("[role=list][aria-label=Chats] a")];
    const shown = chats.filter((chat) => chat.textContent.includes("and then we went")).length;
    const now = performance.timeOrigin + performance.now();
    if (chats.length > 0) marks.first ??= now;
    if (shown >= screen && marks.screen === undefined) {
      marks.screen = now;
      chats[0].click();
    }
    if (document.querySelector("[role=log][aria-label=Messages] [role=article]")) marks.opened ??= now;
    if (shown >= all) marks.all ??= now;
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
}

/** In the page of the account's browser: confirms, and returns the times of that and of the end of linking. */
function agree() {
  return new Promise((done) => {
    const consent = performance.timeOrigin + performance.now();
    new MutationObserver((_, observer) => {
      if (!document.body.textContent.includes("Both devices are in your account now.")) return;
      observer.disconnect();
      done({ consent, added: performance.timeOrigin + performance.now() });
    }).observe(document, { childList: true, subtree: true, characterData: true });
    [...document.querySelectorAll("button")].find((button) => button.textContent === "Link this device").click();
  });
}

/** The milliseconds after the person's confirmation, and the bytes on the wire. */
export async function linkTimes(relay, conversations, each, say = () => {}) {
  say(`linking: ${conversations} conversations of ${each} messages: making them`);
  const start = Date.now();
  const ada = await withFixture(relay, conversations, each);
  const count = await ada.page.evaluate(messagesOnDisk);
  say(`  made in ${Date.now() - start} ms; ${count} messages are on disk`);
  const fresh = await Person.arrive(relay);
  try {
    await useAnotherDevice(fresh);
    const { link } = await showCode(fresh);
    await openDevices(ada);
    await useCode(ada, link);
    await confirmDigits(ada, fresh);
    await ada.page.getByRole("checkbox", { name: "I have this device in front of me, and it is mine." }).check();
    await fresh.page.evaluate(watchChats, [Math.min(SCREEN, conversations), conversations]);
    const before = fresh.frames.length;
    const agreed = ada.page.evaluate(agree);
    await fresh.page.waitForFunction(() => globalThis.linkMarks.opened !== undefined, null, { timeout: 120_000 });
    const whole = await whenOnDisk(fresh, count, 600_000);
    const bytes = fresh.frames.slice(before).reduce((sum, frame) => sum + frame.length, 0);
    await fresh.page.waitForFunction(() => globalThis.linkMarks.all !== undefined, null, { timeout: 600_000 });
    const { consent, added } = await agreed;
    const marks = await fresh.page.evaluate(() => globalThis.linkMarks);
    const after = (time) => time - consent;
    return {
      messages: count,
      bytes,
      first: after(marks.first),
      screen: after(marks.screen),
      opened: after(marks.opened),
      added: after(added),
      all: after(marks.all),
      whole: after(whole),
    };
  } finally {
    await fresh.close();
    await ada.close();
  }
}
