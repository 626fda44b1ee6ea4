// Groups: making one, chatting in it, its members and permissions.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PICTURE, about, choosePeople, closeInfo, createGroup, dialog, member, openInfo, openNewGroup, plain, seesLine } from "./lib/group.mjs";
import { Looks } from "./lib/looks.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";
import { walks } from "./lib/walk.mjs";

const people = [];
const looks = new Looks("group");
let relay;
let ada;
let bob;
let carol;

before(async () => {
  relay = await Relay.start();
  ada = await arrive("Ada", "ada");
  bob = await arrive("Bob", "bob");
  carol = await arrive("Carol", "carol");
  for (const friend of [bob, carol]) {
    await ada.startChat(friend.username);
    await ada.send(`Hello ${friend.name}`);
    await friend.openChat("Ada");
    await friend.send("Hello Ada");
    await ada.sees("Hello Ada");
  }
});

after(async () => {
  const ends = await Promise.allSettled(people.map((person) => person?.close()));
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

async function arrive(name, username) {
  const person = await Person.arrive(relay);
  people.push(person);
  await person.createAccount(name, username);
  return person;
}

const row = (person, name) =>
  person.page.getByRole("list", { name: "Chats", exact: true }).getByRole("link", { name: new RegExp(`^${name}, group`) });
const requests = (person, count) => person.page.getByRole("link", { name: `Message requests, ${count}`, exact: true });

test("a group without a name, and somebody whom nobody knows, are said", async () => {
  const box = await openNewGroup(ada);
  await box.getByRole("textbox", { name: "Username or invite link" }).fill("nobody-here");
  await box.getByRole("button", { name: "Add person" }).click();
  await box.getByText(/^No one found with that username/).waitFor();
  await box.getByRole("textbox", { name: "Username or invite link" }).fill("");
  await choosePeople(box, ["Bob"]);
  await box.getByRole("button", { name: "Take out Bob" }).waitFor();
  await looks.at(ada, "people");
  await box.getByRole("button", { name: "Take out Bob" }).click();
  await box.getByRole("list", { name: "Chosen people" }).waitFor({ state: "detached" });
  assert.equal(await box.getByRole("checkbox", { name: /^Bob/ }).isChecked(), false);
  await box.getByRole("button", { name: "Next" }).click();
  await box.getByText("Just you for now.").waitFor();
  await ada.page.waitForFunction(() => document.activeElement?.id === "group-name");
  await ada.page.keyboard.press("Enter");
  await box.getByText("Enter a name for the group.").waitFor();
  await looks.at(ada, "name");
  await ada.page.keyboard.press("Escape");
  await box.waitFor({ state: "detached" });
});

test("three people have a group", async () => {
  await createGroup(ada, "Team", ["Bob", "Carol"]);
  await seesLine(ada, "You created the group Team.");
  await seesLine(ada, "You added Bob and Carol.");
  await ada.button("3 members").waitFor();
  for (const person of [bob, carol]) {
    await row(person, "Team").waitFor();
    await person.openChat("Team");
    await person.button("3 members").waitFor();
  }
  await seesLine(bob, "Ada added you.");
});

test("all see what each writes, by name and in one colour; a run has one name", async () => {
  await ada.send("Hello all");
  await bob.sees("Hello all");
  await bob.send("Hello Ada and Carol");
  await bob.send("How are you?");
  await carol.sees("How are you?");
  await carol.send("Fine");
  await ada.sees("Fine");
  await carol.page.getByRole("article", { name: /^Bob, / }).first().waitFor();
  assert.deepEqual(await carol.page.locator(".log .author").allInnerTexts(), ["Ada", "Bob"]);
  assert.deepEqual(await ada.page.locator(".log .author").allInnerTexts(), ["Bob", "Carol"]);
  const colour = (person) =>
    person.page.locator(".log .author", { hasText: "Bob" }).first().evaluate((author) => getComputedStyle(author).color);
  assert.equal(await colour(ada), await colour(carol));
  await ada.page.getByRole("link", { name: /^Team, group, .*Carol: Fine/ }).waitFor();
  await looks.at(carol, "chat");
});

test("a message in a group that is not open is announced with its author, and counts", async () => {
  await carol.openChat("Ada");
  await bob.send("Are you there?");
  await carol.page.getByText("Bob in Team: Are you there?", { exact: true }).waitFor({ state: "attached" });
  await row(carol, "Team").filter({ hasText: "1" }).waitFor();
  assert.equal(await carol.page.title(), "(1) Parley");
  await carol.openChat("Team");
  await carol.sees("Are you there?");
});

test("who has read a message is said below it, and by name in its details", async () => {
  // Everybody reports what they have read at most once a minute; the first message is reported at once.
  await ada.page.getByRole("article", { name: /^You, .*, read by everybody$/ }).waitFor();
  const message = ada.messages().filter({ hasText: "Hello all" });
  await message.hover();
  await message.getByRole("button", { name: "Details" }).click();
  const box = dialog(ada, "Message details");
  const read = box.getByRole("list", { name: "Read by", exact: true });
  await read.getByText("Carol").waitFor();
  assert.deepEqual(await read.getByRole("listitem").locator("span[dir]").allInnerTexts(), ["Bob", "Carol"]);
  await looks.at(ada, "details");
  await box.getByRole("button", { name: "Close", exact: true }).click();
});

test("somebody is mentioned by the keyboard, and sees it", async () => {
  await bob.composer().focus();
  await bob.page.keyboard.type("What do you think, @");
  const options = bob.page.getByRole("listbox", { name: "Members to mention" }).getByRole("option");
  await options.nth(1).waitFor();
  await looks.at(bob, "mention");
  await bob.composer().focus();
  await bob.page.keyboard.type("ca");
  await bob.page.waitForFunction(() => document.querySelectorAll("#mentions [role=option]").length === 1);
  await bob.page.keyboard.press("Enter");
  assert.equal(await bob.composer().inputValue(), "What do you think, @Carol ");
  assert.equal(await options.count(), 0);
  await bob.page.keyboard.press("Enter");
  await carol.sees("What do you think, @Carol");
  await carol.page.locator(".log strong.mention", { hasText: "@Carol" }).waitFor();
  await ada.sees("What do you think, @Carol");
  assert.equal(await ada.page.locator(".log strong.mention").count(), 0);
});

test("name and picture are changed by who may", async () => {
  const box = await openInfo(ada);
  await looks.at(ada, "info");
  await box.getByRole("button", { name: "Rename" }).click();
  await box.getByRole("textbox", { name: "Group name" }).fill("Crew");
  await box.getByRole("button", { name: "Save name" }).click();
  await ada.page.getByRole("heading", { name: "Crew", level: 1 }).waitFor({ state: "attached" });
  await box.locator("#group-picture").setInputFiles({ name: "red.png", mimeType: "image/png", buffer: PICTURE });
  await box.getByRole("button", { name: "Remove picture" }).waitFor();
  await closeInfo(ada);
  await seesLine(bob, "Ada renamed the group to Crew.");
  await seesLine(bob, "Ada changed the group's picture.");
  await row(bob, "Crew").locator("img").waitFor();
  const others = await openInfo(bob);
  await others.getByText("Who may write").waitFor();
  assert.equal(await others.getByRole("button", { name: "Rename" }).count(), 0, "a member may not");
  assert.equal(await others.getByRole("combobox").count(), 0);
  await closeInfo(bob);
});

test("an admin may do more, and where only admins write the others read", async () => {
  const box = await openInfo(ada);
  await about(box, "Bob", "Make admin");
  await member(box, "Bob").getByText("Admin", { exact: true }).waitFor();
  await box.getByRole("combobox", { name: "Who may write" }).selectOption("Admins");
  await closeInfo(ada);
  await seesLine(bob, "Ada made you an admin.");
  await carol.page.getByText("Only admins can write in this group.").waitFor();
  assert.equal(await carol.composer().count(), 0);
  await looks.at(carol, "silent");
  await bob.send("Admins only");
  await carol.sees("Admins only");
  const his = await openInfo(bob);
  await his.getByRole("combobox", { name: "Who may write" }).selectOption("Everybody");
  await his.getByRole("button", { name: "Options for Ada" }).click();
  assert.equal(await his.getByRole("button", { name: "Remove from group" }).count(), 0, "not the owner");
  assert.equal(await his.getByRole("button", { name: /^Make / }).count(), 0, "owners say who is what");
  await closeInfo(bob);
  await carol.composer().waitFor();
});

test("a member's options lead to the chat with them and to its safety number", async () => {
  const box = await openInfo(ada);
  await about(box, "Bob", "Safety number");
  await dialog(ada, /^Contact details: Bob/).getByRole("group", { name: "Safety number" }).waitFor();
  await ada.page.keyboard.press("Escape");
  await about(await openInfo(ada), "Bob", "Message");
  await ada.page.getByRole("heading", { name: "Bob", level: 1 }).waitFor();
  await ada.openChat("Crew");
});

test("an owner steps down where there is another one", async () => {
  const box = await openInfo(ada);
  assert.equal(await box.getByRole("button", { name: "Options for Ada" }).count(), 0, "the only one cannot");
  await about(box, "Bob", "Make owner");
  await member(box, "Bob").getByText("Owner", { exact: true }).waitFor();
  await about(box, "Ada", "Make member");
  await box.getByText(/^You won't be an owner of this group any more/).waitFor();
  await box.getByRole("button", { name: "Cancel", exact: true }).click();
  await focusIs(ada, "Options for Ada");
  await box.getByRole("button", { name: "Make member", exact: true }).click();
  await box.getByRole("button", { name: "Step down", exact: true }).click();
  await member(box, "Ada").getByText("Owner", { exact: true }).waitFor({ state: "detached" });
  await box.getByRole("button", { name: "Options for Ada" }).waitFor({ state: "detached" });
  await closeInfo(ada);
  await seesLine(ada, "You are now a member.");
  await seesLine(bob, "Ada is now a member.");
  const his = await openInfo(bob);
  await about(his, "Ada", "Make owner");
  await member(his, "Ada").getByText("Owner", { exact: true }).waitFor();
  await about(his, "Bob", "Make admin");
  await his.getByRole("button", { name: "Step down", exact: true }).click();
  await member(his, "Bob").getByText("Admin", { exact: true }).waitFor();
  await closeInfo(bob);
  await seesLine(ada, "Bob made you an owner.");
});

/** Waits until the element with this name has the focus. */
const focusIs = ({ page }, name) =>
  page.waitForFunction((name) => {
    const at = document.activeElement;
    return (at?.getAttribute("aria-label") ?? at?.innerText) === name;
  }, name);

/** Presses Tab until the element with this name has the focus, and then a key. */
async function press({ page }, name, key) {
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const at = document.activeElement;
      if (at === document.body) return "";
      return at?.getAttribute("aria-label") ?? (at?.closest("label") ?? at)?.innerText ?? "";
    });
    if (at.split("\n").includes(name)) return page.keyboard.press(key);
  }
  throw new Error(`Tab does not lead to ${name}`);
}

/** Ada adds a person who never talked to her, and who looks at the invitation. */
async function invite(person, count) {
  const box = await openInfo(ada);
  await box.getByRole("button", { name: "Add people" }).click();
  assert.equal(await box.getByRole("checkbox", { name: /^Bob/ }).isDisabled(), true, "he is in it");
  await choosePeople(box, [], [person.username]);
  await box.getByRole("button", { name: "Add to group" }).click();
  await box.getByRole("list", { name: "Members" }).waitFor();
  await closeInfo(ada);
  await requests(person, 1).waitFor();
  await person.page.getByText("@ada added you to the group Crew", { exact: true }).waitFor({ state: "attached" });
  assert.equal(await person.page.title(), "Parley", "invitations do not count");
  await requests(person, 1).click();
  await person.page.getByRole("list", { name: "Message requests" }).getByRole("link", { name: /^Crew/ }).click();
  const sentence = await person.page.locator(".request-question").innerText();
  assert.equal(plain(sentence), `@ada added you to Crew, a group with ${count} members.`);
  assert.equal(await person.composer().count(), 0);
  assert.equal(await person.button("Group info").count(), 0);
}

test("somebody who never talked to who adds them is asked first, and may decline", async () => {
  const dan = await arrive("Dan", "dan");
  await invite(dan, 4);
  await looks.at(dan, "invitation");
  await dan.button("Block").click();
  await dan.page.getByText(/Decline, and block .@ada.\?/).waitFor();
  await dan.button("Cancel").click();
  await dan.button("Decline").click();
  await dan.page.getByRole("link", { name: /^Message requests/ }).waitFor({ state: "detached" });
  await bob.send("Where is Dan?");
  await ada.sees("Where is Dan?");
  await dan.page.waitForTimeout(1_000);
  assert.equal(await dan.page.getByRole("link", { name: /Crew/ }).count(), 0, "nothing more is heard of it");
});

test("who joins can write", async () => {
  const eve = await arrive("Eve", "eve");
  await invite(eve, 5);
  await eve.button("Join").click();
  await eve.composer().waitFor();
  await eve.page.waitForFunction(() => document.activeElement?.id === "message");
  await eve.send("Thanks");
  await bob.sees("Thanks");
});

test("who is removed reads what there was, and writes no more", async () => {
  const box = await openInfo(ada);
  await about(box, "Carol", "Remove from group");
  await box.getByRole("button", { name: "Cancel", exact: true }).click();
  await box.getByRole("button", { name: "Remove from group", exact: true }).click();
  await looks.at(ada, "remove");
  await box.getByRole("button", { name: "Remove", exact: true }).click();
  await member(box, "Carol").waitFor({ state: "detached" });
  await closeInfo(ada);
  await seesLine(bob, "Ada removed Carol.");
  await carol.page.getByText(/^You were removed from this group\./).waitFor();
  assert.equal(await carol.composer().count(), 0);
  await carol.sees("Hello all");
  await bob.send("Without Carol");
  await ada.sees("Without Carol");
  assert.equal(await carol.messages().filter({ hasText: "Without Carol" }).count(), 0);
});

test("the only owner leaves, and says who is it then", async () => {
  const box = await openInfo(ada);
  await box.getByRole("button", { name: "Leave group" }).click();
  const owner = box.getByRole("combobox", { name: "Next owner" });
  assert.equal(await owner.locator("option:checked").innerText(), "The group chooses");
  await owner.selectOption({ label: "Bob" });
  await looks.at(ada, "leave");
  await box.getByRole("button", { name: "Leave", exact: true }).click();
  await box.waitFor({ state: "detached" });
  await ada.page.getByText(/^You left this group\./).waitFor();
  await seesLine(bob, "Ada left.");
  const his = await openInfo(bob);
  assert.equal(await member(his, "Ada").count(), 0);
  await member(his, "Bob").getByText("Owner", { exact: true }).waitFor();
  await closeInfo(bob);
  await ada.button("Delete chat…").click();
  await ada.button("Delete this chat").click();
  await row(ada, "Crew").waitFor({ state: "detached" });
});

test("a group is made and looked after by keyboard alone", async () => {
  const { page } = ada;
  await page.keyboard.press("Control+k");
  await dialog(ada, "New chat").waitFor();
  await press(ada, "New group", "Enter");
  await dialog(ada, "New group").getByRole("checkbox", { name: /^Bob/ }).waitFor();
  await page.waitForFunction(() => document.activeElement?.closest("dialog"));
  await walks(page, "new group");
  await press(ada, "Bob", "Space");
  await press(ada, "Next", "Enter");
  await page.waitForFunction(() => document.activeElement?.id === "group-name");
  await page.keyboard.type("Keys");
  await walks(page, "name of a group");
  await page.evaluate(() => document.getElementById("group-name").focus());
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "message");
  await seesLine(ada, "You added Bob.");
  await walks(page, "group");
  await press(ada, "Group info", "Enter");
  const box = dialog(ada, /^Group info/);
  await member(box, "Bob").waitFor();
  await press(ada, "Rename", "Enter");
  await page.waitForFunction(() => document.activeElement?.id === "rename-group-name");
  await page.keyboard.type(" and locks");
  await page.keyboard.press("Enter");
  await focusIs(ada, "Rename");
  await press(ada, "Add people", "Enter");
  await box.getByRole("heading", { name: "Add people" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.closest("dialog"));
  await walks(page, "add people");
  await press(ada, "Back", "Enter");
  await focusIs(ada, "Add people");
  await press(ada, "Options for Bob", "Enter");
  await walks(page, "group info");
  await press(ada, "Remove from group", "Enter");
  await focusIs(ada, "Cancel");
  await page.keyboard.press("Enter");
  await focusIs(ada, "Options for Bob");
  await press(ada, "Remove from group", "Enter");
  await focusIs(ada, "Cancel");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await member(box, "Bob").waitFor({ state: "detached" });
  await focusIs(ada, "Add people");
  await page.keyboard.press("Escape");
  // The browser has closed it a moment before the page learns of that.
  await page.waitForFunction(() => !document.querySelector("dialog"));
  await focusIs(ada, "Group info");
  await page.keyboard.press("Enter");
  await box.waitFor();
  await press(ada, "Leave group", "Enter");
  await focusIs(ada, "Cancel");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "no-composer");
});

test("nothing sticks out, and axe-core finds nothing wrong", () => {
  assert.deepEqual(looks.wrong, []);
});
