// What other programs and faults do to the page: it goes on, or says that it does not.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { faults } from "./lib/axe.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";

let relay;
let ada;
let bob;

twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

/** Puts each text of the page into elements of its own, as page translators do: the original text nodes are gone. */
const translate = (page) =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) if (walker.currentNode.data.trim()) texts.push(walker.currentNode);
    for (const text of texts) {
      const outer = document.createElement("font");
      const inner = document.createElement("font");
      inner.textContent = text.data;
      outer.append(inner);
      text.replaceWith(outer);
    }
  });

test("the page asks not to be translated", async () => {
  assert.equal(await ada.page.locator("html").getAttribute("translate"), "no");
  assert.equal(await ada.page.locator('meta[name="google"]').getAttribute("content"), "notranslate");
});

test("a page whose texts were replaced by a translator still follows what happens", async () => {
  const { page } = ada;
  await translate(page);
  await bob.send("After the translation");
  await ada.sees("After the translation");
  await ada.send("Still here");
  await ada.seesState("read");
  await translate(page);
  await relay.kill();
  const status = page.getByRole("status", { name: "Connection" });
  await status.filter({ hasText: /^Offline/ }).waitFor();
  await translate(page);
  const first = await page.getByText(/^Trying again in \d+ s\.$/).first().textContent();
  await page.waitForFunction((first) => !document.body.innerText.includes(first), first);
  await translate(page);
  await relay.run();
  await page.waitForFunction(() => !document.body.innerText.includes("Offline"));
  await page.goto(`${relay.url}/#/settings`);
  await page.getByRole("region", { name: "Settings" }).waitFor();
  await translate(page);
  await page.getByRole("textbox", { name: "Your name" }).fill("");
  await ada.button("Save name").click();
  await page.getByRole("textbox", { name: "Your name" }).fill("Ada L.");
  await ada.button("Save name").click();
  await page.getByRole("complementary", { name: "Chats and account" }).getByText("Ada L.").waitFor();
  await ada.openChat("Bob");
  await ada.sees("Still here");
  assert.equal(await ada.messages().filter({ hasText: "After the translation" }).count(), 1, "nothing is left of what was there");
});

test("a message's state and a day are of the time zone in which the page is", async () => {
  const { page } = ada;
  const session = await ada.context.newCDPSession(page);
  const clock = () => ada.messages().first().getAttribute("aria-label");
  await session.send("Emulation.setTimezoneOverride", { timezoneId: "Europe/London" });
  await page.reload();
  await ada.sees("Hello Ada");
  const before = await clock();
  await ada.composer().fill("half a sentence");
  await session.send("Emulation.setTimezoneOverride", { timezoneId: "Asia/Kolkata" });
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await page.waitForFunction((before) => document.querySelector("[role=article]")?.getAttribute("aria-label") !== before, before);
  const minutes = (label) => Number(/(\d\d):/.exec(label)[1]) * 60 + Number(/:(\d\d)/.exec(label)[1]);
  assert.equal((minutes(await clock()) - minutes(before) + 1440) % 1440, 330);
  assert.equal(await ada.composer().inputValue(), "half a sentence");
  await ada.composer().fill("");
});

/** A fault from outside: the browser refuses to make a kind of element that the app must make, which the app cannot survive. */
test("a page that fails says so and can be loaded again", async () => {
  const { page } = ada;
  await page.evaluate(() => {
    const create = Document.prototype.createElement;
    Document.prototype.createElement = function (tag, ...more) {
      if (`${tag}`.toLowerCase() === "dialog") throw new Error("a fault");
      return create.call(this, tag, ...more);
    };
  });
  await ada.button("New chat").first().click();
  const notice = page.getByRole("alert").filter({ hasText: "Parley has stopped" });
  await notice.waitFor();
  const problems = ada.problems.splice(0);
  assert.ok(problems.some((problem) => /panicked/.test(problem)), problems.join("\n"));
  if (process.env.PARLEY_SHOTS) await page.screenshot({ path: join(process.env.PARLEY_SHOTS, "fallen-light-wide.png") });
  await notice.getByRole("button", { name: "Reload" }).click();
  await notice.waitFor({ state: "detached" });
  // The failed screen is not shown again by itself, or the page would fail again.
  await page.getByRole("list", { name: "Chats" }).waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  await ada.button("New chat").first().click();
  await page.getByRole("dialog", { name: "New chat" }).waitFor();
  await page.keyboard.press("Escape");
  await bob.send("After the fault");
  await ada.openChat("Bob");
  await ada.sees("After the fault");
});

test("an open dialog follows at once when the system turns dark, where motion is not wanted", async () => {
  const { page } = ada;
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await ada.button("Contact details").click();
  const title = page.getByRole("dialog").getByRole("heading", { name: "Contact details" });
  await title.waitFor();
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  const colour = (it) => getComputedStyle(it).color;
  assert.equal(await title.evaluate(colour), await page.locator("body").evaluate(colour));
  await page.keyboard.press("Escape");
});

test("a chat is right for those who ask for more contrast", async () => {
  const { page } = ada;
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, contrast: "more", reducedMotion: "reduce" });
    if (process.env.PARLEY_SHOTS) await page.screenshot({ path: join(process.env.PARLEY_SHOTS, `contrast-${colorScheme}-wide.png`) });
    assert.deepEqual(await faults(page), [], colorScheme);
  }
});
