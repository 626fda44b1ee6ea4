// Several tabs of one device: which one owns it, what happens to a frozen owner, two versions of the app.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  debuggerOf,
  fence,
  freeze,
  freezeBeforeNextWrite,
  freezeDuringNextWrite,
  listen,
  nextOwner,
  ownerHeard,
  said,
  takings,
  watchPulse,
  workerOf,
} from "./lib/freeze.mjs";
import { openSettings } from "./lib/link.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";

let relay;
let ada;
let bob;

twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

/** Another tab of this person, with the chat open. The test uses it from then on. */
async function newTab(person, chat) {
  person.page = await person.context.newPage();
  person.watch(person.page);
  await person.page.goto(relay.url);
  await person.openChat(chat);
  await workerOf(person.page);
  await watchPulse(person.page);
  // The worker has loaded, waits for the device, and has heard the owner.
  await ownerHeard(person.page);
  return person.page;
}

/**
 * Checks a takeover's speed as a count: a frozen owner misses four questions, one every 150 ms; a waiting worker that was late
 * itself grants four more. The duration is only printed, because a busy machine must not decide the test.
 */
async function tookFromFrozen(context, page, took) {
  context.diagnostic(`the next owner after ${took} ms`);
  const unanswered = await takings(page);
  assert.ok(unanswered.length > 0, "the device was taken");
  assert.ok(unanswered.every((count) => count <= 8), `${unanswered} questions without an answer`);
}

/** How often a text stands in the open conversation. */
async function count(person, text, page = person.page) {
  const own = person.page;
  person.page = page;
  const texts = await person.texts();
  person.page = own;
  return texts.filter((shown) => shown.includes(text)).length;
}

/** One message each way, seen on both sides once. */
async function stillChats(person, other, text) {
  await person.send(`${text}, there`);
  await other.sees(`${text}, there`);
  await other.send(`${text}, and back`);
  await person.sees(`${text}, and back`);
  for (const [one, direction] of [[person, "there"], [other, "there"], [person, "and back"], [other, "and back"]]) {
    assert.equal(await count(one, `${text}, ${direction}`), 1);
  }
}

test("p8: when the owner's tab closes or crashes, another takes over within a second", async (context) => {
  const first = ada.page;
  await newTab(ada, "Bob");
  let owner = await fence(ada.page);
  await first.close();
  const closed = await nextOwner(ada.page, owner);
  assert.deepEqual(await takings(ada.page), [], "the browser handed the device on: nobody had to wait for silence");

  const second = ada.page;
  await newTab(ada, "Bob");
  owner = await fence(ada.page);
  second.goto("chrome://crash").catch(() => {});
  const crashed = await nextOwner(ada.page, owner);
  await second.close();
  context.diagnostic(`the next owner after ${closed} ms (closed), ${crashed} ms (crashed)`);
  await stillChats(ada, bob, "after a crash");
});

test("p8: what somebody does in one tab goes on when the owner's tab is closed", async () => {
  const owner = ada.page;
  await newTab(ada, "Bob");
  await openSettings(ada, "devices");
  await ada.page.getByRole("button", { name: /^Rename / }).first().click();
  const field = ada.page.getByRole("textbox", { name: "Name of the device" });
  await field.pressSequentially("half a ");
  const before = await fence(ada.page);
  await owner.close();
  await nextOwner(ada.page, before);
  await field.focus();
  await ada.page.keyboard.press("End");
  await ada.page.keyboard.type("name");
  await ada.page.keyboard.press("Enter");
  await ada.page.getByText(/half a name$/).waitFor();
  await ada.openChat("Bob");
});

test("p8: an owner that is frozen is replaced within a second, and waits again when it wakes up", async (context) => {
  const first = ada.page;
  const frozen = await workerOf(first);
  await newTab(ada, "Bob");
  const owner = await fence(ada.page);
  freeze(frozen, 4_000);
  const took = await nextOwner(ada.page, owner);
  await tookFromFrozen(context, ada.page, took);
  await ada.send("written while the first worker was frozen");
  await bob.sees("written while the first worker was frozen");

  await assert.rejects(frozen.evaluate(() => new Promise((done) => setTimeout(done, 10_000))), "it has been ended");
  assert.notEqual(await workerOf(first), frozen);
  ada.page = first;
  await ada.sees("written while the first worker was frozen");
  await stillChats(ada, bob, "by the tab whose worker was frozen");
  assert.notEqual(await fence(ada.page), owner);
});

test("p8: an owner that a debugger stops is replaced within a second, and harms nothing when it goes on", async (context) => {
  for (const page of ada.context.pages().slice(1)) await page.close();
  [ada.page] = ada.context.pages();
  await ada.composer().waitFor();
  await stillChats(ada, bob, "before the debugger");
  const first = ada.page;
  const stopped = await workerOf(first);
  const debug = await debuggerOf(first);
  await newTab(ada, "Bob");
  const owner = await fence(ada.page);
  await debug("Debugger.enable");
  await debug("Debugger.pause");
  // Without code to run the worker would not stop.
  await ada.send("sent to a worker that is stopped");
  const took = await nextOwner(ada.page, owner);
  await bob.sees("sent to a worker that is stopped");
  await ada.seesState("read");
  const next = await fence(ada.page);
  await debug("Debugger.resume");
  // As soon as the worker goes on, it may learn that it was replaced, and its tab ends it.
  await debug("Debugger.disable").catch(() => {});
  await assert.rejects(stopped.evaluate(() => new Promise((done) => setTimeout(done, 10_000))), "it has been ended");
  await stillChats(ada, bob, "after the debugger");
  assert.equal(await count(ada, "sent to a worker that is stopped"), 1);
  assert.equal(await count(bob, "sent to a worker that is stopped"), 1);
  assert.equal(await fence(ada.page), next, "it has not taken the device back");
  await tookFromFrozen(context, ada.page, took);
});

for (const [when, freezeWrite, store, outcome] of [
  ["before it writes to the journal", freezeBeforeNextWrite, "journal", "abort"],
  ["while it writes to the journal", freezeDuringNextWrite, "journal", undefined],
  ["before it moves the journal", freezeBeforeNextWrite, "messages", "abort"],
  ["while it moves the journal", freezeDuringNextWrite, "messages", undefined],
]) {
  test(`p5: an owner that is frozen ${when} loses and doubles nothing when it goes on`, async (context) => {
    for (const page of ada.context.pages().slice(1)) await page.close();
    [ada.page] = ada.context.pages();
    await ada.composer().waitFor();
    await stillChats(ada, bob, `awake, ${when}`);
    const first = ada.page;
    const stale = await workerOf(first);
    await newTab(ada, "Bob");
    await listen(ada.page);
    const owner = await fence(ada.page);
    await freezeWrite(stale, store, 4_000);

    const text = `sent to an owner that froze ${when}`;
    await ada.send(text);
    await ada.page.waitForFunction(() => globalThis.said.includes("frozen"));
    const took = await nextOwner(ada.page, owner);
    await tookFromFrozen(context, ada.page, took);
    await ada.send(`${text}, and another`);
    await bob.sees(`${text}, and another`);
    if (outcome) {
      await ada.page.waitForFunction(() => globalThis.said.length > 1);
      assert.deepEqual(await said(ada.page), ["frozen", outcome], "the stale write was tried and refused");
    }
    await assert.rejects(stale.evaluate(() => new Promise((done) => setTimeout(done, 10_000))), "it has been ended");
    await stillChats(ada, bob, `awake again, ${when}`);
    for (const shown of [text, `${text}, and another`]) {
      const exactly = (texts) => texts.filter((found) => found.split("\n").includes(shown)).length;
      assert.equal(exactly(await ada.texts()), 1, `${shown}: Ada`);
      assert.equal(exactly(await bob.texts()), 1, `${shown}: Bob`);
    }
  });
}

test("p8: an owner in a tab that nobody sees stays the owner", async () => {
  const first = ada.page;
  await newTab(ada, "Bob");
  const owner = await fence(ada.page);
  await ada.page.bringToFront();
  await newTab(ada, "Bob");
  await ada.page.bringToFront();
  await ada.page.waitForTimeout(5_000);
  assert.equal(await fence(ada.page), owner);
  await stillChats(ada, bob, "with two tabs behind");
  assert.equal(await fence(ada.page), owner);
  for (const page of ada.context.pages()) if (page !== first) await page.close();
  ada.page = first;
});

test("p8: of several tabs one takes over from a frozen owner", async () => {
  const [first] = ada.context.pages();
  const frozen = await workerOf(first);
  for (let tab = 0; tab < 3; tab += 1) await newTab(ada, "Bob");
  const owner = await fence(ada.page);
  freeze(frozen, 3_000);
  await nextOwner(ada.page, owner);
  const next = await fence(ada.page);
  await ada.page.waitForTimeout(2_000);
  assert.equal(await fence(ada.page), next, "and nobody takes over from that one");
  await stillChats(ada, bob, "with four tabs");
  for (const page of ada.context.pages().slice(1)) await page.close();
  ada.page = first;
});

test("p8: a worker that is stuck without another tab is started again", async () => {
  // The tab's worker may have just been replaced. A worker that still loads gets all the time it needs.
  await stillChats(ada, bob, "alone again");
  freeze(await workerOf(ada.page), 60_000);
  await ada.send("asked of a worker that is stuck");
  await bob.sees("asked of a worker that is stuck");
  await stillChats(ada, bob, "with a new worker");
});

test("p8: a newer version in another tab: the older one says so and gives the device up", async () => {
  await bob.page.evaluate(() => {
    new BroadcastChannel("parley-pulse").postMessage(new Uint8Array([0, 255]));
  });
  await bob.page.getByRole("alert").filter({ hasText: "A newer version of Parley is open in another tab. Reload this page." }).waitFor();
  await bob.page.waitForFunction(async () => (await navigator.locks.query()).held.length === 0);
  assert.equal(await bob.composer().count(), 0);
  await ada.send("sent to an older version");
  await bob.page.getByRole("button", { name: "Reload" }).click();
  await bob.sees("sent to an older version");
});

test("p8: a newer version that speaks to its views: the older view says so", async () => {
  await ada.page.evaluate(() => new BroadcastChannel("parley-view").postMessage(new Uint8Array([250, 1, 2, 3])));
  await ada.page.getByRole("alert").filter({ hasText: "Reload this page." }).waitFor();
  await ada.button("Reload").click();
  await ada.composer().waitFor();
});

test("p8: a newer version changes the database: the older one lets go, writes nothing more and does not open it", async () => {
  const records = await bob.page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open("parley", 99);
        opening.onerror = () => reject(opening.error);
        opening.onblocked = () => reject(new Error("the older version holds on to the database"));
        opening.onsuccess = () => {
          globalThis.newer = opening.result;
          const reading = opening.result.transaction("state").objectStore("state").getAll();
          reading.onsuccess = () => resolve(reading.result.map((value) => [...value].join()));
        };
      }),
  );
  const alert = bob.page.getByRole("alert");
  await alert.filter({ hasText: "A newer version of Parley is open in another tab. Reload this page." }).waitFor();
  await ada.send("sent while Bob was too old");
  await ada.seesState("(sent|delivered|read)");
  await bob.page.waitForTimeout(1_000);
  const after = await bob.page.evaluate(
    () =>
      new Promise((resolve) => {
        const reading = globalThis.newer.transaction("state").objectStore("state").getAll();
        reading.onsuccess = () => resolve(reading.result.map((value) => [...value].join()));
      }),
  );
  assert.deepEqual(after, records, "nothing was written");
  await bob.page.reload();
  await alert.filter({ hasText: "A newer version of Parley was used in this browser." }).waitFor();
  assert.equal(await bob.button("Start over…").count(), 0, "nobody is led to delete what a newer version can read");
});
