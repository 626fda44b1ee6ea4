// What a screen reader reads out: new content, once; neither counts nor content that was there before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { heard, listen } from "./lib/aloud.mjs";
import { openDevices, showCode } from "./lib/link.mjs";
import { button, lockedHeading, setLock, unlock } from "./lib/lock.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";

let relay;
let ada;
let bob;

twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

test("a message that comes into the open chat is read out with its author, and its state and one's own are not", async () => {
  await listen(ada.page);
  await bob.send("Are you there?");
  await ada.sees("Are you there?");
  await ada.send("I am");
  await ada.seesState("read");
  await ada.page.waitForTimeout(500);
  assert.deepEqual(await heard(ada.page), ["Bob: Are you there?"]);
  await bob.send("Are you there?");
  await ada.messages().filter({ hasText: "Are you there?" }).nth(1).waitFor();
  await ada.page.waitForTimeout(500);
  assert.deepEqual((await heard(ada.page)).map((text) => text.trim()), ["Bob: Are you there?"], "the same again is read out again");
});

test("history that is loaded is not read out", async () => {
  for (let number = 0; number < 12; number += 1) await bob.send(`Number ${number}`);
  await ada.sees("Number 11");
  await ada.page.goto(`${relay.url}/#/`);
  await ada.page.getByRole("heading", { name: /^Choose a chat/ }).waitFor();
  await listen(ada.page);
  await ada.openChat("Bob");
  await ada.sees("Number 11");
  await ada.page.waitForTimeout(500);
  assert.deepEqual(await heard(ada.page), []);
});

test("ten seconds without a connection are one sentence, and so is the end of it", async () => {
  await listen(ada.page);
  await relay.kill();
  const status = ada.page.getByRole("status", { name: "Connection" });
  await status.filter({ hasText: /^Offline/ }).waitFor();
  await ada.page.getByText(/^Trying again in \d+ s\.$/).waitFor();
  await ada.page.waitForTimeout(10_000);
  const texts = await heard(ada.page);
  assert.ok(texts.length <= 2, `${texts.length} texts: ${texts.join(" | ")}`);
  assert.ok(texts.some((text) => /^Offline/.test(text)));
  await relay.run();
  await ada.page.waitForFunction(() => !document.body.innerText.includes("Offline"));
  await ada.page.waitForTimeout(1_500);
  assert.ok((await heard(ada.page)).length <= 2);
});

test("the time that a link code is good for is not read out, the step is, and the focus stays in the dialog", async () => {
  await openDevices(ada);
  await listen(ada.page);
  await showCode(ada);
  await ada.page.getByRole("timer").waitFor();
  await ada.page.waitForTimeout(3_500);
  const texts = await heard(ada.page);
  assert.equal(texts.length, 1, texts.join(" | "));
  const inside = await ada.page.evaluate(() => document.activeElement?.closest("dialog") !== null);
  assert.ok(inside, "the focus did not fall out of the dialog");
  await ada.page.keyboard.press("Escape");
});

test("the wait after wrong guesses is read out once", async () => {
  await setLock(bob.page, "four words are better");
  await button(bob.page, "Lock now").click();
  await lockedHeading(bob.page).waitFor();
  await listen(bob.page);
  for (let guess = 0; guess < 3; guess += 1) {
    await unlock(bob.page, `wrong ${guess}`);
    await bob.page.getByText(/not the passphrase/).waitFor();
    await bob.page.waitForTimeout(1_200);
  }
  await heard(bob.page);
  await bob.page.waitForTimeout(3_500);
  const texts = await heard(bob.page);
  assert.ok(texts.length <= 1, texts.join(" | "));
});
