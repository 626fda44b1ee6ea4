// Everything is reachable by keyboard; the focus is visible and never lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { button, lockedHeading, setLock } from "./lib/lock.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";
import { walks } from "./lib/walk.mjs";

let relay;
let ada;

const others = twoPeople(async (pair) => {
  ({ relay, ada } = pair);
  await answer(pair);
});

test("every screen can be walked through with Tab, and shows where the focus is", async () => {
  const { page } = ada;
  await walks(page, "chat");
  await page.goto(`${relay.url}/#/settings`);
  await page.getByRole("region", { name: "Settings" }).waitFor();
  await walks(page, "settings");
  await page.goto(`${relay.url}/#/`);
  await page.getByRole("heading", { name: /^Choose a chat/ }).waitFor();
  await walks(page, "home");
  await page.emulateMedia({ forcedColors: "active" });
  await walks(page, "home in forced colours");
  await page.emulateMedia({ forcedColors: "none" });
  const carol = await arrive(relay, others);
  await carol.page.getByRole("heading", { name: "Welcome to Parley" }).waitFor();
  await walks(carol.page, "welcome");
});

test("the focus goes into a dialog, stays there, and comes back to what opened it", async () => {
  const { page } = ada;
  await ada.openChat("Bob");
  for (const [opener, dialog] of [["New chat", "New chat"], ["Contact details", "Contact details"]]) {
    await ada.button(opener).first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: dialog }).waitFor();
    assert.ok(await page.evaluate(() => document.activeElement?.closest("dialog") !== null), `${dialog}: the focus is inside`);
    await walks(page, dialog);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: dialog }).waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement !== document.body);
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), opener);
  }
});

test("a locked screen can be walked through", async () => {
  const { page } = ada;
  await setLock(page, "four words are better");
  await button(page, "Lock now").click();
  await lockedHeading(page).waitFor();
  await walks(page, "locked");
});
