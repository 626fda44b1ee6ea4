// The path to the relay is dead, hangs or is full, or the page came by a way that browsers do not trust: the app notices it,
// says what it is, and goes on by itself as soon as it can.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person } from "./lib/person.mjs";
import { Proxy } from "./lib/proxy.mjs";
import { Relay } from "./lib/relay.mjs";

/** How long the app may take to notice. An earlier version had not noticed after ten minutes; a loaded machine takes some seconds. */
const NOTICED = { timeout: 60_000 };

let relay;
let proxy;
let ada;
let bob;
const people = [];

async function arrive(where, options) {
  const person = await Person.prepare(where, options);
  people.push(person);
  return person;
}

const status = (person) => person.page.getByRole("status", { name: "Connection" });
const told = (person, text) => status(person).filter({ hasText: text });

/** Runs with these environment variables for the relays that start meanwhile. */
async function withEnv(variables, act) {
  Object.assign(process.env, variables);
  try {
    return await act();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

before(async () => {
  relay = await Relay.start();
  proxy = await Proxy.start(relay);
  ada = await arrive(proxy);
  bob = await arrive(relay);
  for (const person of [ada, bob]) await person.page.goto(person.relay.url);
  await ada.createAccount("Ada", "ada");
  await bob.createAccount("Bob", "bob");
  await ada.startChat("bob");
  await ada.send("Hello Bob");
  await bob.openChat("Ada");
  await bob.sees("Hello Bob");
});

after(async () => {
  const ends = await Promise.allSettled(people.map((person) => person.close()));
  await proxy?.close();
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

test("p5: a connection that dies without a word is noticed though nothing is asked", async (t) => {
  proxy.silence();
  const begun = Date.now();
  await bob.send("over a dead path");
  await ada.messages().filter({ hasText: "over a dead path" }).waitFor(NOTICED);
  t.diagnostic(`it took ${Date.now() - begun} ms`);
  await status(ada).waitFor({ state: "hidden" });
});

test("p5: who comes back learns at once that the connection is dead", async (t) => {
  proxy.silence();
  await bob.send("while nobody looked");
  const begun = Date.now();
  await ada.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await ada.messages().filter({ hasText: "while nobody looked" }).waitFor(NOTICED);
  t.diagnostic(`it took ${Date.now() - begun} ms`);
});

test("p5: a connection that hangs while it opens is given up, and there is a button meanwhile", async () => {
  proxy.hangs = true;
  proxy.cut();
  await told(ada, "Offline").waitFor(NOTICED);
  await ada.send("written meanwhile");
  await ada.seesState("waiting");
  const before = proxy.attempts;
  while (proxy.attempts < before + 2) await ada.page.waitForTimeout(200);
  proxy.hangs = false;
  await ada.button("Try now").click();
  await bob.messages().filter({ hasText: "written meanwhile" }).waitFor(NOTICED);
  await status(ada).waitFor({ state: "hidden" });
});

test("what counts down is not read out", async () => {
  await proxy.close();
  await told(ada, "Offline").waitFor(NOTICED);
  await ada.page.getByText(/^Trying again/).waitFor();
  assert.doesNotMatch(await status(ada).textContent(), /Trying again|\d/);
  const texts = await ada.page.evaluate(
    () =>
      new Promise((done) => {
        const seen = [];
        const status = document.querySelector("[aria-label=Connection]");
        new MutationObserver(() => seen.push(status.textContent)).observe(status, { childList: true, characterData: true, subtree: true });
        setTimeout(() => done(seen), 4_000);
      }),
  );
  assert.deepEqual(texts, [], "nothing is written into what a screen reader reads out");
  await ada.page.getByRole("article", { name: /, (sent|delivered|read)$/ }).last().waitFor();
  const title = await ada.send("waits").then(() => ada.page.getByTitle(/^Offline/).last().getAttribute("title"));
  assert.match(title, /Messages will send when you reconnect/);
});

test("a relay that takes no more connections is said to be busy", async () => {
  const full = await withEnv({ PARLEY_CONNECTIONS_PER_ADDRESS: "1" }, () => Relay.start());
  const first = await arrive(full);
  await first.page.goto(full.url);
  await first.createAccount("First", "first");
  const second = await arrive(full);
  await second.page.goto(full.url);
  await told(second, "Parley is busy right now.").waitFor();
  await second.page.getByText(/^Trying again in (2|3)?\d s\.$/).waitFor();
  await first.leave();
  await second.button("Try now").click();
  await second.createAccount("Second", "second");
  await status(second).waitFor({ state: "hidden" });
  await full.close();
});

test("what waits for a full inbox says so", async () => {
  const full = await withEnv({ PARLEY_INBOX_ENTRIES: "0" }, () => Relay.start());
  const [cay, dan] = [await arrive(full), await arrive(full)];
  for (const person of [cay, dan]) await person.page.goto(full.url);
  await dan.createAccount("Dan", "dan");
  await cay.createAccount("Cay", "cay");
  await cay.startChat("dan");
  await cay.send("hello");
  await cay.page.getByRole("status").filter({ hasText: "Waiting: dan's inbox is full." }).waitFor();
  await cay.seesState("waiting");
  await full.close();
});

test("p9: plain HTTP from another machine is named, before anything fails because of it", async () => {
  const person = await arrive(relay, { flags: ["--host-resolver-rules=MAP parley.test 127.0.0.1"] });
  await person.page.goto(`http://parley.test:${relay.port}`);
  await person.page.getByRole("heading", { name: "Parley needs HTTPS" }).waitFor();
  // The browser itself reports that some headers have no effect here.
  person.problems = person.problems.filter((problem) => !/untrustworthy/.test(problem));
  await person.page.getByRole("alert").filter({ hasText: "HTTPS" }).waitFor();
  const address = `https://parley.test:${relay.port}/`;
  assert.equal(await person.page.getByRole("link", { name: address }).getAttribute("href"), address);
  // Also after the worker, which the page starts before it looks, has reported.
  await person.page.waitForTimeout(1_000);
  assert.equal(await person.page.getByRole("heading").textContent(), "Parley needs HTTPS");
});

test("a window that may be a private one says what closing it does, before there is anything to lose", async () => {
  for (const [quota, warned] of [[1_000_000_000, true], [200_000_000_000, false]]) {
    const person = await arrive(relay);
    await person.page.addInitScript((quota) => {
      StorageManager.prototype.estimate = async () => ({ usage: 1_000, quota });
      StorageManager.prototype.persisted = async () => false;
    }, quota);
    await person.page.goto(relay.url);
    const first = person.page.getByText("If this is a private window");
    await (warned ? first.waitFor() : person.button("Create account").waitFor());
    assert.equal(await first.count(), warned ? 1 : 0);
    await person.createAccount("Eve", warned ? "eve" : "eva");
    const notice = person.page.getByRole("status").filter({ hasText: "If this is a private window" });
    if (warned) {
      await notice.getByRole("button", { name: "Write it down" }).click();
      await person.page.getByRole("button", { name: "Show recovery phrase" }).waitFor();
    } else {
      assert.equal(await notice.count(), 0);
    }
  }
});
