// The browser's Back, dialogs, links changed on their way, and what stays on the screen after its subject is gone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, arrive, eveWrites, twoPeople } from "./lib/pair.mjs";

let ada;
let bob;
let relay;
let invite;

const others = twoPeople(async (pair) => {
  ({ ada, bob, relay } = pair);
  await answer(pair);
  await eveWrites(pair, others);
  await bob.button("Settings").click();
  invite = new URL((await bob.page.getByText(/#i\/bob\//).first().textContent()).trim());
  await bob.page.goBack();
});

const details = (page) => page.getByRole("dialog", { name: /^Contact details/ });
const length = (page) => page.evaluate(() => history.length);
const chats = (page) => page.getByRole("list", { name: "Chats" }).getByRole("link");

test("Back closes the dialog that is on top, and the chat behind it stays", async () => {
  await ada.openChat("Eve");
  await ada.openChat("Bob");
  await ada.page.getByRole("heading", { name: "Bob" }).getByRole("button").click();
  await ada.page.getByRole("dialog", { name: "Contact details: Bob" }).waitFor();
  await ada.page.goBack();
  await details(ada.page).waitFor({ state: "detached" });
  await ada.page.getByRole("region", { name: "Bob", exact: true }).waitFor();
  await ada.page.goForward();
  await ada.page.getByRole("dialog", { name: "Contact details: Bob" }).waitFor();
  await ada.page.keyboard.press("Escape");
  await details(ada.page).waitFor({ state: "detached" });
  const focused = await ada.page.evaluate(() => document.activeElement.textContent + document.activeElement.ariaLabel);
  assert.doesNotMatch(focused, /Close/);
  // Escape went back, and Playwright counts from the browser's current entry.
  await ada.page.waitForFunction(() => !history.state.includes("contact"));
  await ada.page.goBack();
  await ada.page.getByRole("region", { name: "Eve", exact: true }).waitFor();
});

test("going into a chat, its details and back ten times leaves a short history", async () => {
  await ada.page.setViewportSize({ width: 390, height: 844 });
  await ada.page.goto(`${relay.url}/#/`);
  await chats(ada.page).first().waitFor();
  const before = await length(ada.page);
  for (let round = 0; round < 10; round += 1) {
    await ada.openChat("Bob");
    await ada.button("Contact details").click();
    await details(ada.page).getByRole("button", { name: "Close" }).click();
    await ada.button("Back").click();
    await ada.composer().waitFor({ state: "detached" });
  }
  assert.ok((await length(ada.page)) <= before + 2, `${before} entries became ${await length(ada.page)}`);
  await ada.page.setViewportSize({ width: 1280, height: 800 });
});

test("a chat takes the place of the dialog that opened it", async () => {
  await ada.page.goto(`${relay.url}/#/`);
  await ada.startChat("eve");
  await ada.page.goBack();
  await ada.composer().waitFor({ state: "detached" });
  assert.equal(await ada.page.getByRole("dialog").count(), 0);
});

test("on a phone, the question before a chat is deleted is on the screen and takes the focus", async () => {
  await ada.page.setViewportSize({ width: 390, height: 640 });
  await ada.page.goto(`${relay.url}/#/`);
  await ada.openChat("Bob");
  await ada.button("Contact details").click();
  await details(ada.page).getByRole("button", { name: "Delete chat…" }).click();
  const sure = details(ada.page).getByRole("button", { name: "Delete this chat" });
  await sure.waitFor();
  await ada.page.waitForFunction(() => document.activeElement.textContent === "Cancel");
  const box = await sure.boundingBox();
  assert.ok(box.y >= 0 && box.y + box.height <= 640, `it is at ${box.y}`);
  await ada.page.keyboard.press("Enter");
  await ada.page.waitForFunction(() => document.activeElement.textContent === "Delete chat…");
  await ada.page.keyboard.press("Escape");
  await ada.page.setViewportSize({ width: 1280, height: 800 });
});

/** The requests of a page to the server while `act` runs. */
async function requests(person, act) {
  const asked = [];
  const note = (request) => asked.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ""}`);
  person.context.on("request", note);
  await act();
  person.context.off("request", note);
  return asked;
}

test("an invite is understood however it arrives, and what names the account is not asked for by its address", async () => {
  const fragment = invite.hash.slice(1);
  const account = fragment.split("/").at(-1);
  const found = ada.page.getByRole("dialog", { name: "New chat" }).getByRole("button", { name: "Open chat" });
  const addresses = [
    `/#/${fragment}`,
    `/#%23${fragment}`,
    `/#${fragment}.`,
    `/#${fragment}%E2%80%8B`,
    `/#${fragment.toUpperCase()}`,
    `/#${fragment.replaceAll("/", "%2F")}),`,
  ];
  const asked = await requests(ada, async () => {
    for (const address of addresses) {
      const page = await ada.context.newPage();
      ada.watch(page);
      await page.goto(relay.url + address);
      await page.getByRole("dialog", { name: "New chat" }).getByRole("button", { name: "Open chat" }).waitFor();
      assert.equal(new URL(page.url()).hash, "#/", address);
      await page.close();
    }
    await ada.page.goto(`${relay.url}/#/`);
    await ada.button("New chat").first().click();
    const field = ada.page.getByRole("textbox", { name: "Username or invite link" });
    for (const text of [
      `Write to me: ${invite.href}, Bob`,
      `<${invite.href.toUpperCase()}>`,
      `\u200b${invite.href.replace("#", "%23")}.`,
      `${invite.origin}/#${fragment.slice(0, 30)}\u2060${fragment.slice(30)}!`,
    ]) {
      await field.fill("");
      await found.waitFor({ state: "detached" });
      await field.fill(text);
      await found.waitFor();
    }
  });
  assert.ok(asked.length > 0);
  assert.deepEqual(asked.filter((line) => line.toLowerCase().includes(account)), []);
});

test("a link whose # was written as %23 leads to the chat all the same", async () => {
  for (const end of ["", "."]) {
    const page = await ada.context.newPage();
    ada.watch(page);
    await page.goto(`${relay.url}/%23${invite.hash.slice(1)}${end}`);
    await page.getByRole("dialog", { name: "New chat" }).getByRole("button", { name: "Open chat" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/");
    await page.close();
  }
});

test("what is no link gets a sentence, and a link code is not looked for as a person", async () => {
  const page = await ada.context.newPage();
  ada.watch(page);
  await page.goto(`${relay.url}/#i/bob/broken.`);
  const dialog = page.getByRole("dialog", { name: "New chat" });
  await dialog.getByText("That's not a username or an invite link.").waitFor();
  const before = ada.frames.length;
  await dialog.getByRole("textbox").fill("ABCD-EFGH");
  await dialog.getByText("This code links a device.").waitFor();
  await page.waitForTimeout(500);
  assert.ok(!Buffer.concat(ada.frames.slice(before)).toString("latin1").toLowerCase().includes("abcd-efgh"));
  await page.goto(`${relay.url}/#LINK/broken`);
  const link = page.getByRole("dialog", { name: "Link a device" });
  await link.getByRole("button", { name: "Use this code" }).click();
  await link.getByText(/not a link code|isn't right/).waitFor();
  await page.close();
});

test("the details of a chat that another tab deletes close, and the chat does too", async () => {
  const other = await ada.context.newPage();
  ada.watch(other);
  await other.goto(`${relay.url}/#/`);
  await ada.page.goto(`${relay.url}/#/`);
  await ada.openChat("Bob");
  await ada.button("Contact details").click();
  await details(ada.page).getByRole("list", { name: "Devices" }).waitFor();
  await other.getByRole("link", { name: /^Bob/ }).click();
  await other.getByRole("button", { name: "Contact details" }).click();
  await details(other).getByRole("button", { name: "Delete chat…" }).click();
  await details(other).getByRole("button", { name: "Delete this chat" }).click();
  for (const page of [other, ada.page]) {
    await details(page).waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: "Message", exact: true }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: /^Bob/ }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: /^Eve/ }).waitFor();
  }
  await other.close();
});

test("who searches and deletes what was found can search for the others", async () => {
  await ada.startChat("bob");
  const names = ["José Núñez", "İpek Işık", "Ada Lovelace", "Søren", "Carol", "Dave", "Frank"];
  for (const [place, name] of names.entries()) {
    const person = await arrive(relay, []);
    await person.createAccount(name, `person${"abcdefg"[place]}`);
    await person.startChat("ada");
    await person.send("Hello");
    await person.seesState("delivered");
    await person.close();
  }
  const search = ada.page.getByRole("searchbox", { name: "Search chats" });
  const shown = () => chats(ada.page).evaluateAll((links) => links.map((link) => link.getAttribute("aria-label").split(",")[0]));
  for (const [words, name] of [
    ["jose", "José Núñez"],
    ["NUNEZ jo", "José Núñez"],
    ["ipek", "İpek Işık"],
    ["isik", "İpek Işık"],
    ["lovelace ada", "Ada Lovelace"],
    ["soren", "Søren"],
    ["@persone", "Carol"],
  ]) {
    await search.fill(words);
    await ada.page.waitForFunction(() => document.querySelectorAll("[role=list][aria-label=Chats] a").length === 1);
    assert.deepEqual(await shown(), [name], words);
  }
  await search.fill("carol");
  await ada.openChat("Carol");
  await ada.button("Contact details").click();
  await details(ada.page).getByRole("button", { name: "Delete chat…" }).click();
  await details(ada.page).getByRole("button", { name: "Delete this chat" }).click();
  await chats(ada.page).first().waitFor({ state: "detached" });
  assert.equal(await search.inputValue(), "carol");
  await search.press("Escape");
  await chats(ada.page).nth(7).waitFor();
  assert.equal(await search.inputValue(), "");
  assert.equal(await search.getAttribute("placeholder"), "Search chats");
  // The text begins one name, and stands within others.
  await search.fill("a");
  await ada.page.waitForFunction(() => document.querySelector("a.chat").getAttribute("aria-label").startsWith("Ada Lovelace"));
  const focused = () => ada.page.evaluate(() => document.activeElement.getAttribute("aria-label").split(",")[0]);
  const found = await shown();
  await search.press("ArrowDown");
  assert.equal(await focused(), found[0]);
  await ada.page.keyboard.press("ArrowDown");
  assert.equal(await focused(), found[1]);
  await ada.page.keyboard.press("ArrowUp");
  await ada.page.keyboard.press("ArrowUp");
  assert.equal(await focused(), "Search chats");
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("region", { name: "Ada Lovelace", exact: true }).waitFor();
  await search.fill("");
});
