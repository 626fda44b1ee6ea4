// Asking to join a group by a link that needs approval, and earlier messages that a member shares by hand.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PICTURE, about, closeInfo, createGroup, dialog, member, openInfo, seesLine } from "./lib/group.mjs";
import { Looks } from "./lib/looks.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

const everybody = [];
const looks = new Looks("ask");
let relay;
let ada;
let bob;
let finn;
let link;

before(async () => {
  relay = await Relay.start();
  ada = await arrive("Ada");
  bob = await arrive("Bob");
  await ada.startChat("bob");
  await ada.send("Hello Bob");
  await bob.openChat("Ada");
  await bob.send("Hello Ada");
  await ada.sees("Hello Ada");
  await createGroup(ada, "Climbing", ["Bob"]);
  await ada.button("2 members").waitFor();
  await bob.openChat("Climbing");
  for (const text of ["Saturday at ten?", "I'm in", "Bring a rope"]) {
    await ada.send(text);
    await bob.sees(text);
  }
});

after(async () => {
  const ends = await Promise.allSettled(everybody.map((person) => person?.close()));
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

async function arrive(name) {
  const person = await Person.arrive(relay);
  everybody.push(person);
  await person.createAccount(name, name.toLowerCase());
  return person;
}

const preview = (person) => dialog(person, "Join a group");
const links = (box) => box.getByRole("list", { name: "Invite links" }).getByRole("listitem");
const requests = (box) => box.getByRole("list", { name: "Requests to join" }).getByRole("listitem");
const waiting = ({ page }) => page.getByText("Waiting for an admin to let you in.");

async function makeLink(person, approval) {
  const box = await openInfo(person);
  const before = await links(box).count();
  await box.getByRole("button", { name: "Create invite link" }).click();
  if (approval) {
    await box.getByRole("checkbox", { name: "An admin approves everyone who wants to join" }).check();
    await box.getByRole("combobox", { name: "How many can join" }).waitFor({ state: "detached" });
    await looks.at(person, "new-link");
  }
  await box.getByRole("button", { name: "Create link" }).click();
  const made = links(box).nth(before);
  await made.getByRole("button", { name: "Copy link" }).waitFor();
  const text = await made.locator(".invite-link").innerText();
  if (approval) {
    await made.getByText(/needs approval/).waitFor();
    await box.getByText("Anyone with this link can see the group and ask to join. An admin lets them in.").waitFor();
  }
  await closeInfo(person);
  return text;
}

async function ask(person, greeting) {
  await person.page.goto(link);
  const box = preview(person);
  await box.getByRole("heading", { name: "Climbing" }).waitFor();
  if (greeting) await box.getByRole("textbox", { name: "Message to the admins (optional)" }).fill(greeting);
  return box;
}

test("p10: who asks waits, and is let in later while they are away and read nothing before", async () => {
  link = await makeLink(ada, true);
  await ada.leave();
  finn = await arrive("Finn");
  const box = await ask(finn, "Hi, we met on Sunday.");
  await box.getByText("2 people", { exact: true }).waitFor();
  assert.equal(await box.getByRole("button", { name: "Join", exact: true }).count(), 0);
  await looks.at(finn, "1-preview");
  await box.getByRole("button", { name: "Ask to join" }).click();
  await waiting(finn).waitFor();
  assert.equal(await finn.composer().count(), 0);
  await finn.page.getByText("Waiting for an admin", { exact: true }).first().waitFor();
  await looks.at(finn, "2-waiting");
  await finn.leave();
  await ada.comeBack();
  await ada.openChat("Climbing");
  await ada.page.getByText("1 person asks to join.").waitFor();
  await looks.at(ada, "3-asked");
  await ada.button("Review").click();
  const info = dialog(ada, /^Group info/);
  const one = requests(info);
  await one.getByText("Hi, we met on Sunday.").waitFor();
  await one.getByRole("button", { name: "Show safety number" }).click();
  await one.getByRole("group", { name: "Safety number" }).waitFor();
  await looks.at(ada, "4-request");
  await one.getByRole("button", { name: "Let in" }).click();
  await info.getByRole("list", { name: "Requests to join" }).waitFor({ state: "detached" });
  await member(info, "Finn").waitFor();
  await closeInfo(ada);
  await seesLine(ada, "You added Finn.");
  await ada.send("Welcome, Finn!");
  await finn.comeBack();
  await finn.openChat("Climbing");
  await finn.sees("Welcome, Finn!");
  await seesLine(finn, "Ada added you.");
  await finn.send("Thanks!");
  await bob.sees("Thanks!");
  await seesLine(bob, "Ada added Finn.");
  assert.ok(!(await finn.texts()).some((text) => text.includes("Saturday")), "nothing from before");
});

test("members see no requests, and who is declined or withdraws is gone from the list", async () => {
  const gus = await arrive("Gus");
  await (await ask(gus)).getByRole("button", { name: "Ask to join" }).click();
  await waiting(gus).waitFor();
  await ada.page.getByText("1 person asks to join.").waitFor();
  assert.equal(await bob.page.getByText("asks to join").count(), 0);
  await gus.button("Withdraw request").click();
  await gus.page.getByRole("link", { name: /^Climbing/ }).waitFor({ state: "detached" });
  await ada.page.getByText("1 person asks to join.").waitFor({ state: "detached" });
  const hal = await arrive("Hal");
  await (await ask(hal, "Me too")).getByRole("button", { name: "Ask to join" }).click();
  await waiting(hal).waitFor();
  await ada.button("Review").click();
  const info = dialog(ada, /^Group info/);
  await requests(info).getByRole("button", { name: "Decline…" }).click();
  await info.getByText("They aren't told, and can't ask again with the same link.").waitFor();
  await requests(info).getByRole("button", { name: "Decline", exact: true }).click();
  await info.getByRole("list", { name: "Requests to join" }).waitFor({ state: "detached" });
  await closeInfo(ada);
  assert.equal(await member(await openInfo(ada), "Hal").count(), 0);
  await closeInfo(ada);
});

test("a link that was revoked asks nobody any more, and that is said", async () => {
  const box = await openInfo(ada);
  await links(box).getByRole("button", { name: "Revoke…" }).click();
  await box.getByRole("button", { name: "Revoke link" }).click();
  await box.getByRole("list", { name: "Invite links" }).waitFor({ state: "detached" });
  await closeInfo(ada);
  const ida = await arrive("Ida");
  await ida.page.goto(link);
  await preview(ida).getByText("This link doesn't work any more. Ask for a new one.").waitFor();
});

test("the preview shows the group's picture, and a link of another admin leads in too", async () => {
  const box = await openInfo(ada);
  await box.locator("#group-picture").setInputFiles({ name: "red.png", mimeType: "image/png", buffer: PICTURE });
  await box.getByRole("button", { name: "Remove picture" }).waitFor();
  await about(box, "Bob", "Make admin");
  await member(box, "Bob").getByText("Admin", { exact: true }).waitFor();
  await closeInfo(ada);
  await seesLine(bob, "Ada changed the group's picture.");
  await seesLine(bob, "Ada made you an admin.");
  await bob.page.getByRole("link", { name: /^Climbing/ }).locator("img").waitFor();
  const his = await makeLink(bob, false);
  await ada.page.waitForTimeout(500);
  const hers = await openInfo(ada);
  await links(hers).getByText(/Bob.*'s link/).waitFor();
  await links(hers).getByText(/^Only .*Bob.* can copy this link\.$/).waitFor();
  await closeInfo(ada);
  const eve = await arrive("Eve");
  await eve.page.goto(his);
  await preview(eve).getByRole("heading", { name: "Climbing" }).waitFor();
  await preview(eve).locator("img").waitFor();
  await looks.at(eve, "5-picture");
  await preview(eve).getByRole("button", { name: "Join", exact: true }).click();
  await eve.composer().waitFor();
  await eve.send("Hello from Eve");
  await ada.sees("Hello from Eve");
  await seesLine(ada, "Eve joined with Bob's invite link.");
});

test("p10: a member shares earlier messages when adding somebody and later, and they say so", async () => {
  let box = await openInfo(ada);
  await box.getByRole("combobox", { name: "New members see" }).selectOption("What a member shares");
  await closeInfo(ada);
  await seesLine(finn, "what a member shares");
  box = await openInfo(ada);
  await about(box, "Finn", "Share earlier messages…");
  await box.getByRole("combobox", { name: "Earlier messages they see" }).waitFor();
  await box.getByText("They can check who wrote each message.").waitFor();
  await looks.at(ada, "6-share");
  await box.getByRole("combobox", { name: "Earlier messages they see" }).selectOption("Since a date");
  await box.getByRole("button", { name: "Share", exact: true }).click();
  await box.getByText("Choose a date.").waitFor();
  await box.getByLabel("Since", { exact: true }).fill(new Date().toISOString().slice(0, 10));
  await box.getByRole("button", { name: "Share", exact: true }).click();
  await closeInfo(ada);
  await finn.sees("Bring a rope");
  await seesLine(finn, "with you. Who wrote them is checked; whether some are missing, and their dates, rest on Ada.");
  await finn.page.getByRole("article", { name: /^Ada, .*, shared$/ }).first().waitFor();
  assert.equal(await finn.page.getByRole("article", { name: /^Ada, .*, shared$/ }).filter({ hasText: "Welcome, Finn!" }).count(), 0);
  await looks.at(finn, "7-shared");
  // And at once, with who is being added.
  const jan = await arrive("Jan");
  box = await openInfo(ada);
  await box.getByRole("button", { name: "Add people" }).click();
  await box.getByRole("textbox", { name: "Username or invite link" }).fill("jan");
  await box.getByRole("button", { name: "Add person" }).click();
  await box.getByRole("combobox", { name: "Earlier messages they see" }).selectOption("Last 25 messages");
  await looks.at(ada, "8-add");
  await box.getByRole("button", { name: "Add to group" }).click();
  await member(box, "Jan").waitFor();
  await closeInfo(ada);
  await jan.page.getByRole("link", { name: "Message requests, 1", exact: true }).click();
  await jan.page.getByRole("list", { name: "Message requests" }).getByRole("link", { name: /^Climbing/ }).click();
  await jan.button("Join").click();
  await jan.sees("Bring a rope");
  await jan.page.getByRole("article", { name: /, shared$/ }).first().waitFor();
});

test("what was looked at has no faults", () => assert.deepEqual(looks.wrong, []));
