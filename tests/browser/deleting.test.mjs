// Deleting for oneself and drafts, on two browsers of one account.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasChats, isLinked, linkByCode, openSettings } from "./lib/link.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";

let ada;
let bob;
let second;

const others = twoPeople(async (pair) => {
  ({ ada, bob } = pair);
  await answer(pair);
  second = await arrive(pair.relay, others);
  await linkByCode(ada, second);
  await hasChats(second);
  await isLinked(ada);
  await ada.openChat("Bob");
  await second.openChat("Bob");
  await second.sees("Hello Ada");
});

const article = (person, text) => person.messages().filter({ hasText: text });
const gone = (person, text) => article(person, text).first().waitFor({ state: "detached" });
const chat = (person, rest) => person.page.getByRole("link", { name: new RegExp(`^Bob.*${rest}`) });
const toast = (person) => person.page.getByRole("status", { name: "Deleted" });

async function remove(person, text) {
  await article(person, text).hover();
  await article(person, text).getByRole("button", { name: "Delete for me" }).click();
}

test("p5: a deleted message can be taken back, and goes on all devices of the account only", async () => {
  await bob.send("Never mind");
  await ada.sees("Never mind");
  await second.sees("Never mind");
  await remove(ada, "Never mind");
  await gone(ada, "Never mind");
  await ada.button("Undo").click();
  await ada.sees("Never mind");
  await remove(ada, "Never mind");
  await gone(ada, "Never mind");
  await gone(second, "Never mind");
  await ada.button("Undo").waitFor({ state: "detached" });
  await chat(ada, "Hello Ada").waitFor();
  await chat(second, "Hello Ada").waitFor();
  await bob.sees("Never mind");
  await ada.page.reload();
  await ada.sees("Hello Ada");
  assert.equal(await article(ada, "Never mind").count(), 0);
});

test("a message is deleted with the keyboard alone, and at once when the page is left", async () => {
  await ada.send("By keyboard");
  await bob.sees("By keyboard");
  await second.sees("By keyboard");
  await ada.composer().focus();
  await ada.page.keyboard.press("Shift+Tab");
  const focused = () => ada.page.evaluate(() => document.activeElement.closest("[role=article]")?.innerText ?? "");
  assert.match(await focused(), /By keyboard/);
  await ada.page.keyboard.press("ArrowUp");
  assert.match(await focused(), /Hello Ada/);
  await ada.page.keyboard.press("ArrowDown");
  await ada.page.keyboard.press("Enter");
  await gone(ada, "By keyboard");
  await ada.page.waitForFunction(() => document.activeElement.textContent === "Undo");
  await openSettings(ada, "privacy");
  await gone(second, "By keyboard");
  await ada.openChat("Bob");
  await ada.sees("Hello Ada");
});

test("on a phone a message shows what can be done with it when it is tapped, and nothing moves", async () => {
  const phone = await arrive(ada.relay, others, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await phone.createAccount("Carol", "carol");
  await phone.startChat("bob");
  for (const text of ["One", "Two"]) {
    await phone.composer().fill(text);
    await phone.button("Send").tap();
  }
  await phone.seesState("delivered");
  const [one, two] = ["One", "Two"].map((text) => article(phone, text));
  const bin = two.getByRole("button", { name: "Delete for me" });
  const shows = (seen) => bin.evaluate((it, seen) => getComputedStyle(it).opacity === seen, seen);
  assert.ok(await shows("0"), "not there all the time");
  const place = await bin.boundingBox();
  const before = await two.boundingBox();
  await phone.page.touchscreen.tap(place.x + place.width / 2, place.y + place.height / 2);
  assert.equal(await toast(phone).innerText(), "", "what is not seen is not hit");
  await two.tap();
  assert.ok(await shows("1"));
  assert.deepEqual(await two.boundingBox(), before);
  await one.tap();
  assert.ok(await shows("0"), "only of the one that was tapped");
  await two.tap();
  await bin.tap();
  await phone.button("Undo").waitFor();
});

test("a draft survives a reload, is in the list, and stays on its device", async () => {
  await ada.composer().fill("Half a sentence");
  await chat(ada, "Draft: Half a sentence").waitFor();
  await ada.page.reload();
  await ada.page.waitForFunction(() => document.querySelector("textarea")?.value === "Half a sentence");
  await second.send("Something else");
  await ada.sees("Something else");
  assert.equal(await second.composer().inputValue(), "");
});

test("drafts follow when the setting is on, and go when the message is sent", async () => {
  await openSettings(ada, "privacy");
  const name = "Sync drafts";
  const toggle = ada.page.getByRole("switch", { name });
  assert.equal(await toggle.getAttribute("aria-checked"), "false");
  await toggle.click();
  const holds = (text) => second.page.waitForFunction((text) => document.querySelector("textarea").value === text, text);
  await holds("Half a sentence");
  await ada.openChat("Bob");
  await ada.composer().pressSequentially(", and the rest");
  await holds("Half a sentence, and the rest");
  await ada.composer().press("Enter");
  await bob.sees("Half a sentence, and the rest");
  await holds("");
  await chat(second, "You: Half a sentence, and the rest").waitFor();
});

test("p5: a deleted chat goes on all devices of the account, and a new message brings it back empty", async () => {
  await ada.button("Contact details").click();
  const dialog = ada.page.getByRole("dialog", { name: "Contact details" });
  await dialog.getByRole("button", { name: "Delete chat…" }).click();
  await dialog.getByText("Bob keeps theirs.").waitFor();
  await dialog.getByRole("button", { name: "Delete this chat" }).click();
  for (const person of [ada, second]) await person.page.getByRole("heading", { name: "No chats yet" }).waitFor();
  await bob.sees("Hello Bob");
  await bob.send("Back again");
  for (const person of [ada, second]) {
    await person.openChat("Bob");
    await person.sees("Back again");
    assert.equal(await person.messages().count(), 1);
  }
  assert.equal(await toast(ada).innerText(), "");
});
