// A browser that another device removes while it has unsent texts; and restoring by the phrase beside it.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { hasChats, isLinked, linkByCode, openSettings, removeDevice, useRecoveryPhrase } from "./lib/link.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";
import { comeBackBy, writeDown } from "./lib/phrase.mjs";

let relay;
let ada;
let bob;
let second;

const others = twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

/** Screenshots of a screen, if requested: light and dark, wide and on a phone. */
async function photograph(page, name) {
  const folder = process.env.PARLEY_SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of [["wide", { width: 1280, height: 800 }], ["phone", { width: 390, height: 844 }]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await page.screenshot({ animations: "disabled", path: join(folder, `${name}-${colorScheme}-${size}.png`) });
    }
  }
}

const kept = (person) => person.page.getByRole("list", { name: "Texts that weren't sent" }).getByRole("listitem");

test("p5: a removed browser offers what was never sent, until it is erased there", async () => {
  second = await arrive(relay, others);
  await linkByCode(ada, second);
  await hasChats(second);
  await isLinked(ada);
  await second.openChat("Bob");
  await relay.kill();
  await second.send("not sent one");
  await second.send("not sent two\n  with a second line");
  await second.seesState("waiting");
  await second.composer().fill("half a sen");
  await second.page.waitForTimeout(1_500);
  await second.leave();
  await relay.run();
  await ada.page.goto(`${relay.url}/#/`);
  await ada.openChat("Bob");
  await ada.send("connected again");
  await bob.sees("connected again");
  await removeDevice(ada, "");
  await ada.page.waitForFunction(() => document.querySelectorAll("[aria-label='Your devices'] > li").length === 1);
  await second.comeBack();
  await second.page.getByRole("heading", { name: "This browser was removed" }).waitFor();
  await second.page.getByRole("alert").getByText(/^Another of your devices removed this browser/).waitFor();
  await second.page.getByText(/^2 messages weren't sent\. 1 draft was left\./).waitFor();
  assert.equal(await second.page.getByText(/still on your other devices/).count(), 0);
  assert.equal(await kept(second).count(), 3);
  await kept(second).filter({ hasText: /To Bob, .*, not sent/ }).filter({ hasText: "not sent one" }).waitFor();
  await kept(second).filter({ hasText: /To Bob, .*, draft/ }).filter({ hasText: "half a sen" }).waitFor();
  await photograph(second.page, "removed");
});

test("p5: the texts can be downloaded and copied, and are still there after a reload", async () => {
  await second.page.reload();
  const [download] = await Promise.all([
    second.page.waitForEvent("download"),
    second.page.getByRole("link", { name: "Download as a text file" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "parley-not-sent.txt");
  const text = await readFile(await download.path(), "utf8");
  for (const part of ["not sent one", "not sent two\n  with a second line", "half a sen", "To Bob"]) {
    assert.ok(text.includes(part), `${part} is in the file`);
  }
  await second.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await second.button("Copy texts").click();
  await second.page.getByText("Copied.").waitFor();
  assert.equal(await second.page.evaluate(() => navigator.clipboard.readText()), text);
  // No other data of the account is there.
  assert.equal(await second.page.evaluate(() => localStorage.getItem("parley.vault")), null);
});

test("a removed browser that is erased begins again", async () => {
  await second.button("Erase and start over…").click();
  await second.button("Cancel").click();
  assert.equal(await kept(second).count(), 3);
  await second.button("Erase and start over…").click();
  await photograph(second.page, "removed-erase");
  await second.button("Erase these texts").click();
  await second.page.getByRole("heading", { name: "Welcome to Parley" }).waitFor();
  await second.page.reload();
  await second.page.getByRole("heading", { name: "Welcome to Parley" }).waitFor();
  assert.equal((await bob.texts()).filter((text) => text.includes("not sent")).length, 0, "nothing was sent");
});

test("p5: what stands in the composer when a browser is removed is offered too", async () => {
  await linkByCode(ada, second);
  await hasChats(second);
  await isLinked(ada);
  await second.openChat("Bob");
  await openSettings(ada, "devices");
  await ada.page.getByRole("button", { name: /^Remove / }).last().click();
  await second.composer().fill("I was just");
  await ada.button("Remove this device").click();
  await second.page.getByRole("heading", { name: "This browser was removed" }).waitFor();
  await kept(second).filter({ hasText: "I was just" }).waitFor();
});

test("p5: coming back beside a browser that is online leaves it, and gets what the backup has not", async () => {
  const words = await writeDown(ada);
  await ada.page.goto(`${relay.url}/#/`);
  await ada.openChat("Bob");
  for (const number of [1, 2, 3]) await ada.send(`not in the backup ${number}`);
  await bob.sees("not in the backup 3");
  const back = await arrive(relay, others);
  await useRecoveryPhrase(back);
  const lost = back.page.getByRole("checkbox", { name: /^My other devices are lost/ });
  assert.equal(await lost.isChecked(), false, "the default removes nothing");
  await photograph(back.page, "come-back");
  await back.button("Create a new account instead").click();
  await comeBackBy(back, words, { alone: false });
  await hasChats(back);
  await back.openChat("Bob");
  for (const number of [1, 2, 3]) await back.sees(`not in the backup ${number}`);
  await ada.send("and I am still here");
  await back.sees("and I am still here");
});

test("p5: a browser that is online hands over what only it has before it is removed", async () => {
  const words = await writeDown(ada, "Make a new phrase");
  await ada.page.goto(`${relay.url}/#/`);
  await ada.openChat("Bob");
  for (const number of [4, 5, 6]) await ada.send(`not in the backup ${number}`);
  await bob.sees("not in the backup 6");
  const back = await arrive(relay, others);
  await comeBackBy(back, words, { alone: true });
  await ada.page.getByRole("heading", { name: "This browser was removed" }).waitFor();
  await back.openChat("Bob");
  for (const number of [4, 5, 6]) await back.sees(`not in the backup ${number}`);
  assert.equal((await back.texts()).filter((text) => text.includes("aren't here")).length, 0, "no marker");
});
