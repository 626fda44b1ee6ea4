// Everything can be reached by keyboard, the focus can be seen where it is, and it is not lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { button, lockedHeading, setLock } from "./lib/lock.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";

let relay;
let ada;

const others = twoPeople(async (pair) => {
  ({ relay, ada } = pair);
  await answer(pair);
});

/** Presses Tab until it has been everywhere: which elements that take clicks or keys were never reached, or had no visible focus. */
async function walk(page) {
  const total = await page.evaluate(() => {
    globalThis.reached = new Set();
    const top = document.querySelector("dialog[open]") ?? document;
    const all = [...top.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")];
    globalThis.wanted = all.filter((it) => it.checkVisibility({ visibilityProperty: true }) && it.tabIndex >= 0 && !it.disabled);
    document.activeElement?.blur();
    return globalThis.wanted.length;
  });
  const unseen = [];
  for (let step = 0; step < total + 8; step += 1) {
    await page.keyboard.press("Tab");
    await page.waitForTimeout(20);
    const fault = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return "";
      globalThis.reached.add(at);
      // Who shows it for the element: a label around an input that is not drawn, the row of the composer.
      const shows = [at, at.closest(".choice, .composer-row")].filter(Boolean);
      const visible = shows.some((it) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(it);
        // A link or button that stands for all that is around it has its line there.
        const after = getComputedStyle(it, "::after");
        if (after.content !== "none" && after.outlineStyle !== "none" && parseFloat(after.outlineWidth) > 0) return true;
        return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || (it !== at || at.matches("input, textarea") ? boxShadow !== "none" : false);
      });
      return visible ? "" : `${at.tagName} ${at.getAttribute("aria-label") ?? at.textContent}`;
    });
    if (fault) unseen.push(fault);
  }
  const missed = await page.evaluate(() =>
    globalThis.wanted
      // One of a group of choices stands for all of them; arrows lead to the others.
      .filter((it) => it.isConnected && !globalThis.reached.has(it) && it.type !== "radio")
      .map((it) => `${it.tagName} ${it.getAttribute("aria-label") ?? it.textContent}`),
  );
  return { unseen: [...new Set(unseen)], missed };
}

async function walks(page, name) {
  assert.deepEqual(await walk(page), { unseen: [], missed: [] }, name);
}

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
