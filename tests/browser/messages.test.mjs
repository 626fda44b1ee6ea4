// The actions on messages: replies, edits, reactions, deleting for everyone, forwarding, the menu.
import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "./lib/axe.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";

let ada;
let bob;

twoPeople(async (pair) => {
  ({ ada, bob } = pair);
  await answer(pair);
});

const article = (person, text) => person.messages().filter({ hasText: text }).last();
const menu = (person) => person.page.getByRole("menu", { name: "Message menu" });
const item = (person, name) => menu(person).getByRole("menuitem", { name, exact: true });

async function open(person, text) {
  if (person === bob) {
    await article(person, text).locator(".said, .instead").first().click({ button: "right" });
  } else {
    await article(person, text).hover();
    await article(person, text).getByRole("button", { name: "Message menu" }).click();
  }
  await menu(person).waitFor();
}

async function choose(person, text, name) {
  await open(person, text);
  await item(person, name).click();
}

test("an answer quotes the message, and a click on the quote leads to it", async () => {
  await choose(bob, "Hello Bob", "Reply");
  await bob.page.getByRole("group", { name: "Reply to Ada" }).waitFor();
  // The answered message is far up then, and the page loads it when the person follows the quote.
  for (let number = 0; number < 70; number += 1) await ada.send(`Line ${number}`);
  await bob.sees("Line 69");
  await bob.send("Nice to hear from you");
  const quote = article(ada, "Nice to hear").getByRole("button", { name: "In reply to You: Hello Bob" });
  await quote.waitFor();
  await ada.page.reload();
  await ada.sees("Nice to hear from you");
  await quote.click();
  await ada.page.waitForFunction(() => document.activeElement.innerText.includes("Hello Bob"));
  await ada.button("Jump to newest").click();
  await ada.sees("Line 69");
});

test("an own message is edited, and what it said before can be read", async () => {
  await ada.send("Helo again");
  await bob.sees("Helo again");
  await choose(ada, "Helo again", "Edit");
  const field = ada.page.getByRole("textbox", { name: "Edit message" });
  assert.equal(await field.inputValue(), "Helo again");
  await field.fill("Hello again");
  await field.press("Enter");
  for (const person of [ada, bob]) {
    await person.page.getByRole("article", { name: /edited/ }).filter({ hasText: "Hello again" }).waitFor();
  }
  await choose(bob, "Hello again", "Details");
  const details = bob.page.getByRole("dialog", { name: "Message details" });
  await details.getByRole("list", { name: "Earlier versions" }).getByText("Helo again").waitFor();
  await bob.page.keyboard.press("Escape");
  await open(bob, "Hello again");
  assert.equal(await item(bob, "Edit").count(), 0, "only own ones");
  await bob.page.keyboard.press("Escape");
});

test("a reaction is chosen, seen by both, and taken back", async () => {
  await open(bob, "Hello again");
  await menu(bob).getByRole("menuitemcheckbox", { name: "React with thumbs up" }).click();
  const sign = (person, name) => article(person, "Hello again").getByRole("button", { name, exact: true });
  await sign(bob, "👍 1, with you").waitFor();
  await sign(ada, "👍 1").click();
  await sign(bob, "👍 2, with you").waitFor();
  await choose(ada, "Hello again", "Details");
  const who = ada.page.getByRole("dialog", { name: "Message details" }).getByRole("list", { name: "Reactions" });
  await who.getByText("Bob").waitFor();
  await ada.page.keyboard.press("Escape");
  await sign(bob, "👍 2, with you").click();
  await sign(ada, "👍 1, with you").waitFor();
  await open(bob, "Hello again");
  await menu(bob).getByRole("menuitem", { name: "More reactions" }).click();
  await bob.page.getByRole("searchbox", { name: "Search emoji" }).fill("party popper");
  await bob.button("party popper tada").click();
  await sign(ada, "🎉 1").waitFor();
});

test("p5: a message is deleted for everyone after a question, and a trace stays", async () => {
  await bob.send("Not for you");
  await ada.sees("Not for you");
  await choose(bob, "Not for you", "Delete for everyone…");
  await bob.page.getByRole("alert").filter({ hasText: "may have read or copied it" }).waitFor();
  await bob.button("Delete for everyone").click();
  for (const person of [ada, bob]) {
    await person.sees("This message was deleted");
    await article(person, "Not for you").waitFor({ state: "detached" });
  }
  await open(ada, "Hello again");
  await ada.page.keyboard.press("Escape");
});

test("the menu is used with the keyboard alone", async () => {
  await ada.send("By keyboard");
  await ada.composer().focus();
  const onMenu = () =>
    ada.page.evaluate(() => document.activeElement.getAttribute("aria-label") === "Message menu");
  for (let step = 0; step < 8 && !(await onMenu()); step += 1) await ada.page.keyboard.press("Shift+Tab");
  await ada.page.keyboard.press("Enter");
  await menu(ada).waitFor();
  const focused = () => ada.page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText);
  assert.equal(await focused(), "React with thumbs up");
  await ada.page.keyboard.press("End");
  assert.equal(await focused(), "Delete for everyone…");
  await ada.page.keyboard.press("ArrowUp");
  assert.equal(await focused(), "Delete for me");
  await ada.page.keyboard.press("Escape");
  await menu(ada).waitFor({ state: "detached" });
  await ada.page.waitForFunction(() => document.activeElement.closest("[role=article]") !== null);
  await ada.page.keyboard.press("?");
  const keys = ada.page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await keys.getByText("New chat").waitFor();
  await ada.page.keyboard.press("Escape");
});

test("several messages are selected, forwarded and deleted", async () => {
  await bob.send("First of two");
  await bob.send("Second of two");
  await ada.sees("Second of two");
  await choose(ada, "First of two", "Select");
  await article(ada, "Second of two").getByRole("checkbox", { name: "Select" }).check();
  const bar = ada.page.getByRole("group", { name: "Selected messages" });
  await bar.getByText("2 messages selected").waitFor();
  await bar.getByRole("button", { name: "Forward…" }).click();
  const dialog = ada.page.getByRole("dialog", { name: "Forward to" });
  await dialog.getByRole("list", { name: "Chats to forward to" }).getByText("Bob").click();
  await dialog.getByRole("button", { name: "Forward", exact: true }).click();
  await bob.page.getByRole("article", { name: /^Ada/ }).filter({ hasText: "Forwarded" }).filter({ hasText: "Second of two" }).waitFor();
  await choose(ada, "Forwarded", "Select");
  await ada.button("Cancel").click();
  assert.equal(await bar.count(), 0);
});

test("every screen of it is accessible", async () => {
  // An element that fades in has no contrast yet.
  await ada.page.emulateMedia({ reducedMotion: "reduce" });
  await open(ada, "Hello again");
  assert.deepEqual(await faults(ada.page), []);
  await menu(ada).getByRole("menuitem", { name: "More reactions" }).click();
  await ada.page.getByRole("searchbox", { name: "Search emoji" }).waitFor();
  assert.deepEqual(await faults(ada.page), []);
  await ada.page.keyboard.press("Escape");
  await choose(ada, "Hello again", "Forward…");
  await ada.page.getByRole("dialog", { name: "Forward to" }).waitFor();
  assert.deepEqual(await faults(ada.page), []);
  await ada.page.keyboard.press("Escape");
});

test("a chat is pinned, muted, archived and marked as unread by its menu", async () => {
  const chat = (rest) => ada.page.getByRole("link", { name: new RegExp(`^Bob, ${rest}`) });
  const choose = async (...names) => {
    await chat("").click({ button: "right" });
    const menu = ada.page.getByRole("menu", { name: "Chat menu" });
    for (const name of names) await menu.getByRole("menuitem", { name, exact: true }).click();
    await menu.waitFor({ state: "detached" });
  };
  await ada.page.goto(ada.relay.url);
  await choose("Pin");
  await chat("pinned").waitFor();
  await choose("Mute…", "Always");
  await chat("pinned, muted").waitFor();
  await choose("Mark as unread");
  await chat("pinned, muted, marked as unread").waitFor();
  await choose("Archive");
  await ada.button("Archived, 1").click();
  await ada.page.getByRole("list", { name: "Archived chats" }).getByRole("link", { name: /^Bob/ }).waitFor();
  await choose("Unarchive");
  await choose("Unmute");
  await choose("Unpin");
  await chat("marked as unread").waitFor();
  await ada.openChat("Bob");
  await chat("marked as unread").waitFor({ state: "detached" });
});

test("an emoji is found by its name and stands where the caret is", async () => {
  await ada.composer().fill("so  it is");
  await ada.composer().press("Home");
  for (let step = 0; step < 3; step += 1) await ada.composer().press("ArrowRight");
  await ada.button("Emoji").click();
  const dialog = ada.page.getByRole("dialog", { name: "Emoji" });
  await dialog.getByRole("searchbox", { name: "Search emoji" }).fill("red heart");
  await dialog.getByRole("button", { name: "red heart", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await ada.composer().inputValue(), "so ❤️ it is");
  await ada.composer().press("Enter");
  await bob.sees("so ❤️ it is");
});

test("a text with markup shows it, and no HTML", async () => {
  const [open, shut] = ["<b>", "</b>"];
  await ada.send(`**bold** *italic* ~~no~~ \`code\` ${open}plain${shut}`);
  const said = article(bob, "bold");
  await said.getByRole("strong").getByText("bold", { exact: true }).waitFor();
  await said.getByRole("emphasis").waitFor();
  await said.getByRole("deletion").waitFor();
  await said.getByRole("code").waitFor();
  assert.match(await said.innerText(), /<b>plain<\/b>/);
});
