// The app lock: passphrase, passkey, locking by hand and auto-lock, wrong guesses, erasing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { button, field, lockedHeading as heading, openSettings, setLock, unlock } from "./lib/lock.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

const PASSPHRASE = "correct horse battery";
const OTHER = "staple in the haystack";

let relay;
before(async () => {
  relay = await Relay.start();
});
after(() => relay?.close());

const names = new Set();
/** A person with an account and a lock, for one test. */
async function withLock(act, username) {
  const guest = await Person.arrive(relay);
  assert.ok(!names.has(username));
  names.add(username);
  try {
    await guest.createAccount("Guest", username);
    await setLock(guest.page, PASSPHRASE);
    await act(guest);
  } finally {
    await guest.close();
  }
}

/** Waits until the settings of this page show this time of the auto-lock. */
async function closes(page, when) {
  const choice = page.getByRole("combobox", { name: "Auto-lock" });
  if ((await choice.count()) === 0) await openSettings(page);
  await choice.getByRole("option", { name: when, exact: true, selected: true }).waitFor({ state: "attached" });
}

const isOpen = (page) => button(page, "Settings").waitFor();

/** All data that the site has stored, as text and as the browser's own key unwraps the master slot. */
async function stored(page) {
  return page.evaluate(async () => {
    const open = await new Promise((resolve, reject) => {
      const opening = indexedDB.open("parley");
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const all = (store) =>
      new Promise((resolve, reject) => {
        const asking = open.transaction(store).objectStore(store).getAll();
        asking.onsuccess = () => resolve(asking.result);
        asking.onerror = () => reject(asking.error);
      });
    const keys = await all("keys");
    const slot = Uint8Array.from(atob(localStorage.getItem("parley.master")), (letter) => letter.charCodeAt(0));
    const label = slot[0] === 1 ? "parley master v1" : "parley lock v1";
    const additionalData = new TextEncoder().encode(label);
    const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv: slot.slice(1, 13), additionalData }, keys[0], slot.slice(13));
    const stores = [...open.objectStoreNames];
    const records = (await Promise.all(stores.map(all))).flat();
    open.close();
    return {
      names: Object.keys(localStorage).sort(),
      stores: stores.sort(),
      keys: keys.length,
      extractable: keys[0].extractable,
      version: slot[0],
      opened: [...new Uint8Array(opened)],
      values: records.filter((value) => value instanceof Uint8Array).map((value) => [...value]),
    };
  });
}

const contains = (bytes, part) => Buffer.from(bytes).includes(Buffer.from(part));

test("p1: a locked browser opens only with its passphrase, also after it was closed", () =>
  withLock(async (guest) => {
    await guest.leave();
    await guest.comeBack();
    await heading(guest.page).waitFor();
    assert.equal(await button(guest.page, "Settings").count(), 0);
    await unlock(guest.page, "wrong horse battery");
    await guest.page.getByText("That's not the passphrase.").waitFor();
    await unlock(guest.page, PASSPHRASE);
    await isOpen(guest.page);
    assert.equal(await guest.page.evaluate(() => localStorage.getItem("parley.guesses")), null);
  }, "lockone"));

test("p1: no copy of the master key that opens without the passphrase is left in storage", async () => {
  const guest = await Person.arrive(relay);
  try {
    await guest.createAccount("Guest", "locktwo");
    const before = await stored(guest.page);
    assert.deepEqual([before.version, before.opened.length], [1, 32]);
    const master = before.opened;
    await setLock(guest.page, PASSPHRASE);
    await button(guest.page, "Lock now").click();
    await heading(guest.page).waitFor();

    const locked = await stored(guest.page);
    assert.equal(locked.version, 2);
    assert.equal(locked.extractable, false);
    assert.equal(locked.keys, 1);
    assert.deepEqual(locked.names, ["parley.master", "parley.vault"]);
    // The lock's version, 15 minutes, a salt, 64 MiB and 3 passes, nonce, 48 bytes; no passkey (docs/storage-format.md).
    assert.deepEqual(locked.opened.slice(0, 3), [1, 1, 15]);
    assert.deepEqual(locked.opened.slice(19, 23), [0x80, 0x80, 0x04, 3]);
    assert.equal(locked.opened.length, 3 + 16 + 4 + 24 + 1 + 48 + 1);
    for (const value of [locked.opened, ...locked.values]) assert.ok(!contains(value, master));
    const dump = await guest.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    assert.ok(!dump.includes(PASSPHRASE) && !dump.includes(Buffer.from(master).toString("base64").slice(0, 40)));

    await unlock(guest.page, PASSPHRASE);
    await isOpen(guest.page);
    await openSettings(guest.page);
    await button(guest.page, "Turn off lock").click();
    await field(guest.page, "Passphrase").fill("wrong horse battery");
    await button(guest.page, "Turn off lock").click();
    await guest.page.getByText("That's not the passphrase.").waitFor();
    await field(guest.page, "Passphrase").fill(PASSPHRASE);
    await button(guest.page, "Turn off lock").click();
    await button(guest.page, "Set up a lock").waitFor();
    // The master key is the same as before: nothing had to be sealed again.
    const off = await stored(guest.page);
    assert.deepEqual([off.version, off.opened], [1, master]);
    await guest.page.reload();
    await isOpen(guest.page);
  } finally {
    await guest.close();
  }
});

test("a lock is set up with its warning first, and locks by itself from the beginning", async () => {
  const guest = await Person.arrive(relay);
  const { page } = guest;
  const focused = (id) => page.waitForFunction((id) => document.activeElement.id === id, id);
  try {
    await guest.createAccount("Guest", "lockform");
    await openSettings(page);
    await button(page, "Set up a lock").click();
    await focused("new-passphrase");
    const text = await page.getByRole("region", { name: "Settings" }).innerText();
    assert.ok(text.indexOf("forgotten passphrase") < text.indexOf("New passphrase"), "the warning comes first");
    const [set, cancel] = await Promise.all(["Set lock", "Cancel"].map((name) => button(page, name).boundingBox()));
    assert.deepEqual([cancel.y, cancel.width, cancel.height], [set.y, set.width, set.height]);
    assert.ok(set.x < cancel.x);
    await button(page, "Cancel").click();
    await focused("section");
    await button(page, "Set up a lock").click();
    // Before that, a typed text goes nowhere.
    await focused("new-passphrase");
    await page.keyboard.type(PASSPHRASE);
    await field(page, "Confirm passphrase").fill(PASSPHRASE);
    await page.keyboard.press("Enter");
    await closes(page, "After 15 minutes");
    await focused("section");
  } finally {
    await guest.close();
  }
});

test("p8: locking in one tab locks all, and unlocking in any opens all", () =>
  withLock(async (guest) => {
    const second = await guest.context.newPage();
    guest.watch(second);
    await second.goto(relay.url);
    // The first tab's worker owns the device: the second tab is a view of it.
    await isOpen(second);
    await button(second, "Lock").click();
    await heading(second).waitFor();
    await heading(guest.page).waitFor();
    assert.equal(await guest.page.getByText("@lockthree").count(), 0);
    await unlock(second, PASSPHRASE);
    await isOpen(second);
    await isOpen(guest.page);
    await button(guest.page, "Lock").click();
    await heading(second).waitFor();
    await unlock(guest.page, PASSPHRASE);
    await isOpen(second);
    // A setting made in a tab without the device is known in the other tab.
    await openSettings(second);
    await second.getByRole("combobox", { name: "Auto-lock" }).selectOption("After 5 minutes");
    await second.getByText("Saved.").waitFor();
    await closes(guest.page, "After 5 minutes");
    await second.reload();
    await isOpen(second);
    await openSettings(second);
    await closes(second, "After 5 minutes");
  }, "lockthree"));

test("p1: a change of the passphrase, from a tab that does not have the device", () =>
  withLock(async (guest) => {
    const second = await guest.context.newPage();
    guest.watch(second);
    await second.goto(relay.url);
    await isOpen(second);
    await openSettings(second);
    await button(second, "Change passphrase").click();
    await field(second, "Passphrase").fill(PASSPHRASE);
    await field(second, "New passphrase").fill("short");
    await field(second, "Confirm passphrase").fill("short");
    await button(second, "Change passphrase").click();
    await second.getByText("Use at least 8 characters.").waitFor();
    await field(second, "New passphrase").fill(OTHER);
    await field(second, "Confirm passphrase").fill(`${OTHER}.`);
    await button(second, "Change passphrase").click();
    await second.getByText("The passphrases don't match.").waitFor();
    await field(second, "Confirm passphrase").fill(OTHER);
    await button(second, "Change passphrase").click();
    await button(second, "Turn off lock").waitFor();
    await second.close();
    await button(guest.page, "Lock").click();
    await unlock(guest.page, PASSPHRASE);
    await guest.page.getByText("That's not the passphrase.").waitFor();
    await unlock(guest.page, OTHER);
    await isOpen(guest.page);
  }, "lockfour"));

test("p1: wrong guesses are slowed, also after the page was loaded again", () =>
  withLock(async (guest) => {
    await guest.page.reload();
    for (let guess = 0; guess < 3; guess += 1) {
      await unlock(guest.page, `wrong number ${guess}`);
      if (guess < 2) await guest.page.getByText("That's not the passphrase.").waitFor();
    }
    await guest.page.getByText(/^That's not the passphrase\. You can try again in /).waitFor();
    await guest.page.reload();
    await guest.page.getByText(/^That's not the passphrase\. You can try again in /).waitFor();
    // The button says so, and does nothing.
    await field(guest.page, "Passphrase").fill(PASSPHRASE);
    assert.equal(await button(guest.page, "Unlock").getAttribute("aria-disabled"), "true");
    await guest.page.getByText("You can try again now.").waitFor();
    await unlock(guest.page, "wrong number 4");
    await guest.page.getByText(/You can try again in 0?0?:?0?[34]/).waitFor();
    await guest.page.getByText("You can try again now.").waitFor();
    await unlock(guest.page, PASSPHRASE);
    await isOpen(guest.page);
  }, "lockfive"));

/** Advances the worker's clock and the page's by this many minutes at once, as during a computer's sleep. */
async function sleep(guest, minutes) {
  const skip = (by) => {
    const now = Date.now.bind(Date);
    Date.now = () => now() + by;
  };
  for (const worker of guest.page.workers()) await worker.evaluate(skip, minutes * 60_000);
}

test("p1: it closes by itself when nobody was there, by the clock on the wall", () =>
  withLock(async (guest) => {
    await guest.page.getByRole("combobox", { name: "Auto-lock" }).selectOption("After 5 minutes");
    await guest.page.getByText("Saved.").waitFor();
    await sleep(guest, 4);
    await guest.page.waitForTimeout(2_500);
    assert.equal(await heading(guest.page).count(), 0, "four minutes are not five");
    // The person moves the pointer: the five minutes begin again.
    await guest.page.mouse.move(100, 100);
    await guest.page.mouse.move(200, 200);
    await guest.page.waitForTimeout(300);
    await sleep(guest, 4);
    await guest.page.waitForTimeout(2_500);
    assert.equal(await heading(guest.page).count(), 0, "somebody was there");
    await sleep(guest, 2);
    await heading(guest.page).waitFor();
    await unlock(guest.page, PASSPHRASE);
    await isOpen(guest.page);
  }, "locksix"));

test("what was written just before it was locked is not lost", () =>
  withLock(async (guest) => {
    const bob = await Person.arrive(relay);
    try {
      await bob.createAccount("Bob", "lockbob");
      await guest.startChat("lockbob");
      await guest.send("said in the last moment");
      await button(guest.page, "Lock").click();
      await heading(guest.page).waitFor();
      assert.equal(await guest.page.getByText("said in the last moment").count(), 0);
      await unlock(guest.page, PASSPHRASE);
      await guest.sees("said in the last moment");
      await bob.openChat("Guest");
      await bob.sees("said in the last moment");
    } finally {
      await bob.close();
    }
  }, "lockseven"));

/** An authenticator in the browser, with or without PRF. */
async function authenticator(guest, hasPrf) {
  const session = await guest.context.newCDPSession(guest.page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      hasPrf,
    },
  });
  return { session, authenticatorId };
}

async function addPasskey(page) {
  await button(page, "Add a passkey").click();
  await field(page, "Passphrase").fill(PASSPHRASE);
  await button(page, "Add passkey").click();
}

test("p1: a passkey opens it, and only while it is the lock's", () =>
  withLock(async (guest) => {
    const { session, authenticatorId } = await authenticator(guest, true);
    await addPasskey(guest.page);
    await button(guest.page, "Remove passkey").waitFor();
    await button(guest.page, "Lock now").click();
    await button(guest.page, "Use passkey").click();
    await isOpen(guest.page);
    // The person aborts the authenticator's prompt.
    await button(guest.page, "Lock").click();
    await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    await button(guest.page, "Use passkey").click();
    await guest.page.getByText("No passkey was given").waitFor();
    await unlock(guest.page, PASSPHRASE);
    await isOpen(guest.page);
    await openSettings(guest.page);
    await button(guest.page, "Remove passkey").click();
    await button(guest.page, "Add a passkey").waitFor();
    await button(guest.page, "Lock now").click();
    await heading(guest.page).waitFor();
    assert.equal(await button(guest.page, "Use passkey").count(), 0);
  }, "lockeight"));

test("p9: a passkey without PRF is refused in a sentence, and the lock is as before", () =>
  withLock(async (guest) => {
    await authenticator(guest, false);
    await addPasskey(guest.page);
    await guest.page.getByText("This passkey can't open a lock in this browser.").waitFor();
    await button(guest.page, "Cancel").click();
    await button(guest.page, "Lock now").click();
    await heading(guest.page).waitFor();
    assert.equal(await button(guest.page, "Use passkey").count(), 0);
    await unlock(guest.page, PASSPHRASE);
    await isOpen(guest.page);
  }, "locknine"));

test("p9: a forgotten passphrase: the browser is erased and is as new", () =>
  withLock(async (guest) => {
    await button(guest.page, "Lock now").click();
    await button(guest.page, "Forgot passphrase?").click();
    await guest.page.getByRole("alert").filter({ hasText: "recovery phrase" }).waitFor();
    await button(guest.page, "Cancel").click();
    await button(guest.page, "Forgot passphrase?").click();
    assert.equal(await button(guest.page, "Erase this browser").getAttribute("aria-disabled"), "true", "it is typed, not only clicked");
    await field(guest.page, "Type “erase” to confirm").fill("erase");
    await button(guest.page, "Erase this browser").click();
    await guest.page.getByRole("heading", { name: "Welcome to Parley" }).waitFor();
    await button(guest.page, "I already have an account").waitFor();
    const names = await guest.page.evaluate(() => Object.keys(localStorage).sort());
    assert.ok(!names.includes("parley.vault") && !names.includes("parley.guesses"), names.join());
    await guest.createAccount("Guest again", "lockten2");
  }, "lockten"));
