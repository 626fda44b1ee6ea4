// Change sets that are written and not yet moved to their stores: each is one entry of the database's journal.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everything } from "./lib/chaos.mjs";
import { allowMoving, forbidMoving, onDisk, workerOf } from "./lib/freeze.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";

let relay;
let ada;
let bob;

twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

/** Waits until the journal is empty. Returns the contents of the disk then. */
async function moved(person) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const found = await person.page.evaluate(onDisk);
    if (found.entries === 0) return found;
    await person.page.waitForTimeout(50);
  }
  throw new Error("the journal is not moved");
}

const textsOf = async (person) => (await everything(person.page)).map(({ text }) => text);

/** The whole conversation in another tab of the person. */
async function inAnotherTab(person) {
  const page = await person.context.newPage();
  person.watch(page);
  await page.goto(person.page.url());
  const texts = (await everything(page)).map(({ text }) => text);
  await page.close();
  return texts;
}

test("p5: what is only in the journal when the app dies is there when it opens, once and in order", async () => {
  const before = await moved(ada);
  await forbidMoving(await workerOf(ada.page));
  const texts = await textsOf(ada);
  for (let number = 0; number < 12; number += 1) {
    const [from, to] = number % 3 === 0 ? [bob, ada] : [ada, bob];
    const text = `in the journal ${number}`;
    await from.send(text);
    await to.sees(text);
    texts.push(text);
  }
  await ada.seesState("read");

  const chat = ada.page.url();
  // A page of the same site without the app, so nothing moves entries.
  const plain = await ada.context.newPage();
  await plain.goto(`${relay.url}/favicon.svg`);
  await ada.page.close();
  const waiting = await plain.evaluate(onDisk);
  assert.equal(waiting.messages, before.messages, "nothing has been moved");
  assert.ok(waiting.entries >= 12, `${waiting.entries} entries`);

  ada.page = await ada.context.newPage();
  ada.watch(ada.page);
  await ada.page.goto(chat);
  await ada.sees("in the journal 11");
  assert.deepEqual(await textsOf(ada), texts, "when it is opened again");
  await ada.seesState("read");
  assert.equal((await moved(ada)).messages, before.messages + 12);

  await ada.send("after the journal");
  await bob.sees("after the journal");
  await bob.send("and back");
  await ada.sees("and back");
  texts.push("after the journal", "and back");
  assert.deepEqual(await textsOf(ada), texts);
  assert.deepEqual(await textsOf(bob), texts);
});

test("p5: pages of messages are read through what is in the journal, and deletions too", async () => {
  await ada.send("in its store before it is deleted");
  await bob.sees("in its store before it is deleted");
  await moved(ada);
  const worker = await workerOf(ada.page);
  await forbidMoving(worker);
  await ada.send("only in the journal");
  await bob.sees("only in the journal");
  const old = ada.messages().filter({ hasText: "in its store before it is deleted" });
  await old.hover();
  await old.getByRole("button", { name: "Delete for me" }).click();
  await ada.button("Undo").waitFor();
  await ada.button("Undo").waitFor({ state: "detached" });
  const texts = await textsOf(ada);
  assert.ok(texts.includes("only in the journal") && !texts.includes("in its store before it is deleted"));
  assert.deepEqual(await inAnotherTab(ada), texts, "through the journal");
  await allowMoving(worker);
  await moved(ada);
  assert.deepEqual(await inAnotherTab(ada), texts, "when it is moved");
});
