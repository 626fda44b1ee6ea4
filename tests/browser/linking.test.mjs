// Linking a browser to an account: by a link and by a typed code, from either side; removed browsers; the notice of a new
// device.
import assert from "node:assert/strict";
import { test } from "node:test";
import { approve, confirmDigits, hasChats, isLinked, openDevices, openSettings, showCode, useAnotherDevice, useCode } from "./lib/link.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";

let relay;
let ada;
let bob;

process.env.PARLEY_RATE_SLOTS = "1000/1000";
process.env.PARLEY_RATE_SLOT_MISSES = "1000/1000";
const others = twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

async function newBrowser() {
  const browser = await arrive(relay, others);
  await useAnotherDevice(browser);
  return browser;
}

test("p6: a new browser shows a link, the account's browser opens it, and both chat", async () => {
  const second = await newBrowser();
  const { link } = await showCode(second);
  await openDevices(ada);
  await useCode(ada, link);
  await confirmDigits(ada, second);
  await approve(ada);
  await isLinked(ada);
  await hasChats(second);
  await bob.send("to both of Ada's");
  await bob.page.getByText("linked a new device.").first().waitFor();
  await second.openChat("Bob");
  await second.sees("to both of Ada's");
  await second.sees("Hello Bob");
  await second.sees("Hello Ada");
  await second.send("from the second");
  await bob.sees("from the second");
  await ada.openChat("Bob");
  await ada.sees("to both of Ada's");
  await ada.sees("from the second");
});

test("p6: the account's browser shows a code, the new one types it", async () => {
  await openDevices(ada);
  const { typed } = await showCode(ada);
  const third = await newBrowser();
  await useCode(third, typed.toLowerCase());
  await confirmDigits(third, ada);
  await ada.page.getByRole("combobox", { name: "History" }).selectOption("Nothing from before");
  await approve(ada);
  await isLinked(ada);
  await hasChats(third);
  await bob.send("to all three");
  await third.openChat("Bob");
  await third.sees("to all three");
  assert.equal((await third.texts()).filter((text) => text.includes("Hello Bob")).length, 0);
});

test("p4: every other device is told of a new one", async () => {
  const [second] = others;
  const notice = second.page.getByRole("alert").filter({ hasText: "A new device was linked to your account" });
  await notice.waitFor();
  await notice.getByRole("button", { name: "It was me" }).click();
  await notice.waitFor({ state: "detached" });
});

test("p4: wrong digits link nothing, on neither side", async () => {
  const wrong = await newBrowser();
  const { link } = await showCode(wrong);
  await openDevices(ada);
  await useCode(ada, link);
  const digits = await ada.page.getByRole("img", { name: /^Check code/ }).innerText();
  await wrong.page.getByRole("textbox", { name: "Two digits" }).fill(`${(Number(digits) + 1) % 100}`);
  await wrong.button("Confirm").click();
  await wrong.page.getByRole("alert").filter({ hasText: "The two digits don't match" }).waitFor();
  await ada.page.getByRole("alert").filter({ hasText: "The two digits didn't match, or the other device cancelled." }).waitFor();
  await ada.button("Try again").click();
});

test("each device is led to its part: the one with the account takes the code, the new one shows its own", async () => {
  const fresh = others.at(-1);
  await fresh.button("Try again").click();
  const names = (place) =>
    place.getByRole("button").evaluateAll((all) => all.map((it) => it.textContent).filter((it) => /code$|camera$/.test(it)));
  await ada.button("Use this code").waitFor();
  assert.equal((await names(ada.page.getByRole("dialog"))).at(-1), "Show a code");
  await fresh.button("Use this code").waitFor();
  assert.equal((await names(fresh.page.getByRole("main")))[0], "Show a code");
  await openDevices(ada);
  await ada.page.waitForFunction(() => document.activeElement.id === "link-code");
});

test("a link code that is opened where Parley is open already stands in the field", async () => {
  const fresh = others.at(-1);
  const { link } = await showCode(ada);
  await fresh.button("Create a new account instead").click();
  await fresh.page.goto(link);
  const field = fresh.page.getByRole("textbox", { name: "Code from the other device" });
  await field.waitFor();
  await fresh.page.waitForFunction(() => document.querySelector("#link-code").value.startsWith("link/"));
  await fresh.button("Use this code").click();
  await fresh.page.getByRole("img", { name: /^Check code/ }).waitFor();
  // The field for the digits has the focus.
  await ada.page.waitForFunction(() => document.activeElement.id === "digits");
  await ada.page.keyboard.type((await fresh.page.getByRole("img", { name: /^Check code/ }).innerText()).trim());
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("checkbox", { name: /^I have this device/ }).waitFor();
  await ada.button("Cancel").click();
  await fresh.page.getByRole("alert").filter({ hasText: "The other device cancelled" }).waitFor();
  await ada.page.keyboard.press("Escape");
});

test("p4: an invite is no link code, and a link code is no invite", async () => {
  const wrong = others.at(-1);
  await wrong.button("Try again").click();
  const { link } = await showCode(wrong);
  await openDevices(bob);
  await useCode(bob, `${relay.url}/#i/ada/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`);
  await bob.page.getByText("That's an invite to a chat, not a link code.").waitFor();
  await bob.page.keyboard.press("Escape");
  await bob.page.goto(`${relay.url}/#/`);
  await bob.button("New chat").first().click();
  const dialog = bob.page.getByRole("dialog", { name: "New chat" });
  await dialog.getByRole("textbox", { name: "Username or invite link" }).fill(link);
  await dialog.getByText("This code links a device.").waitFor();
  await bob.page.keyboard.press("Escape");
});

test("a page that is opened by a link code asks before it does anything", async () => {
  const wrong = others.at(-1);
  await wrong.button("Cancel").click();
  const { link } = await showCode(wrong);
  await ada.page.goto(link);
  const dialog = ada.page.getByRole("dialog", { name: "Link a device" });
  await dialog.waitFor();
  assert.equal(new URL(ada.page.url()).hash, "#/", "the code is not left in the address");
  await dialog.getByRole("button", { name: "Use this code" }).click();
  await ada.page.getByRole("img", { name: /^Check code/ }).waitFor();
  await ada.button("Cancel").click();
  await wrong.page.getByRole("alert").filter({ hasText: "The other device cancelled" }).waitFor();
});

/** Renames a device in the open settings. */
async function rename(person, from, to) {
  await person.page.getByRole("button", { name: `Rename ${from}`, exact: true }).click();
  await person.page.getByRole("textbox", { name: "Name of the device" }).fill(to);
  await person.button("Save").click();
  await person.page.getByText(to, { exact: true }).waitFor();
}

test("what is open below a device stays open when another device changes the list", async () => {
  const [second] = others;
  await openSettings(ada, "devices");
  await openSettings(second, "devices");
  await ada.page.getByRole("button", { name: "Rename First device" }).click();
  const field = ada.page.getByRole("textbox", { name: "Name of the device" });
  await field.fill("half writ");
  await ada.page.getByRole("button", { name: /^Remove / }).last().click();
  await field.focus();
  await rename(second, "First device", "Cellar");
  await ada.page.getByText("Cellar", { exact: true }).waitFor();
  assert.equal(await field.inputValue(), "half writ");
  assert.equal(await field.evaluate((element) => element === document.activeElement), true, "still being typed in");
  await ada.button("Cancel").click();
  await ada.button("Remove this device").waitFor({ state: "detached" });
  await rename(second, "Cellar", "First device");
  await ada.page.getByRole("button", { name: "Rename First device" }).click();
  await field.waitFor({ state: "detached" });
  await second.openChat("Bob");
});

test("p4: a device that is removed deletes what it has and says why", async () => {
  const [second, third] = others;
  await openSettings(ada, "devices");
  await ada.page.getByRole("button", { name: "Rename First device" }).click();
  await ada.page.getByRole("textbox", { name: "Name of the device" }).fill("Desk");
  await ada.button("Save").click();
  await ada.page.getByText("Desk", { exact: true }).waitFor();
  await ada.page.getByRole("button", { name: /^Remove / }).last().click();
  await ada.button("Remove this device").click();
  await third.page.getByRole("heading", { name: "This browser was removed" }).waitFor();
  await bob.openChat("Ada");
  await bob.send("not to the third");
  await second.sees("not to the third");
  await third.button("Reload").click();
  await third.button("Create account").waitFor();
  assert.equal(await third.page.getByRole("link", { name: /^Bob/ }).count(), 0);
});
