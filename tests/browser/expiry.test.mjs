// Disappearing messages: the choice, the line in the chat, the mark. That they go is the simulator's (tests/tests/sim/expiry.rs).
import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "./lib/axe.mjs";
import { createGroup, openInfo, plain } from "./lib/group.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";

let ada;
let bob;

twoPeople(async (pair) => {
  ({ ada, bob } = pair);
  await answer(pair);
});

const seesLine = async (person, sentence) => {
  await person.page.waitForFunction(
    (sentence) => [...document.querySelectorAll("[role=log] [role=article]")].some((it) => it.innerText.replaceAll(/[\u2068\u2069]/g, "").includes(sentence)),
    sentence,
  );
};

async function look(person, name) {
  if (!process.env.PARLEY_LOOK) return;
  for (const [scheme, size] of [["light", { width: 1280, height: 800 }], ["dark", { width: 390, height: 844 }]]) {
    await person.page.emulateMedia({ colorScheme: scheme });
    await person.page.setViewportSize(size);
    await person.page.waitForTimeout(300);
    await person.page.screenshot({ path: `${process.env.PARLEY_SHOTS}/${name}-${scheme}.png` });
  }
  await person.page.emulateMedia({ colorScheme: "light" });
  await person.page.setViewportSize({ width: 1280, height: 800 });
}

test("either of two chooses how long messages last; both see a line, and a mark on what is written then", async () => {
  await ada.button("Contact details").click();
  const box = ada.page.getByRole("dialog", { name: /^Contact details/ });
  const choice = box.getByRole("combobox", { name: "Disappearing messages" });
  assert.equal(await choice.inputValue(), "0");
  await choice.selectOption({ label: "1 hour" });
  await seesLine(ada, "You set new messages to disappear after 1 hour");
  assert.deepEqual(await faults(ada.page), []);
  await look(ada, "timer-contact");
  await ada.page.keyboard.press("Escape");
  await seesLine(bob, "Ada set new messages to disappear after 1 hour");
  await ada.send("soon gone");
  await bob.sees("soon gone");
  for (const person of [ada, bob]) {
    const message = person.messages().filter({ hasText: "soon gone" });
    await message.getByRole("img", { name: "Disappears 1 hour after it's read" }).waitFor();
  }
  const before = bob.messages().filter({ hasText: "Hello Bob" });
  assert.equal(await before.getByRole("img", { name: /^Disappears/ }).count(), 0);
  await bob.button("Contact details").click();
  const theirs = bob.page.getByRole("combobox", { name: "Disappearing messages" });
  assert.equal(await theirs.inputValue(), "3600");
  await bob.page.keyboard.press("Escape");
  await look(bob, "timer-chat");
});

test("in a group those choose who may change it", async () => {
  await createGroup(ada, "Team", ["Bob"]);
  const box = await openInfo(ada);
  await box.getByRole("combobox", { name: "Disappearing messages" }).selectOption({ label: "1 week" });
  await seesLine(ada, "You set new messages to disappear after 1 week");
  await look(ada, "timer-group");
  await ada.page.keyboard.press("Escape");
  await bob.page.getByRole("link", { name: /^Team/ }).click();
  const theirs = await openInfo(bob);
  await theirs.getByText("Disappearing messages").waitFor();
  assert.equal(await theirs.getByRole("combobox", { name: "Disappearing messages" }).count(), 0);
  assert.match(plain(await theirs.innerText()), /Disappearing messages/);
});
