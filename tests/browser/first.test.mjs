// The first minute, navigation back, and the settings as a person finds them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openSettings } from "./lib/link.mjs";
import { Person } from "./lib/person.mjs";
import { showPhrase, typeBack } from "./lib/phrase.mjs";
import { Relay } from "./lib/relay.mjs";

let relay;
let ada;
const others = [];

before(async () => {
  relay = await Relay.start();
  ada = await Person.arrive(relay);
  await ada.createAccount("Ada", "ada");
});

after(async () => {
  const ends = await Promise.allSettled([...others, ada].map((person) => person?.close()));
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

/** Ada's invite link. */
async function inviteLink() {
  await openSettings(ada, "profile");
  const link = await ada.page.getByText(/#i\/ada\//).first().textContent();
  await ada.page.goto(`${relay.url}/#/`);
  return link.trim();
}

async function prepare(options) {
  const person = await Person.prepare(relay, options);
  others.push(person);
  return person;
}

const notices = (person) => person.page.locator(".banner-shown").count();

test("from an invite link to the first message: who invites, an account, and the chat is open", async () => {
  const bob = await prepare();
  await bob.page.goto(await inviteLink());
  await bob.page.getByText("@ada invited you to chat").waitFor();
  await bob.page.waitForFunction(() => document.activeElement.id === "name");
  const screen = await bob.page.getByRole("main").innerText();
  assert.doesNotMatch(screen, /relay|keys|sealed/i);
  await bob.page.keyboard.type("Bob");
  await bob.page.getByRole("textbox", { name: "Username" }).fill("bob");
  await bob.button("Create account").click();
  await bob.composer().waitFor();
  assert.equal(await bob.page.getByRole("dialog").count(), 0);
  await bob.page.getByRole("region", { name: "ada", exact: true }).waitFor();
  await bob.page.waitForFunction(() => document.activeElement.id === "message");
  await bob.page.keyboard.type("Hello Ada");
  await bob.page.keyboard.press("Enter");
  await ada.openChat("Bob");
  await ada.sees("Hello Ada");
});

test("an invite that is opened while there is no connection is looked up once there is one", async () => {
  const [bob] = others;
  await bob.leave();
  const carol = await prepare();
  await carol.page.goto(relay.url);
  await carol.createAccount("Carol", "carol");
  const link = await inviteLink();
  // At a cold start the app looks the link up while the connection still opens.
  await carol.page.goto("about:blank");
  await carol.page.goto(link);
  await carol.page.getByRole("dialog", { name: "New chat" }).getByRole("button", { name: "Start chat" }).waitFor();
  await carol.page.keyboard.press("Escape");
  await relay.kill();
  await carol.page.getByRole("status", { name: "Connection" }).filter({ hasText: "Offline" }).waitFor();
  await carol.button("New chat").first().click();
  const dialog = carol.page.getByRole("dialog", { name: "New chat" });
  await dialog.getByRole("textbox", { name: "Username or invite link" }).fill(link);
  await dialog.getByText("Waiting for a connection…").waitFor();
  await relay.run();
  await dialog.getByRole("button", { name: "Start chat" }).waitFor({ timeout: 60_000 });
  await dialog.getByRole("button", { name: "Close" }).click();
});

test("an account that is asked for without a connection is made once there is one", async () => {
  const dan = await prepare();
  await dan.page.goto(relay.url);
  await dan.button("Create account").waitFor();
  await relay.kill();
  await dan.page.getByRole("status", { name: "Connection" }).filter({ hasText: "Offline" }).waitFor();
  await dan.page.getByRole("textbox", { name: "Your name" }).fill("Dan");
  await dan.page.getByRole("textbox", { name: "Username" }).fill("dan");
  await dan.button("Create account").click();
  await dan.page.getByText("Waiting for a connection…").first().waitFor();
  await relay.run();
  await dan.button("New chat").first().waitFor({ timeout: 60_000 });
});

test("the phrase is out of sight while its words are asked for, and there is a way back to it", async () => {
  const words = await showPhrase(ada);
  await ada.button("I have written it down").click();
  const list = ada.page.getByRole("list", { name: "Recovery phrase" });
  await ada.page.getByRole("textbox", { name: "Three words" }).waitFor();
  assert.equal(await list.count(), 0);
  const text = await ada.page.getByRole("region", { name: "Settings" }).innerText();
  assert.equal(words.filter((word) => text.split(/\W+/).includes(word)).length < 3, true, "no words to copy");
  await ada.button("Show phrase again").click();
  await list.waitFor();
  await ada.button("Cancel").click();
});

test("one thing at a time stands above a screen, and the reminder rests after Later", async () => {
  await ada.page.goto(`${relay.url}/#/`);
  const reminder = ada.page.getByRole("status").filter({ hasText: "Your recovery phrase isn't written down yet." });
  await reminder.waitFor();
  await relay.kill();
  await ada.page.getByRole("status", { name: "Connection" }).filter({ hasText: "Offline" }).waitFor();
  await reminder.waitFor({ state: "detached" });
  assert.equal(await notices(ada), 1);
  await relay.run();
  await reminder.waitFor({ timeout: 60_000 });
  assert.equal(await notices(ada), 1);
  await ada.button("Later").click();
  await reminder.waitFor({ state: "detached" });
  await ada.page.reload();
  await ada.button("New chat").first().waitFor();
  await ada.page.waitForTimeout(500);
  assert.equal(await reminder.count(), 0);
  // A week later the reminder is due again.
  await ada.page.addInitScript(() => {
    const now = Date.now.bind(Date);
    Date.now = () => now() + 8 * 24 * 3_600_000;
  });
  await ada.page.reload();
  await reminder.waitFor();
});

test("the settings show one section at a time, which Back and a reload respect", async () => {
  const bob = others[1];
  await bob.page.goto(`${relay.url}/#/`);
  await bob.button("Settings").click();
  const settings = bob.page.getByRole("region", { name: "Settings" });
  for (const name of ["Devices", "Recovery", "App lock", "Privacy", "Notifications", "Appearance", "Storage", "About", "Profile"]) {
    await settings.getByRole("link", { name, exact: true }).click();
    await settings.getByRole("heading", { name, exact: true }).waitFor();
    assert.equal(await settings.getByRole("heading", { level: 2 }).count(), 1, name);
    assert.equal(await settings.getByRole("img", { name: "Invite QR code" }).count(), 0, "nothing open that was not asked for");
    assert.equal(await settings.locator("input[type=password]").count(), 0, "nor a passphrase field");
  }
  await bob.page.goBack();
  await settings.getByRole("heading", { name: "About" }).waitFor();
  await bob.page.reload();
  await settings.getByRole("heading", { name: "About" }).waitFor();
  assert.equal(new URL(bob.page.url()).hash, "#/settings/about");
  await bob.page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await settings.getByRole("link", { name: "Devices" }).count(), 0, "on a phone the section stands alone");
  await bob.button("Back").click();
  await settings.getByRole("link", { name: "Devices", exact: true }).waitFor();
  assert.equal(await settings.getByRole("heading", { level: 2 }).count(), 0);
  await bob.button("Back").click();
  await bob.button("Settings").waitFor();
  await bob.page.setViewportSize({ width: 1280, height: 800 });
});

test("a backup file is one click", async () => {
  await typeBack(ada, await showPhrase(ada));
  await ada.page.getByText(/^Last backup: /).waitFor();
  const [download] = await Promise.all([ada.page.waitForEvent("download"), ada.button("Save a backup file").click()]);
  assert.match(download.suggestedFilename(), /^parley-ada-.*\.parley$/);
  await ada.page.getByText(/^Backup verified: 1 message, 1 chat\.$/).waitFor();
  await ada.page.getByRole("link", { name: "Download backup file" }).waitFor();
});

test("a username that is taken costs neither what was typed nor the invite", async () => {
  const bert = await prepare();
  await bert.page.goto(await inviteLink());
  const username = bert.page.getByRole("textbox", { name: "Username" });
  await bert.page.getByRole("textbox", { name: "Your name" }).fill("Bert");
  await username.fill("ada");
  await username.press("Enter");
  await bert.page.getByText("That username is taken or too similar to another.").waitFor();
  await bert.button("Create account").waitFor();
  await bert.page.waitForTimeout(500);
  assert.equal(await bert.page.getByRole("textbox", { name: "Your name" }).inputValue(), "Bert");
  assert.equal(await username.inputValue(), "ada");
  await bert.page.getByText("@ada invited you to chat").waitFor();
  await username.fill("bert");
  await bert.page.getByText("This username is free.").waitFor();
  await bert.button("Create account").click();
  await bert.composer().waitFor();
  await bert.page.getByRole("region", { name: /^(ada|Ada)$/ }).waitFor();
});
