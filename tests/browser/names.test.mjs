// People's names: a new name, lookalike names, invisible names, and avatars.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSettings } from "./lib/link.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";

let ada;
let bob;
let relay;

const others = twoPeople(async (pair) => {
  ({ ada, bob, relay } = pair);
  await answer(pair);
});

const row = (name) => ada.page.getByRole("link", { name });

async function rename(person, name) {
  await openSettings(person);
  await person.page.getByRole("textbox", { name: "Your name" }).fill(name);
  await person.button("Save name").click();
}

test("who takes another name is told of in the chat", async () => {
  await ada.openChat("Bob");
  await rename(bob, "Robert");
  await bob.openChat("Ada");
  await bob.send("with a new name");
  await ada.sees("with a new name");
  await ada.sees("is now called");
  const line = ada.messages().filter({ hasText: "is now called" });
  assert.match((await line.innerText()).replaceAll(/[\u2068\u2069]/g, ""), /Bob is now called Robert\./);
  await row(/^Robert, .*with a new name/).waitFor();
  await ada.page.reload();
  await ada.sees("is now called");
});

test("two whose names look alike are told apart by their usernames", async () => {
  assert.equal(await row(/@bob/).count(), 0);
  const eve = await arrive(relay, others);
  // The second letter is Cyrillic.
  await eve.createAccount("R\u043ebert", "eve");
  await eve.startChat("ada");
  await eve.send("I am somebody else");
  for (const username of ["bob", "eve"]) await row(new RegExp(`^R.bert, @${username},`)).waitFor();
  await row(/@eve/).click();
  await ada.page.getByRole("region", { name: "R\u043ebert", exact: true }).getByText("@eve", { exact: true }).waitFor();
  await ada.button("Contact details").click();
  await ada.page.getByRole("dialog").getByText("@eve", { exact: true }).waitFor();
  await ada.page.keyboard.press("Escape");
  await rename(eve, "Eve");
  await eve.page.getByRole("link", { name: /^ada/i }).click();
  await eve.send("and say so");
  await row(/^Eve, .*and say so/).waitFor();
  await row(/@bob/).waitFor({ state: "detached" });
});

test("a name of which nothing can be seen is refused", async () => {
  const blank = await arrive(relay, others);
  for (const name of ["\u3164\u3164", "\u2800", "\u200b\u00ad"]) {
    await blank.page.getByRole("textbox", { name: "Your name" }).fill(name);
    await blank.page.getByRole("textbox", { name: "Username" }).fill("blank");
    await blank.page.getByText("This username is free.").waitFor();
    await blank.button("Create account").click();
    await blank.page.waitForFunction(() => document.querySelector("#name").getAttribute("aria-invalid") === "true");
    await blank.page.getByRole("textbox", { name: "Your name" }).fill("x");
    await blank.page.waitForFunction(() => document.querySelector("#name").getAttribute("aria-invalid") !== "true");
  }
});

test("an avatar shows whole characters, and keeps its colour under another name", async () => {
  const me = ada.page.getByRole("complementary", { name: "Chats and account" }).locator(".avatar").first();
  const before = await me.getAttribute("class");
  const family = "\u{1f469}\u200d\u{1f469}\u200d\u{1f467}";
  await rename(ada, family);
  await ada.page.waitForFunction((family) => document.querySelector(".me .avatar").textContent === family, family);
  assert.equal(await me.getAttribute("class"), before);
});
