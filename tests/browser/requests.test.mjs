// Message requests, blocking, and invite links, which need no request.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { faults, outline } from "./lib/axe.mjs";
import { approve, confirmDigits, hasChats, isLinked, openDevices, openSettings, showCode, useAnotherDevice, useCode } from "./lib/link.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

const folder = process.env.PARLEY_SHOTS ?? "shots";
const sizes = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const schemes = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "dark", forcedColors: "active" },
};

const others = [];
const wrong = [];
let relay;
let bob;

before(async () => {
  await mkdir(folder, { recursive: true });
  relay = await Relay.start();
  bob = await arrive("Bob", "bob");
});

after(async () => {
  const ends = await Promise.allSettled(others.map((person) => person?.close()));
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

async function arrive(name, username) {
  const person = await Person.arrive(relay);
  others.push(person);
  if (name) await person.createAccount(name, username);
  return person;
}

/** A person finds Bob by his username, and writes. */
async function asks(name, username, text) {
  const person = await arrive(name, username);
  await person.startChatBy("bob");
  await person.send(text);
  await person.seesState("sent");
  return person;
}

const requests = (person, count) => person.page.getByRole("link", { name: `Message requests, ${count}`, exact: true });
const listed = (person, name) =>
  person.page.getByRole("list", { name: "Chats", exact: true }).getByRole("link", { name: new RegExp(`^${name}`) });

async function openRequest(person, name, count) {
  await requests(person, count).click();
  const list = person.page.getByRole("list", { name: "Message requests" });
  await list.getByRole("link", { name: new RegExp(`^${name}`) }).click();
  await person.button("Accept").waitFor();
}

async function shoot({ page }, name) {
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    for (const [scheme, media] of Object.entries(schemes)) {
      await page.emulateMedia({ ...media, reducedMotion: "reduce" });
      await page.waitForTimeout(60);
      await page.screenshot({ path: join(folder, `${name}-${size}-${scheme}.png`) });
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (sideways > 0) wrong.push(`${name} ${size}: ${sideways} px stick out`);
      wrong.push(...(await faults(page)).map((fault) => `${name} ${size} ${scheme}: ${fault}`));
    }
    const { main, h1 } = await outline(page);
    if (main !== 1 || h1 !== 1) wrong.push(`${name} ${size}: ${main} main parts, ${h1} first headings`);
  }
  await page.setViewportSize(sizes.wide);
  await page.emulateMedia({ colorScheme: null, forcedColors: null, reducedMotion: null });
}

test("p10: a request shows what was written and tells nobody, until it is accepted", async () => {
  const eve = await asks("Eve", "eve", "Look at https://example.com/");
  await requests(bob, 1).waitFor();
  assert.equal(await listed(bob, "Eve").count(), 0, "not among the chats");
  assert.equal(await bob.page.title(), "Parley", "requests do not count");
  await bob.page.getByText("New message request from Eve", { exact: true }).waitFor({ state: "attached" });
  await requests(bob, 1).focus();
  await bob.page.keyboard.press("Enter");
  await bob.page.getByRole("heading", { name: "Message requests", level: 1 }).waitFor();
  await shoot(bob, "requests-list");
  await openRequest(bob, "Eve", 1);
  await bob.page.getByRole("heading", { name: "Eve", level: 1 }).waitFor();
  await bob.page.getByText("@eve", { exact: true }).waitFor();
  await bob.sees("https://example.com/");
  assert.equal(await bob.page.getByRole("log").getByRole("link").count(), 0, "no link can be clicked");
  await bob.page.getByText("Eve doesn't see that you've read this until you accept.").waitFor();
  assert.equal(await bob.composer().count(), 0);
  await shoot(bob, "requests-open");
  await bob.page.waitForTimeout(1_500);
  await eve.seesState("sent");
  await bob.button("Accept").click();
  await bob.composer().waitFor();
  await bob.page.waitForFunction(() => document.activeElement?.id === "message");
  await eve.seesState("read");
  assert.equal(await bob.page.getByRole("log").getByRole("link").count(), 1);
  await bob.send("Hello Eve");
  await eve.sees("Hello Eve");
  await listed(bob, "Eve").waitFor();
  assert.equal(await bob.page.getByRole("link", { name: /^Message requests/ }).count(), 0);
});

test("p10: a deleted request is gone, and the next text is one again", async () => {
  const dan = await asks("Dan", "dan", "first");
  await openRequest(bob, "Dan", 1);
  await bob.button("Delete").click();
  await bob.page.getByRole("link", { name: /^Message requests/ }).waitFor({ state: "detached" });
  await dan.send("second");
  await openRequest(bob, "Dan", 1);
  await bob.sees("second");
  assert.equal(await bob.messages().filter({ hasText: "first" }).count(), 0);
  await dan.seesState("sent");
  await bob.button("Delete").click();
  await bob.page.getByRole("link", { name: /^Message requests/ }).waitFor({ state: "detached" });
});

test("p10: whoever is blocked is not heard, on another device neither, and is heard again when unblocked", async () => {
  const mal = await asks("Mal", "mal", "hey");
  const second = await arrive();
  await useAnotherDevice(second);
  const { link } = await showCode(second);
  await openDevices(bob);
  await useCode(bob, link);
  await confirmDigits(bob, second);
  await approve(bob);
  await isLinked(bob, second);
  await hasChats(second);
  await requests(second, 1).waitFor();
  await bob.page.goto(`${relay.url}/#/`);
  await openRequest(bob, "Mal", 1);
  await bob.button("Block").click();
  await bob.page.getByText("Block Mal?").waitFor();
  await shoot(bob, "requests-block");
  await bob.button("Cancel").click();
  await bob.button("Accept").waitFor();
  await bob.button("Block").click();
  await bob.button("Block").click();
  await bob.page.getByRole("link", { name: /^Message requests/ }).waitFor({ state: "detached" });
  await second.page.getByRole("link", { name: /^Message requests/ }).waitFor({ state: "detached" });
  await mal.send("are you there?");
  await mal.seesState("sent");
  await openSettings(second, "privacy");
  const blocked = second.page.getByRole("list", { name: "Blocked people" });
  await blocked.getByText("@mal").waitFor();
  await shoot(second, "requests-blocked");
  await second.button("Unblock Mal").click();
  await second.page.getByText("You haven't blocked anyone.").waitFor();
  await second.page.getByText("Mal is unblocked.").waitFor();
  await shoot(second, "requests-nobody-blocked");
  await mal.seesState("sent");
  await mal.send("and now?");
  await bob.openChat("Mal");
  await bob.sees("and now?");
  assert.equal(await bob.messages().filter({ hasText: "are you there?" }).count(), 0, "what came meanwhile stays away");
  await mal.seesState("read");
});

test("p10: a contact is blocked in the details, and the chat says so", async () => {
  const kim = await arrive("Kim", "kim");
  await kim.startChat("bob");
  await kim.send("you gave me your link");
  await kim.seesState("delivered");
  assert.equal(await bob.page.getByRole("link", { name: /^Message requests/ }).count(), 0, "who comes by the link asks for nothing");
  await bob.openChat("Kim");
  await bob.sees("you gave me your link");
  await kim.seesState("read");
  await bob.button("Contact details").click();
  const dialog = bob.page.getByRole("dialog", { name: /Contact details/ });
  await dialog.getByRole("button", { name: "Block", exact: true }).click();
  await dialog.getByText("Block Kim?").waitFor();
  await dialog.getByRole("button", { name: "Block", exact: true }).click();
  await dialog.getByRole("button", { name: "Unblock", exact: true }).waitFor();
  await dialog.getByRole("button", { name: "Close", exact: true }).click();
  await bob.page.getByText(/^You blocked Kim\./).waitFor();
  assert.equal(await bob.composer().count(), 0);
  await shoot(bob, "requests-blocked-chat");
  await kim.send("hello?");
  await kim.seesState("sent");
  await bob.page.waitForTimeout(1_000);
  await kim.seesState("sent");
  await bob.button("Unblock").click();
  await bob.composer().waitFor();
});

test("p10: a new link takes the place of the old one, which then only asks", async () => {
  await openSettings(bob, "profile");
  const link = bob.page.getByRole("region", { name: "Settings" }).locator(".invite-link");
  const old = await link.innerText();
  await bob.button("Make a new link").click();
  await bob.page.getByRole("alert").filter({ hasText: "old link" }).waitFor();
  await shoot(bob, "requests-new-link");
  await bob.button("Replace link").click();
  await bob.page.getByText("That's your new link.").waitFor();
  await bob.page.waitForFunction(
    ([selector, old]) => document.querySelector(selector)?.innerText !== old,
    [".settings .invite-link", old],
  );
  const late = await arrive("Late", "late");
  await late.startChatBy(old);
  await late.send("is this still you?");
  await late.seesState("sent");
  await bob.page.goto(`${relay.url}/#/`);
  await requests(bob, 1).waitFor();
  const guest = await arrive("Guest", "guest");
  await openSettings(bob, "profile");
  await guest.startChatBy(await link.innerText());
  await guest.send("by the new one");
  await guest.seesState("delivered");
});

test("nothing sticks out, and axe-core finds nothing wrong", () => {
  assert.deepEqual(wrong, []);
});
