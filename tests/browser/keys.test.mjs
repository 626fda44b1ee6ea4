// Keys that work on the whole page leave other keys to fields, choices, input methods and the browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSettings } from "./lib/link.mjs";
import { answer, arrive, eveWrites, twoPeople } from "./lib/pair.mjs";

let ada;
let bob;
let relay;

const others = twoPeople(async (pair) => {
  ({ ada, bob, relay } = pair);
  await answer(pair);
  await eveWrites(pair, others);
});

const dialog = () => ada.page.getByRole("dialog", { name: "New chat" });

/** Sends a key as another keyboard or an input method does. Returns whether the page took it. */
const press = (key) =>
  ada.page.evaluate((key) => {
    const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...key });
    return !document.activeElement.dispatchEvent(event);
  }, key);

/** Presses until the page takes the key: a dialog closed by Escape leaves the screen a moment before the page learns of that. */
const taken = async (key) => {
  for (let tries = 0; !(await press(key)); tries += 1) {
    assert.ok(tries < 100, `nobody takes ${JSON.stringify(key)}`);
    await ada.page.waitForTimeout(50);
  }
};

test("Escape in a field of the settings stays there, and elsewhere leads back", async () => {
  for (const [section, name] of [["profile", "Your name"], ["lock", "New passphrase"]]) {
    await openSettings(ada, section);
    if (section === "lock") await ada.button("Set up a lock").click();
    const field = ada.page.getByRole("textbox", { name, exact: true }).or(ada.page.getByLabel(name, { exact: true })).first();
    await field.focus();
    await ada.page.keyboard.press("Escape");
    await ada.page.waitForTimeout(100);
    assert.match(ada.page.url(), /settings/, name);
  }
  await openSettings(ada, "privacy");
  await ada.page.getByRole("switch").first().focus();
  await ada.page.keyboard.press("Escape");
  await ada.page.getByRole("heading", { name: "Settings" }).waitFor({ state: "detached" });
});

test("arrows with Alt step through chats, but not out of a choice", async () => {
  await openSettings(ada, "appearance");
  await ada.page.getByRole("radio", { name: "System" }).focus();
  await ada.page.keyboard.press("Alt+ArrowDown");
  await ada.page.waitForTimeout(100);
  assert.match(ada.page.url(), /settings/);
  await ada.openChat("Eve");
  await ada.composer().focus();
  await ada.page.keyboard.press("Alt+ArrowDown");
  await ada.page.getByRole("region", { name: "Bob", exact: true }).waitFor();
  await ada.page.keyboard.press("Alt+ArrowUp");
  await ada.page.getByRole("region", { name: "Eve", exact: true }).waitFor();
});

test("Ctrl and K opens a new chat on every keyboard, and leaves other keys to the browser", async () => {
  for (const key of [{ key: "k", code: "KeyK" }, { key: "\u043b", code: "KeyK" }, { key: "k", code: "KeyV" }]) {
    await taken({ ...key, ctrlKey: true });
    await dialog().waitFor();
    await ada.page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
  }
  for (const key of [
    { key: "K", code: "KeyK", ctrlKey: true, shiftKey: true },
    { key: "t", code: "KeyK", ctrlKey: true },
    { key: "k", code: "KeyK", ctrlKey: true, altKey: true },
    { key: "k", code: "KeyK", ctrlKey: true, keyCode: 229 },
    { key: "Escape", code: "Escape", isComposing: true },
    { key: "Escape", code: "Escape", keyCode: 229 },
  ]) {
    assert.ok(!(await press(key)), JSON.stringify(key));
  }
  assert.equal(await dialog().count(), 0);
  await ada.composer().waitFor();
});

test("pasted code arrives as it was, and what is blank is not sent", async () => {
  const code = "\n    if (x) {  \n\treturn;\n    }";
  await ada.openChat("Bob");
  await bob.openChat("Ada");
  await ada.composer().fill(`${code}\n\n`);
  await ada.composer().press("Enter");
  await bob.sees("return;");
  const said = bob.messages().filter({ hasText: "return;" }).getByRole("paragraph").first();
  assert.equal(await said.evaluate((element) => element.textContent), code);
  for (const blank of [" \n ", "\u3164", "\u2800\u200b"]) {
    await ada.composer().fill(blank);
    assert.equal(await ada.button("Send").getAttribute("aria-disabled"), "true", JSON.stringify(blank));
    await ada.composer().press("Enter");
    assert.equal(await ada.composer().inputValue(), blank);
  }
  await ada.composer().fill("");
});

test("a click on Send leaves the focus in the composer", async () => {
  await ada.composer().fill("by a click");
  await ada.composer().focus();
  await ada.page.evaluate(() => {
    globalThis.left = 0;
    document.activeElement.addEventListener("blur", () => (globalThis.left += 1));
  });
  await ada.button("Send").click();
  await bob.sees("by a click");
  assert.equal(await ada.page.evaluate(() => document.activeElement.ariaLabel), "Message");
  assert.equal(await ada.page.evaluate(() => globalThis.left), 0, "a phone's keyboard would have folded");
});

test("Enter does what its key on a phone's keyboard says", async () => {
  assert.equal(await ada.composer().getAttribute("enterkeyhint"), "send");
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const carol = await arrive(relay, others, phone);
  await carol.createAccount("Carol", "carol");
  await carol.startChat("bob");
  assert.equal(await carol.composer().getAttribute("enterkeyhint"), "enter");
  await carol.composer().fill("one");
  await carol.composer().press("Enter");
  await carol.page.keyboard.type("two");
  assert.equal(await carol.composer().inputValue(), "one\ntwo");
  await carol.composer().focus();
  await carol.button("Send").tap();
  await carol.seesState("delivered");
  assert.equal(await carol.page.evaluate(() => document.activeElement.ariaLabel), "Message", "the keyboard stays");
});
