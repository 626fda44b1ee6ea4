// Invite links of a group: a person joins while all members are away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { about, closeInfo, createGroup, dialog, openInfo, plain, seesLine } from "./lib/group.mjs";
import { openDevices } from "./lib/link.mjs";
import { Looks } from "./lib/looks.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

const NAMES = ["Ada", "Bob", "Carol", "Dan", "Eve"];

const everybody = [];
const looks = new Looks("join");
let relay;
/** Ada is the first person; all have a browser profile of their own. */
const members = [];
let finn;
let gus;
let link;

before(async () => {
  relay = await Relay.start();
  for (const name of NAMES) members.push(await arrive(name));
  const [ada, ...others] = members;
  for (const friend of others) {
    await ada.startChat(friend.username);
    await ada.send(`Hello ${friend.name}`);
    await friend.openChat("Ada");
    await friend.send("Hello Ada");
    await ada.sees("Hello Ada");
  }
  await createGroup(ada, "Climbing", NAMES.slice(1));
  await ada.button("5 members").waitFor();
  await ada.send("Saturday at ten?");
  for (const friend of others) {
    await friend.openChat("Climbing");
    await friend.sees("Saturday at ten?");
    await friend.send(`${friend.name} is in`);
    await ada.sees(`${friend.name} is in`);
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
const unconfirmed = ({ page }) => page.getByRole("status").filter({ hasText: "Nobody has confirmed yet that this is the group" });

/** Checks that the chat reports no unreadable message, and the screen nothing that cannot be decrypted. */
async function readsEverything({ page }) {
  assert.doesNotMatch(plain(await page.locator("body").innerText()), /decrypt/i);
  const chat = plain(await page.getByRole("region", { name: "Climbing" }).innerText());
  assert.doesNotMatch(chat, /can't|cannot|missing|lost|damaged/i);
}

async function makeLink(box, terms = {}) {
  const before = await links(box).count();
  await box.getByRole("button", { name: "Create invite link" }).click();
  for (const [name, value] of Object.entries(terms)) await box.getByRole("combobox", { name }).selectOption(value);
  await box.getByRole("button", { name: "Create link" }).click();
  const made = links(box).nth(before);
  await made.getByRole("button", { name: "Copy link" }).waitFor();
  return made;
}

test("an admin makes a link, and members see no links", async () => {
  const [ada, bob] = members;
  const box = await openInfo(ada);
  await box.getByText("Anyone with this link can join and see who is in the group.").waitFor();
  await box.getByRole("button", { name: "Create invite link" }).click();
  await ada.page.waitForFunction(() => document.activeElement?.id === "link-lasts");
  assert.equal(await box.getByRole("combobox", { name: "Link works for" }).inputValue(), "7 days");
  assert.equal(await box.getByRole("combobox", { name: "How many can join" }).inputValue(), "No limit");
  await box.getByRole("combobox", { name: "How many can join" }).scrollIntoViewIfNeeded();
  await looks.at(ada, "admin-choices");
  await box.getByRole("button", { name: "Cancel" }).click();
  const made = await makeLink(box, { "Link works for": "30 days" });
  await made.getByText("Your link").waitFor();
  await made.getByText(/^0 joined · works until \d+ \w+ \d{4}, \d\d:\d\d$/).waitFor();
  link = await made.locator(".invite-link").innerText();
  assert.match(link, /#g\/[a-z2-7]{26}\/[a-z2-7]{52}\/[a-z2-7]{52}$/);
  await made.getByRole("button", { name: "Show QR code" }).click();
  await made.getByRole("img", { name: "Group link QR code" }).waitFor();
  await made.getByRole("button", { name: "Revoke…" }).scrollIntoViewIfNeeded();
  await looks.at(ada, "admin");
  await made.getByRole("button", { name: "Hide QR code" }).click();
  await closeInfo(ada);
  await seesLine(ada, "You created an invite link.");
  await seesLine(bob, "Ada created an invite link.");
  const his = await openInfo(bob);
  assert.equal(await his.getByRole("heading", { name: "Invite links" }).count(), 0);
  await closeInfo(bob);
});

test("with all five away somebody opens the link, makes an account, joins and writes", async (t) => {
  for (const member of members) await member.leave();
  finn = await Person.prepare(relay);
  everybody.push(finn);
  let cut = 0;
  finn.page.on("websocket", (socket) => socket.on("close", () => (cut += 1)));
  const begun = Date.now();
  await finn.page.goto(link);
  await finn.page.getByText("You're invited to a group").waitFor();
  let shooting = 0;
  const shot = async (name) => {
    const at = Date.now();
    await looks.at(finn, name);
    shooting += Date.now() - at;
  };
  await shot("1-opened");
  await finn.page.getByRole("textbox", { name: "Your name" }).fill("Finn");
  await finn.page.getByRole("textbox", { name: "Username" }).fill("finn");
  await finn.page.getByText("This username is free.").waitFor();
  await shot("2-account");
  await finn.button("Create account").click();
  const box = preview(finn);
  await box.getByRole("heading", { name: "Climbing" }).waitFor();
  await box.getByText("5 people", { exact: true }).waitFor();
  assert.equal(await finn.page.getByRole("link", { name: /^Climbing/ }).count(), 0, "looking is not joining");
  await shot("3-preview");
  await box.getByRole("button", { name: "Join", exact: true }).click();
  await finn.page.getByRole("heading", { name: "Climbing", level: 1 }).waitFor();
  await finn.composer().waitFor();
  await finn.button("6 members").waitFor();
  await seesLine(finn, "You joined with");
  await unconfirmed(finn).waitFor();
  await shot("4-joined");
  await finn.send("Hello, I'm Finn. I'm new here!");
  await finn.seesState("sent");
  const took = (Date.now() - begun - shooting) / 1000;
  t.diagnostic(`from opening the link to the first message sent: ${took.toFixed(1)} s`);
  assert.ok(took < 60, `${took} s`);
  await shot("5-first-message");
  await readsEverything(finn);
  assert.equal(cut, 0, "the connection lasts");
});

test("the five return one by one, and find who is new and what they wrote", async () => {
  for (const member of [...members].reverse()) {
    await member.comeBack();
    await member.openChat("Climbing");
    await seesLine(member, `Finn joined with ${member === members[0] ? "your" : "Ada's"} invite link.`);
    await member.sees("Hello, I'm Finn. I'm new here!");
    await member.button("6 members").waitFor();
    await readsEverything(member);
    if (member === members[1]) await looks.at(member, "6-members");
    if (member !== members[0]) await member.leave();
  }
  const [ada] = members;
  await ada.send("Welcome, Finn!");
  await finn.sees("Welcome, Finn!");
  await unconfirmed(finn).waitFor({ state: "detached" });
  await readsEverything(finn);
  await looks.at(finn, "7-confirmed");
  const box = await openInfo(ada);
  await links(box).getByText(/^1 joined/).waitFor();
  await closeInfo(ada);
});

test("who is in the group already is led into its chat", async () => {
  await finn.button("Settings").click();
  await finn.page.getByRole("region", { name: "Settings" }).waitFor();
  await finn.page.goto(link);
  await finn.page.getByRole("heading", { name: "Climbing", level: 1 }).waitFor();
  await finn.composer().waitFor();
  assert.equal(await preview(finn).count(), 0);
});

test("a link that is pasted in New chat leads to the group, and elsewhere it is said what it is", async () => {
  gus = await arrive("Gus");
  await gus.button("New chat").first().click();
  await dialog(gus, "New chat").getByRole("textbox", { name: "Username or invite link" }).fill(`Join us: ${link}.`);
  await preview(gus).getByText("6 people", { exact: true }).waitFor();
  await preview(gus).getByRole("button", { name: "Not now" }).click();
  await preview(gus).waitFor({ state: "detached" });
  await gus.page.waitForFunction(() => !history.state.endsWith(" join"));
  assert.equal(await gus.page.getByRole("link", { name: /^Climbing/ }).count(), 0);
  await openDevices(gus);
  const linking = dialog(gus, "Link a device");
  await linking.getByRole("textbox", { name: "Code from the other device" }).fill(link);
  await linking.getByRole("button", { name: "Use this code" }).click();
  await linking.getByText(/^That's an invite link to a group\./).waitFor();
  await linking.getByRole("button", { name: "Close", exact: true }).click();
  await gus.page.waitForFunction(() => !history.state.endsWith(" link"));
  await gus.page.goto(`${relay.url}/#${link.split("#")[1].slice(0, -8)}`);
  await preview(gus).getByText("This link isn't complete. Copy all of it and try again.").waitFor();
  await preview(gus).getByRole("button", { name: "OK" }).click();
});

test("without a connection it is said, and the group is there once there is one", async () => {
  await relay.kill();
  await gus.page.getByRole("status", { name: "Connection" }).getByText(/^Offline/).waitFor();
  await gus.page.goto(link);
  await preview(gus).getByText("You're offline. Try again when you're connected.").waitFor();
  await looks.at(gus, "offline");
  await preview(gus).getByRole("button", { name: "Try again" }).click();
  await preview(gus).getByText("You're offline. Try again when you're connected.").waitFor();
  await relay.run();
  // A request that waits for a connection goes on by itself.
  await preview(gus).getByRole("heading", { name: "Climbing" }).waitFor({ timeout: 60_000 });
  await preview(gus).getByRole("button", { name: "Not now" }).click();
  await gus.page.waitForFunction(() => !history.state.endsWith(" join"));
});

test("a revoked link leads nowhere, and who came by it stays", async () => {
  const [ada] = members;
  const box = await openInfo(ada);
  await links(box).getByRole("button", { name: "Revoke…" }).click();
  await box.getByText(/^Revoke this link\?/).waitFor();
  await box.getByRole("button", { name: "Revoke link" }).click();
  await box.getByRole("list", { name: "Invite links" }).waitFor({ state: "detached" });
  await closeInfo(ada);
  await seesLine(ada, "You turned off an invite link.");
  await gus.page.goto(link);
  await preview(gus).getByText("This link doesn't work any more. Ask for a new one.").waitFor();
  await looks.at(gus, "over");
  await preview(gus).getByRole("button", { name: "OK" }).click();
  await finn.send("Still here");
  await ada.sees("Still here");
});

test("whoever removes somebody is told that all links stop working", async () => {
  const [ada] = members;
  const box = await openInfo(ada);
  await about(box, "Finn", "Remove from group");
  const question = box.getByRole("alert").filter({ hasText: /^Remove .*Finn/ });
  await question.waitFor();
  assert.doesNotMatch(await question.innerText(), /invite links/);
  await box.getByRole("button", { name: "Cancel" }).click();
  const other = await makeLink(box, { "How many can join": "1 person" });
  await other.getByText(/^0 of 1 joined/).waitFor();
  await box.getByRole("button", { name: "Remove from group" }).click();
  await question.filter({ hasText: "All invite links of this group stop working." }).waitFor();
  await box.getByRole("button", { name: "Remove", exact: true }).click();
  await box.getByRole("list", { name: "Invite links" }).waitFor({ state: "detached" });
  await closeInfo(ada);
});

test("p10: who comes by a link reads what the group keeps, with everybody away", async () => {
  const [ada, ...others] = members;
  let box = await openInfo(ada);
  await box.getByRole("combobox", { name: "New members see" }).selectOption("Messages from now on");
  await box.getByText("New members can read the last 30 days").waitFor();
  await closeInfo(ada);
  await seesLine(ada, "You set what newcomers see: what is written from now on.");
  await ada.send("Kept for newcomers");
  await ada.seesState("sent");
  box = await openInfo(ada);
  const kept = await (await makeLink(box)).locator(".invite-link").innerText();
  await closeInfo(ada);
  for (const { page } of [ada, ...others]) if (!page.isClosed()) await page.goto("about:blank");
  const hal = await arrive("Hal");
  await hal.page.goto(kept);
  await preview(hal).getByRole("button", { name: "Join" }).click();
  await hal.sees("Kept for newcomers");
  await seesLine(hal, "This group keeps 1 earlier message for newcomers.");
});

test("what was looked at has no faults", () => assert.deepEqual(looks.wrong, []));
