// Measures a backup, restoring an account from it, and opening the lock.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSettings } from "./link.mjs";
import { button, lockedHeading, setLock } from "./lock.mjs";
import { Person } from "./person.mjs";
import { comeBackBy, showPhrase } from "./phrase.mjs";
import { messagesOnDisk, whenOnDisk, withFixture } from "./fixture.mjs";

const UNLOCKS = 9;
const PASSPHRASE = "four words are better";

/** In a page: records when chats are in the list. */
function watchChats() {
  new MutationObserver((_, observer) => {
    if (!document.querySelector("[role=list][aria-label=Chats] a")) return;
    observer.disconnect();
    globalThis.firstChat = performance.timeOrigin + performance.now();
  }).observe(document, { childList: true, subtree: true });
}

/** In the page: types three words back, and waits until a backup is written, fetched back and opened. */
function backUp(asked) {
  return new Promise((done) => {
    const start = performance.now();
    new MutationObserver((_, observer) => {
      if (!document.body.textContent.includes("Last backup: ")) return;
      observer.disconnect();
      done(performance.now() - start);
    }).observe(document, { childList: true, subtree: true, characterData: true });
    const field = document.querySelector("#phrase-words");
    field.value = asked;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    [...document.querySelectorAll("button")].find((button) => button.textContent === "Confirm phrase").click();
  });
}

/** In the page: clicks, and waits for the text that appears when the work is done. Returns milliseconds. */
function until([name, said]) {
  return new Promise((done) => {
    const start = performance.now();
    new MutationObserver((_, observer) => {
      if (!document.body.textContent.includes(said)) return;
      observer.disconnect();
      done(performance.now() - start);
    }).observe(document, { childList: true, subtree: true, characterData: true });
    [...document.querySelectorAll("button")].find((button) => button.textContent === name).click();
  });
}

/** Saves a file and reads it back; a new account restores it. */
async function fileTimes(relay, ada, words) {
  const other = await Person.arrive(relay);
  const folder = await mkdtemp(join(tmpdir(), "parley-bench-"));
  try {
    const save = await ada.page.evaluate(until, ["Save a backup file", "Backup verified"]);
    const [download] = await Promise.all([
      ada.page.waitForEvent("download"),
      ada.page.getByRole("link", { name: "Download backup file" }).click(),
    ]);
    const path = join(folder, "backup.parley");
    await download.saveAs(path);
    await other.createAccount("Other", `other${Date.now() % 100_000}`);
    await openSettings(other, "recovery");
    await other.button("Restore from a backup file").click();
    await other.page.getByLabel("Backup file", { exact: true }).setInputFiles(path);
    await other.page.getByRole("textbox", { name: "Recovery phrase for this file" }).fill(words.join(" "));
    const fileRestore = await other.page.evaluate(until, ["Restore", "messages were added"]);
    return { save, fileRestore, fileBytes: (await stat(path)).size };
  } finally {
    await other.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const size = (frames) => frames.reduce((sum, frame) => sum + frame.length, 0);

/** Backs up an account with these numbers of conversations and messages. Another browser restores the account by its phrase. */
export async function backupTimes(relay, conversations, each, say = () => {}) {
  say(`backup: ${conversations} conversations of ${each} messages: making them`);
  const ada = await withFixture(relay, conversations, each);
  const fresh = await Person.arrive(relay);
  try {
    const messages = await ada.page.evaluate(messagesOnDisk);
    const words = await showPhrase(ada);
    await ada.button("I have written it down").click();
    const question = await ada.page.getByText(/^Type words \d+, \d+ and \d+/).innerText();
    const asked = question.match(/\d+/g).map((place) => words[Number(place) - 1]);
    const before = ada.frames.length;
    const backup = await ada.page.evaluate(backUp, asked.join(" "));
    const backupBytes = size(ada.frames.slice(before));
    const file = await fileTimes(relay, ada, words);

    await ada.leave();
    await fresh.page.evaluate(watchChats);
    const start = Date.now();
    await comeBackBy(fresh, words);
    const whole = (await whenOnDisk(fresh, messages, 600_000)) - start;
    const restoreBytes = size(fresh.frames);
    const first = (await fresh.page.evaluate(() => globalThis.firstChat)) - start;
    return { messages, backup, backupBytes, first, whole, restoreBytes, ...file };
  } finally {
    await fresh.close();
    await ada.close();
  }
}

/** In the page: sends the passphrase, and waits for the list of chats. */
function open() {
  return new Promise((done) => {
    const start = performance.now();
    new MutationObserver((_, observer) => {
      if (!document.querySelector("[role=list][aria-label=Chats] a")) return;
      observer.disconnect();
      done(performance.now() - start);
    }).observe(document, { childList: true, subtree: true });
    [...document.querySelectorAll("button")].find((button) => button.textContent === "Unlock").click();
  });
}

/** Milliseconds from the button to the list of chats, for an account of 50 conversations. */
export async function unlockTimes(relay) {
  const ada = await withFixture(relay, 50, 50);
  try {
    const times = [];
    await setLock(ada.page, PASSPHRASE);
    await button(ada.page, "Lock now").click();
    for (let run = 0; run < UNLOCKS; run += 1) {
      await lockedHeading(ada.page).waitFor();
      await ada.page.getByRole("textbox", { name: "Passphrase" }).fill(PASSPHRASE);
      // The worker that replaces the ended one has loaded.
      await ada.page.waitForTimeout(1_000);
      times.push(await ada.page.evaluate(open));
      await ada.page.waitForTimeout(1_000);
      await button(ada.page, "Lock").click();
    }
    return times;
  } finally {
    await ada.close();
  }
}
