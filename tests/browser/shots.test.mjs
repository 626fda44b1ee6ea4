// Takes screenshots of every screen at each size, light, dark and in forced colours, into a folder for people to look at, and
// checks each with axe-core.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { faults, outline } from "./lib/axe.mjs";
import { fillUp, makeRoom, workerOf } from "./lib/freeze.mjs";
import { approve, confirmDigits, hasChats, isLinked, openDevices, openSettings, showCode, useAnotherDevice, useCode } from "./lib/link.mjs";
import { button, field, lockedHeading, setLock, unlock } from "./lib/lock.mjs";
import { Person } from "./lib/person.mjs";
import { showPhrase, typeBack } from "./lib/phrase.mjs";
import { Relay } from "./lib/relay.mjs";

const folder = process.env.PARLEY_SHOTS ?? "shots";
const sizes = {
  wide: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
  large: { width: 1920, height: 1080 },
};
const schemes = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "dark", forcedColors: "active" },
};
/** The narrowest phone, and a small laptop's page at 200 %. */
const narrow = [{ width: 320, height: 568 }, { width: 640, height: 400 }];

/** The findings on the screens. The test reports them at the end, so that it sees all screens. */
const wrong = [];

const others = [];
let relay;
let ada;
let bob;

before(async () => {
  await mkdir(folder, { recursive: true });
  relay = await Relay.start();
  ada = await Person.arrive(relay);
  bob = await Person.arrive(relay);
});

after(async () => {
  const ends = await Promise.allSettled([...others, ada, bob].map((person) => person?.close()));
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

/**
 * Captures the screen in each size and scheme. Counts as findings: elements that stick out sideways, axe-core's findings, and
 * anything but one main part and one first heading.
 */
async function shoot(person, name) {
  const { page } = person;
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    for (const [scheme, media] of Object.entries(schemes)) {
      await page.emulateMedia({ ...media, reducedMotion: "reduce" });
      await page.waitForTimeout(60);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.screenshot({ path: join(folder, `${name}-${scheme}-${size}.png`) });
      if (size === "large" || (size === "phone" && scheme === "dark")) continue;
      for (const fault of await faults(page)) wrong.push(`${name} ${size} ${scheme}: ${fault}`);
    }
    wrong.push(...(await sticksOut(page, `${name} ${size}`)));
  }
  for (const viewport of narrow) {
    await page.setViewportSize(viewport);
    wrong.push(...(await sticksOut(page, `${name} ${viewport.width} px`)));
  }
  await page.setViewportSize(sizes.wide);
  await page.emulateMedia({ ...schemes.light, reducedMotion: "reduce" });
  const { main, h1 } = await outline(page);
  if (main !== 1 || h1 !== 1) wrong.push(`${name} has ${main} main parts and ${h1} first headings`);
}

async function sticksOut(page, name) {
  const more = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  return more > 0 ? [`${name} is ${more} px too wide`] : [];
}

test("welcome", async () => {
  await shoot(ada, "welcome");
  await ada.page.getByRole("textbox", { name: "Your name" }).fill("Ada Lovelace");
  await ada.page.getByRole("textbox", { name: "Username" }).fill("1");
  await ada.page.waitForTimeout(600);
  await shoot(ada, "welcome-error");
});

test("coming back by a phrase", async () => {
  await ada.button("I already have an account").click();
  await ada.button("Use another device").waitFor();
  await shoot(ada, "have-account");
  await ada.button("Use a recovery phrase").click();
  await ada.page.getByRole("textbox", { name: "Recovery phrase" }).fill("abandon abandon");
  await ada.button("Bring my account back").click();
  await ada.page.getByText("A recovery phrase has 24 words.").waitFor();
  await shoot(ada, "recover-error");
  await ada.button("Create a new account instead").click();
});

test("no chats yet", async () => {
  await ada.createAccount("Ada Lovelace", "ada");
  await bob.createAccount("Bob Martin", "bob");
  await shoot(ada, "empty");
});

test("invited", async () => {
  const link = await ada.page.getByText(/#i\/ada\//).first().textContent();
  const guest = await Person.prepare(relay);
  try {
    await guest.page.goto(link.trim());
    await guest.page.getByText("@ada invited you to chat").waitFor();
    await shoot(guest, "invited");
  } finally {
    await guest.close();
  }
});

test("new chat", async () => {
  await ada.button("New chat").first().click();
  await ada.page.getByRole("dialog", { name: "New chat" }).waitFor();
  await shoot(ada, "new-chat");
  await ada.page.getByRole("textbox", { name: "Username or invite link" }).fill("bob");
  await ada.button("Start chat").waitFor();
  await shoot(ada, "new-chat-found");
  await ada.page.keyboard.press("Escape");
});

test("conversation", async () => {
  await ada.startChat("bob");
  await ada.send("Are you coming to the lecture tonight?");
  await bob.openChat("Ada");
  await bob.sees("lecture tonight");
  await bob.send("Yes! I would not miss it. Is it still at eight?");
  await bob.send("And shall I bring the notes from last week? They are rather long, but I think that the part about the analytical engine is worth reading again before we start.");
  await ada.sees("notes from last week");
  await ada.send("Eight, in the big hall. Please do 🙏");
  await ada.send("שלום — left to right and right to left");
  await bob.sees("left to right");
  await bob.send("See you there");
  await ada.sees("See you there");
  await ada.send("👋");
  await ada.seesState("read");
  await shoot(ada, "conversation");
});

test("a deleted message, and a draft", async () => {
  await ada.composer().fill("But before that");
  await ada.page.getByRole("link", { name: /Draft: But before that/ }).waitFor();
  const message = ada.messages().filter({ hasText: "See you there" });
  await message.hover();
  await shoot(ada, "message-button");
  await message.hover();
  await message.getByRole("button", { name: "Delete for me" }).click();
  await ada.button("Undo").waitFor();
  await shoot(ada, "message-deleted");
  await ada.button("Undo").click();
  await ada.composer().fill("");
  await ada.page.getByRole("link", { name: /Draft/ }).waitFor({ state: "detached" });
});

test("chat list on a phone", async () => {
  await ada.page.setViewportSize(sizes.phone);
  await ada.button("Back").click();
  await shoot(ada, "chats");
});

test("contact details", async () => {
  await ada.openChat("Bob");
  await ada.button("Contact details").click();
  await ada.page.getByText(/^\d{5}$/).first().waitFor();
  await shoot(ada, "contact");
  await ada.button("Delete chat…").click();
  await ada.button("Delete this chat").scrollIntoViewIfNeeded();
  await shoot(ada, "delete-chat");
  await ada.page.keyboard.press("Escape");
});

test("settings", async () => {
  await ada.button("Settings").click();
  await shoot(ada, "settings");
  for (const section of ["profile", "devices", "recovery", "lock", "privacy", "appearance", "storage", "about"]) {
    await openSettings(ada, section);
    await shoot(ada, `settings-${section}`);
  }
  const words = await showPhrase(ada);
  await ada.page.getByRole("list", { name: "Recovery phrase" }).scrollIntoViewIfNeeded();
  await shoot(ada, "phrase");
  await ada.button("I have written it down").click();
  await shoot(ada, "phrase-check");
  await typeBack(ada, words);
  await ada.page.getByText(/^Last backup: /).scrollIntoViewIfNeeded();
  await shoot(ada, "backup");
  const file = await saveFile(ada);
  await ada.button("Restore from a backup file").click();
  await ada.button("Restore").scrollIntoViewIfNeeded();
  await shoot(ada, "file-saved");
  await ada.page.goto(`${relay.url}/#/`);
  await restored(file, words);
});

async function saveFile(person) {
  await person.button("Save a backup file").click();
  const link = person.page.getByRole("link", { name: "Download backup file" });
  const [download] = await Promise.all([person.page.waitForEvent("download"), link.click()]);
  return download.path();
}

/** In another account. */
async function restored(file, words) {
  const carol = await Person.arrive(relay);
  try {
    await carol.createAccount("Carol Shaw", "carol");
    await openSettings(carol, "recovery");
    await carol.button("Restore from a backup file").click();
    await carol.page.getByLabel("Backup file", { exact: true }).setInputFiles(file);
    await carol.page.getByRole("textbox", { name: "Recovery phrase for this file" }).fill(words.join(" "));
    await carol.button("Restore").click();
    await carol.page.getByText(/^From the file of/).scrollIntoViewIfNeeded();
    await shoot(carol, "file-restored");
    await carol.page.goto(`${relay.url}/#/`);
    await carol.page.getByRole("link", { name: /^Bob/ }).click();
    await carol.sees("See you there");
    await shoot(carol, "restored-chat");
    await carol.page.setViewportSize(sizes.phone);
    await carol.button("Back").click();
    await shoot(carol, "restored-chats");
  } finally {
    await carol.close();
  }
}

test("what stops the app", async () => {
  const { page } = bob;
  await page.evaluate(() => new BroadcastChannel("parley-pulse").postMessage(new Uint8Array([0, 255])));
  await page.getByRole("heading", { name: "Parley was updated" }).waitFor();
  await shoot(bob, "newer-version");
  const vault = await page.evaluate(() => localStorage.getItem("parley.vault"));
  await page.evaluate(() => localStorage.removeItem("parley.vault"));
  await page.reload();
  await page.getByRole("alert").filter({ hasText: "Part of this site's data was cleared" }).waitFor();
  await shoot(bob, "key-missing");
  await page.evaluate((vault) => localStorage.setItem("parley.vault", vault), vault);
  await page.reload();
  await bob.button("New chat").first().waitFor();
});

test("no room", async () => {
  const worker = await workerOf(ada.page);
  await fillUp(worker);
  await ada.openChat("Bob");
  await ada.send("Written on a full disk");
  await ada.page.getByRole("status", { name: "Connection" }).filter({ hasText: "no room" }).waitFor();
  await shoot(ada, "no-room");
  await makeRoom(worker);
  await ada.sees("Written on a full disk");
});

test("linking", async () => {
  const second = await Person.arrive(relay);
  others.push(second);
  await useAnotherDevice(second);
  await shoot(second, "link-new");
  const { link } = await showCode(second);
  await shoot(second, "link-code");
  await openDevices(bob);
  await shoot(bob, "link-existing");
  await useCode(bob, link);
  await bob.page.getByRole("img", { name: /^Check code/ }).waitFor();
  await shoot(bob, "link-digits");
  await shoot(second, "link-ask-digits");
  await confirmDigits(bob, second);
  await bob.page.getByRole("checkbox").waitFor();
  await shoot(bob, "link-approve");
  await approve(bob);
  await isLinked(bob);
  await hasChats(second);
  await second.page.goto(`${relay.url}/#/settings/devices`);
  await second.page.getByRole("list", { name: "Your devices" }).waitFor();
  await second.page.getByRole("button", { name: /^Remove / }).click();
  await shoot(second, "devices");
  await second.button("Remove this device").click();
  await bob.page.getByRole("heading", { name: "This browser was removed" }).waitFor();
  await shoot(bob, "removed");
});

test("offline", async () => {
  await relay.kill();
  await ada.openChat("Bob");
  await ada.send("Written on a train");
  await ada.seesState("waiting");
  await shoot(ada, "offline");
});

test("the lock", async () => {
  await relay.run();
  const eve = await Person.arrive(relay);
  const into = (name) => eve.page.getByRole("heading", { name: "App lock" }).evaluate((it) => it.scrollIntoView()).then(() => shoot(eve, name));
  try {
    await eve.createAccount("Eve Moneypenny", "eve");
    await openSettings(eve, "lock");
    await button(eve.page, "Set up a lock").click();
    await field(eve.page, "New passphrase").fill("four words are better");
    await into("lock-set");
    await eve.page.goto(`${relay.url}/#/`);
    await setLock(eve.page, "four words are better");
    await into("lock-settings");
    await button(eve.page, "Change passphrase").click();
    await into("lock-change");
    await button(eve.page, "Lock now").click();
    await lockedHeading(eve.page).waitFor();
    await shoot(eve, "locked");
    for (let guess = 0; guess < 3; guess += 1) {
      await unlock(eve.page, `wrong number ${guess}`);
      await eve.page.getByText(/not the passphrase/).waitFor();
    }
    await button(eve.page, "Forgot passphrase?").click();
    await shoot(eve, "locked-forgotten");
  } finally {
    await eve.close();
  }
});

test("nothing is wrong with any of these screens", () => assert.deepEqual([...new Set(wrong)], []));
