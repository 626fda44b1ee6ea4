// Halves of the engine, which the worker loads when it first needs them (docs/adr/0026). A quick build has none.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { createGroup } from "./lib/group.mjs";
import { hasChats, isLinked, linkByCode } from "./lib/link.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

const GROUPS = "/part_group_half-";
const ACCOUNT = "/part_account_half-";
const whole = !readdirSync(process.env.PARLEY_APP_DIR).some((name) => name.startsWith("part_group_half"));
const options = { skip: whole ? "this build is not split" : false };

const people = [];
let relay;
let ada;
let bob;

before(async () => {
  relay = await Relay.start();
  ada = await arrive("Ada", "ada");
  bob = await arrive("Bob", "bob");
  await ada.startChat("bob");
  await ada.send("Hello Bob");
  await bob.openChat("Ada");
  await bob.send("Hello Ada");
  await ada.sees("Hello Ada");
});

after(async () => {
  const ends = await Promise.allSettled(people.map((person) => person?.close()));
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

async function arrive(name, username) {
  const person = await Person.arrive(relay);
  people.push(person);
  person.asked = [];
  person.context.on("request", (request) => person.asked.push(request.url()));
  await person.createAccount(name, username);
  return person;
}

const loaded = (person, half) => person.asked.filter((url) => url.includes(half)).length;

async function waitFor(what, says) {
  for (let tries = 0; !(await what()); tries += 1) {
    if (tries > 150) assert.fail(says);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test("a first visit and chats of two load no half", options, async () => {
  await ada.page.waitForTimeout(4_000);
  assert.ok(ada.asked.some((url) => url.includes("/part_stretching-")), "what the worker asks for is seen");
  assert.deepEqual([loaded(ada, GROUPS), loaded(ada, ACCOUNT)], [0, 0]);
});

test("making a group loads it, being added loads it, and so does a page that is loaded again", options, async () => {
  await createGroup(ada, "Team", ["Bob"]);
  await waitFor(() => loaded(ada, GROUPS) === 1, "the half was not asked for");
  await bob.openChat("Team");
  assert.equal(loaded(bob, GROUPS), 1);
  await ada.send("in the group");
  await bob.sees("in the group");
  bob.asked.length = 0;
  await bob.page.reload();
  await bob.openChat("Team");
  await bob.sees("in the group");
  await waitFor(() => loaded(bob, GROUPS) === 1, "the half was not asked for again");
  await bob.send("still here");
  await ada.sees("still here");
  assert.deepEqual([loaded(ada, ACCOUNT), loaded(bob, ACCOUNT)], [0, 0]);
});

test("while the half does not come chats of two go on, and it is asked for again", options, async () => {
  await ada.context.route(`**${GROUPS}*`, (route) => route.abort());
  ada.asked.length = 0;
  await ada.page.reload();
  await ada.openChat("Bob");
  await ada.send("without groups");
  await bob.openChat("Ada");
  await bob.sees("without groups");
  await bob.openChat("Team");
  await bob.send("who is missing?");
  await waitFor(() => loaded(ada, GROUPS) >= 1, "the half was not asked for");
  await ada.context.unroute(`**${GROUPS}*`);
  await ada.openChat("Team");
  await ada.sees("who is missing?");
  assert.ok(loaded(ada, GROUPS) >= 2);
  // The browser itself reports the refusal so.
  ada.problems = ada.problems.filter((problem) => !/Failed to (load resource|fetch)|ERR_FAILED/.test(problem));
});

test("linking a device loads the other half on both sides", options, async () => {
  const fresh = await Person.arrive(relay);
  people.push(fresh);
  fresh.asked = [];
  fresh.context.on("request", (request) => fresh.asked.push(request.url()));
  await linkByCode(ada, fresh);
  await isLinked(ada);
  await hasChats(fresh);
  assert.deepEqual([loaded(ada, ACCOUNT), loaded(fresh, ACCOUNT)], [1, 1]);
  await fresh.openChat("Team");
  await fresh.sees("who is missing?");
  await waitFor(() => loaded(fresh, GROUPS) === 1, "the new device is in the group without its half");
});
