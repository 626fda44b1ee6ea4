// Recovery phrase and backup: a browser is wiped, and the account comes back by 24 words alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasChats, openSettings, useRecoveryPhrase } from "./lib/link.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";
import { comeBackBy, showPhrase, typeBack, writeDown } from "./lib/phrase.mjs";

let relay;
let ada;
let bob;
let words;

const others = twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

const newBrowser = () => arrive(relay, others);

test("a phrase counts as written down once three of its words are typed back", async () => {
  words = await showPhrase(ada);
  assert.equal(words.length, 24);
  await typeBack(ada, words.map(() => "abandon"));
  await ada.page.getByText("Those aren't the words.").waitFor();
  await typeBack(ada, words);
  await ada.page.getByText("You have written your recovery phrase down.").first().waitFor();
  await ada.page.getByText(/^Last backup: /).waitFor();
});

test("p1: neither the phrase nor what is in the backup goes over the wire", async () => {
  const wire = Buffer.concat(ada.frames).toString("latin1");
  for (const secret of ["Hello Bob", "Hello Ada", words.slice(0, 3).join(" ")]) {
    assert.ok(!wire.includes(secret), `${secret} went over the wire`);
  }
});

test("a phrase that is wrong says what is wrong with it", async () => {
  const stranger = await newBrowser();
  await useRecoveryPhrase(stranger);
  const field = stranger.page.getByRole("textbox", { name: "Recovery phrase" });
  await stranger.page.waitForFunction(() => document.activeElement.id === "phrase");
  await stranger.page.keyboard.type(words.slice(1).join(" "));
  assert.ok(await field.evaluate((it) => it.scrollWidth <= it.clientWidth && it.scrollHeight <= it.clientHeight), "all words are seen");
  assert.deepEqual(await field.evaluate((it) => [it.autocapitalize, it.spellcheck]), ["none", false]);
  await stranger.page.keyboard.press("Enter");
  await stranger.page.getByText("A recovery phrase has 24 words. One is missing.").waitFor();
  await field.fill(words.with(4, "appel").join(" "));
  await field.press("Enter");
  await stranger.page.getByText("“appel” (word 5) isn't a recovery word. Check the spelling.").waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  await field.fill([...Array(23).fill("zoo"), "vote"].join(" "));
  await stranger.button("Bring my account back").click();
  await stranger.page.getByText("No account has this recovery phrase.").waitFor();
});

test("a backup that is asked for says that it waits, that it runs, and when it was made", async () => {
  await ada.page.evaluate(() => {
    globalThis.said = [];
    new MutationObserver(() => {
      const names = [...document.querySelectorAll("button")].map((button) => button.textContent);
      globalThis.said.push(...names.filter((name) => /^Back(ing)? up/.test(name)));
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const status = ada.page.getByRole("status").filter({ hasText: /^(Last backup: |Waiting for a connection)/ });
  await relay.kill();
  await ada.page.getByRole("status", { name: "Connection" }).filter({ hasText: "Offline" }).waitFor();
  await ada.button("Back up now").click();
  await status.filter({ hasText: "Waiting for a connection…" }).waitFor();
  await relay.run();
  await status.filter({ hasText: "Last backup: just now." }).waitFor({ timeout: 60_000 });
  await ada.button("Back up now").waitFor();
  assert.ok(await ada.page.evaluate(() => globalThis.said.includes("Backing up…")));
  const offline = bob.page.getByRole("status", { name: "Connection" }).filter({ hasText: /Offline|Connecting/ });
  await offline.waitFor({ state: "detached", timeout: 60_000 });
});

test("p5: the browser is wiped, and everything comes back by the phrase alone", async () => {
  await ada.page.goto(`${relay.url}/#/`);
  await ada.openChat("Bob");
  await ada.send("in the next backup");
  await bob.sees("in the next backup");
  await openSettings(ada, "recovery");
  await ada.button("Back up now").click();
  await ada.page.getByText(/^Last backup: /).waitFor();
  await ada.page.waitForTimeout(500);
  await ada.leave();
  await bob.send("while Ada was lost");
  await bob.sees("while Ada was lost");
  await bob.seesState("sent");
  const back = await newBrowser();
  await comeBackBy(back, words);
  await hasChats(back);
  await back.openChat("Bob");
  for (const text of ["Hello Bob", "Hello Ada", "in the next backup", "while Ada was lost"]) await back.sees(text);
  assert.equal((await back.texts()).filter((text) => text.includes("Hello Bob")).length, 1);
  await back.send("I am back");
  await bob.sees("I am back");
  await bob.send("welcome");
  await back.sees("welcome");
  await openSettings(back, "recovery");
  await back.page.getByText("You have written your recovery phrase down.").first().waitFor();
});

test("p4: the lost browser learns that it was removed, and deletes what it has", async () => {
  await ada.comeBack();
  await ada.page.getByText("Another of your devices removed this browser").first().waitFor();
});

test("another phrase takes the place of the first", async () => {
  const back = others.at(-1);
  await openSettings(back, "recovery");
  await back.button("Make a new phrase").click();
  await back.page.getByText("once you've confirmed it, the old one stops working").waitFor();
  assert.equal(await back.page.getByRole("list", { name: "Recovery phrase" }).count(), 0, "no words before the answer");
  await back.button("Cancel").click();
  const newer = await writeDown(back, "Make a new phrase");
  assert.notDeepEqual(newer, words);
  const stranger = await newBrowser();
  await comeBackBy(stranger, words);
  await stranger.page.getByText("No account has this recovery phrase.").waitFor();
  await stranger.page.getByRole("textbox", { name: "Recovery phrase" }).fill(newer.join("\n"));
  await stranger.page.getByRole("checkbox", { name: /^My other devices are lost/ }).uncheck();
  await stranger.button("Bring my account back").click();
  await hasChats(stranger);
  await stranger.openChat("Bob");
  await stranger.sees("welcome");
});
