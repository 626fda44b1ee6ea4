// A page is reloaded in the middle of linking or of history, on either side: linking goes on by itself or ends with a sentence,
// another attempt works, and nothing is lost or doubled.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everything } from "./lib/chaos.mjs";
import { approve, confirmDigits, hasChats, linkByCode, openDevices, openSettings, removeDevice, showCode, useAnotherDevice, useCode } from "./lib/link.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";
import { messagesOnDisk } from "./lib/fixture.mjs";

/** More messages than the first part of a conversation's history and one page of the rest, in many entries of the log. */
const MESSAGES = 150;
const TEXT = "and so on ".repeat(500);
const EVERYTHING = ["Hello Bob", "Hello Ada", ...Array.from({ length: MESSAGES }, (_, number) => `before ${number}. ${TEXT}`)];
const ENDED = "The other device cancelled. Try again on both.";
/** A new browser that has agreed waits a while for the entry that may never come. */
const PATIENCE = { timeout: 60_000 };

let relay;
let ada;

process.env.PARLEY_RATE_SLOTS = "1000/1000";
const others = twoPeople(async (pair) => {
  ({ relay, ada } = pair);
  await answer(pair);
  for (let number = 0; number < MESSAGES; number += 1) await ada.send(EVERYTHING[number + 2]);
  await pair.bob.sees(`before ${MESSAGES - 1}.`);
});

const alert = (person, text) => person.page.getByRole("alert").filter({ hasText: text });

/** Shows a code on one side and reads it on the other. */
async function codeShown(fresh, sides) {
  await useAnotherDevice(fresh);
  await openDevices(ada);
  sides.link = (await showCode(fresh)).link;
}

async function codeRead(fresh, sides) {
  await codeShown(fresh, sides);
  await useCode(ada, sides.link);
  await ada.page.getByRole("img", { name: /^Check code/ }).waitFor();
  await fresh.page.getByRole("textbox", { name: "Two digits" }).waitFor();
}

async function personAsked(fresh, sides) {
  await codeRead(fresh, sides);
  await confirmDigits(ada, fresh);
  await ada.button("Link this device").waitFor();
}

async function agreed(fresh, sides) {
  await personAsked(fresh, sides);
  await approve(ada);
}

/** The device is in the account: the account's browser or the new one shows it. */
async function joining(fresh, sides) {
  await agreed(fresh, sides);
  const dialog = ada.page.getByRole("dialog", { name: "Link a device" });
  await dialog.getByText(/^(Adding it to your chats|Linked\.)/).first().waitFor();
}

async function listed(fresh, sides) {
  await agreed(fresh, sides);
  await hasChats(fresh);
}

/** A part of history is on the new browser's disk. The test checks in the page, because that page does not wait to be told. */
async function underWay(fresh, sides) {
  await agreed(fresh, sides);
  const look = async (count, reload) => {
    let there = 0;
    while (there === 0) there = await count();
    if (reload) setTimeout(() => location.reload());
    return there;
  };
  sides.reloaded = sides.side === "fresh";
  const looking = fresh.page.evaluate(`(${look})(${messagesOnDisk}, ${sides.reloaded})`);
  if (sides.reloaded) await fresh.page.waitForEvent("load");
  sides.there = await looking;
}

/** The screen of a new browser when linking has ended there. */
async function outcome(fresh) {
  const chats = fresh.page.getByRole("list", { name: "Chats" }).getByRole("link");
  const ended = alert(fresh, ENDED);
  const begin = fresh.button("I already have an account");
  await chats.or(ended).or(begin).first().waitFor(PATIENCE);
  return (await chats.count()) > 0;
}

/** The newest device has every message, once. */
async function hasEverything(fresh) {
  const count = await ada.page.evaluate(messagesOnDisk);
  const found = async () => fresh.page.evaluate(messagesOnDisk);
  for (const start = Date.now(); (await found()) < count && Date.now() - start < 30_000; ) await fresh.page.waitForTimeout(50);
  assert.equal(await found(), count, "as many messages as on the first device");
  await fresh.openChat("Bob");
  const texts = (await everything(fresh.page)).map(({ text }) => text.trim());
  assert.deepEqual(texts, EVERYTHING.map((text) => text.trim()), "in the same order, nothing twice");
}

/** Afterwards the account has this many devices. */
async function devices(count) {
  await openSettings(ada, "devices");
  const list = ada.page.getByRole("list", { name: "Your devices" }).getByRole("listitem");
  await list.nth(count - 1).waitFor();
  assert.equal(await list.count(), count);
}

for (const [when, stage, ends] of [
  ["a code is shown", codeShown, { fresh: false, ada: true }],
  ["the code was read", codeRead, { fresh: false, ada: false }],
  ["the person is asked", personAsked, { fresh: false, ada: false }],
  ["the person has agreed", agreed, {}],
  ["the new browser joins", joining, { fresh: true, ada: true }],
  ["its chats are listed", listed, { fresh: true, ada: true }],
  ["history is under way", underWay, { fresh: true, ada: true }],
]) {
  for (const side of ["fresh", "ada"]) {
    test(`p5: the page of ${side === "fresh" ? "the new browser" : "the account's browser"} is loaded again while ${when}`, async (context) => {
      const fresh = await arrive(relay, others);
      const sides = { side };
      await stage(fresh, sides);
      if (!sides.reloaded) await (side === "fresh" ? fresh : ada).page.reload();
      if (stage === codeShown && side === "ada") {
        // Nothing is lost: the code is still valid.
        await openDevices(ada);
        await useCode(ada, sides.link);
        await confirmDigits(ada, fresh);
        await approve(ada);
      } else if (ends[side] === false && stage !== codeShown) {
        // The side that was not reloaded is told.
        await alert(side === "fresh" ? ada : fresh, ENDED).waitFor();
      }
      const linked = await outcome(fresh);
      if (ends[side] !== undefined) assert.equal(linked, ends[side]);
      if (sides.there !== undefined) context.diagnostic(`${sides.there} messages were there`);
      if (!linked) {
        await devices(1);
        await fresh.page.reload();
        await ada.page.reload();
        await linkByCode(ada, fresh);
        await hasChats(fresh);
      }
      context.diagnostic(linked ? "it went on" : "another attempt was needed");
      await hasEverything(fresh);
      await devices(2);
      await removeDevice(ada, "");
      await fresh.page.getByRole("heading", { name: "This browser was removed" }).waitFor();
      await devices(1);
    });
  }
}
