// How long it takes to link a browser to an account that has many conversations.
import { confirmDigits, openDevices, showCode, useAnotherDevice, useCode } from "./link.mjs";
import { Person } from "./person.mjs";
import { messagesOnDisk, whenOnDisk, withFixture } from "./fixture.mjs";

/** Chats that fill the first screen, about. */
const SCREEN = 10;

/**
 * In the page of the new browser: notes when chats are in the list that show their newest message. Opens the first one when
 * there is a screen of them, and notes when its messages are there.
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

/** In the page of the account's browser: agrees, and says when that was, and when it was told that all is done. */
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

/** Milliseconds after the person's consent, and what came over the wire. */
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
