// Storage that is partly gone, denied, full, slow or failing, and storage of an older release.
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { test } from "node:test";
import { everything } from "./lib/chaos.mjs";
import { failWrites, failures, fillUp, makeRoom, workerOf } from "./lib/freeze.mjs";
import { Person } from "./lib/person.mjs";
import { appWith, Relay } from "./lib/relay.mjs";
import { lay, readDisk } from "./lib/disk.mjs";
import { twoPeople } from "./lib/pair.mjs";

let relay;
let ada;
let bob;

twoPeople((pair) => {
  ({ relay, ada, bob } = pair);
});

/** A person with a browser of their own for one test. */
async function withGuest(act, arrive = true) {
  const guest = await (arrive ? Person.arrive(relay) : Person.prepare(relay));
  try {
    await act(guest);
  } finally {
    await guest.close();
  }
}

const alert = (person, text) => person.page.getByRole("alert").filter({ hasText: text }).waitFor();
/** Waits until the app is open and connected. */
async function online(person) {
  await person.page.getByRole("heading", { name: "Welcome to Parley" }).waitFor();
  await banner(person).waitFor({ state: "hidden" });
}

const banner = (person) => person.page.getByRole("status", { name: "Connection" });

/**
 * A person at a relay of their own, whose app's workers run this code before they start. (Scripts that Playwright changes on
 * their way get no WebSocket.)
 */
async function withPrepared(code, act) {
  const app = await appWith(code);
  const own = await Relay.start(app);
  const guest = await Person.arrive(own);
  try {
    await act(guest);
  } finally {
    await guest.close();
    await own.close();
    await rm(app, { recursive: true });
  }
}

/** Deletes the database like a person who clears the site's data, with the app elsewhere. */
async function deleteDatabase(page) {
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase("parley");
        deleting.onsuccess = resolve;
        deleting.onerror = reject;
      }),
  );
}

const pinned = [
  ["the database is gone while the app is open", async (page) => deleteDatabase(page), "The messages on this device are gone"],
  ["localStorage is gone", async (page) => page.evaluate(() => localStorage.clear()), "Part of this site's data was cleared"],
];
for (const [name, wipe, sentence] of pinned) {
  test(`p9: ${name}: a sentence says so, and one can start over`, () =>
    withGuest(async (guest) => {
      const username = `wiped${pinned.findIndex(([other]) => other === name)}`;
      await guest.createAccount("Guest", username);
      await guest.startChat("bob");
      await wipe(guest.page);
      if (name.startsWith("localStorage")) await guest.page.reload();
      await alert(guest, sentence);
      await guest.page.reload();
      await alert(guest, sentence);
      await guest.button("Start over…").click();
      await guest.button("Delete and start over").click();
      await guest.createAccount("Guest again", `${username}b`);
      await guest.startChat("bob");
    }));
}

test("p9: one of the two items of localStorage is gone, or damaged", () =>
  withGuest(async (guest) => {
    await guest.createAccount("Guest", "halfwiped");
    const kept = await guest.page.evaluate(() => ({ ...localStorage }));
    const put = async (change) => {
      await guest.page.evaluate((items) => {
        localStorage.clear();
        for (const [key, value] of Object.entries(items)) if (value !== null) localStorage.setItem(key, value);
      }, { ...kept, ...change });
      await guest.page.reload();
    };
    await put({ "parley.vault": null });
    await alert(guest, "Part of this site's data was cleared");
    await put({ "parley.master": null });
    await alert(guest, "Part of this site's data was cleared");
    const middle = kept["parley.master"].length / 2;
    const flipped = kept["parley.master"][middle] === "A" ? "B" : "A";
    await put({ "parley.master": kept["parley.master"].slice(0, middle) + flipped + kept["parley.master"].slice(middle + 1) });
    await alert(guest, "doesn't open: it's damaged");
    await put({});
    await guest.startChat("bob");
  }));

test("p9: everything is gone: it is a new device", () =>
  withGuest(async (guest) => {
    await guest.createAccount("Guest", "allgone");
    const session = await guest.context.newCDPSession(guest.page);
    await session.send("Storage.clearDataForOrigin", { origin: relay.url, storageTypes: "all" });
    await guest.page.getByRole("heading", { name: "Welcome to Parley" }).waitFor();
    await guest.createAccount("Guest again", "allgone2");
  }));

test("p9: the browser denies IndexedDB: a sentence, and the app opens when it is allowed", () =>
  withPrepared(
    `const open = IDBFactory.prototype.open;
     IDBFactory.prototype.open = function (...all) {
       if (!globalThis.allowed) throw new DOMException("denied", "SecurityError");
       return open.apply(this, all);
     }`,
    async (guest) => {
      await alert(guest, "This browser gives Parley no place to save your messages.");
      assert.equal(await guest.button("Start over…").count(), 0);
      await (await workerOf(guest.page)).evaluate(() => (globalThis.allowed = true));
      await online(guest);
      await guest.createAccount("Guest", "denied");
    },
  ));

test("p9: the browser denies localStorage: a sentence, nobody is led to delete anything, and later all is there", () =>
  withGuest(async (guest) => {
    await guest.createAccount("Guest", "nolocal");
    await guest.startChat("bob");
    await guest.send("before it was denied");
    await guest.seesState("(sent|delivered|read)");
    await guest.context.addInitScript(() => {
      const kept = localStorage;
      Object.defineProperty(globalThis, "localStorage", {
        get() {
          if (globalThis.allowed) return kept;
          throw new DOMException("denied", "SecurityError");
        },
      });
    });
    await guest.page.reload();
    await alert(guest, "This browser gives Parley no place to save your messages.");
    assert.equal(await guest.button("Start over…").count(), 0);
    await guest.page.evaluate(() => (globalThis.allowed = true));
    await guest.sees("before it was denied");
  }));

test("p9: no room: a sentence, nothing is half-written, and what was written goes on when there is room", () =>
  withGuest(async (guest) => {
    await guest.createAccount("Guest", "noroom1");
    await guest.startChat("bob");
    await guest.send("with room");
    await guest.seesState("(sent|delivered|read)");
    const worker = await workerOf(guest.page);
    await fillUp(worker);
    await guest.send("without room");
    await banner(guest).filter({ hasText: "This browser has no room left for Parley" }).waitFor();
    assert.equal(await guest.messages().filter({ hasText: "without room" }).count(), 0, "it is not shown as written");
    await makeRoom(worker);
    await guest.sees("without room");
    await guest.seesState("(sent|delivered|read)");
    await guest.page.reload();
    await guest.sees("without room");
    assert.equal(await guest.messages().filter({ hasText: "without room" }).count(), 1);
  }));

test("p9: the browser's own quota is used up: a sentence, and everything goes on when there is more", () =>
  withGuest(async (guest) => {
    const session = await guest.context.newCDPSession(guest.page);
    const origin = relay.url;
    // The browser checks the quota once in half a minute while it seems far away, so the quota is near from the beginning.
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 512 * 1024 });
    await guest.page.goto(origin);
    await guest.createAccount("Guest", "quota1");
    await guest.startChat("bob");
    const told = banner(guest).filter({ hasText: "This browser has no room left for Parley" });
    const texts = [];
    while (!(await told.isVisible()) && texts.length < 200) {
      texts.push(`${texts.length} ${"and so on ".repeat(800)}`.trim());
      await guest.send(texts.at(-1));
      await guest.page.waitForTimeout(50);
    }
    await told.waitFor();
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    await told.waitFor({ state: "detached" });
    await guest.seesState("(sent|delivered|read)");
    const shown = async () => (await everything(guest.page)).map(({ text }) => text.trim());
    assert.deepEqual(await shown(), texts);
    await guest.page.reload();
    await guest.sees(texts.at(-1).slice(0, 20));
    assert.deepEqual(await shown(), texts);
  }, false));

test("p9: no room when the app opens: a sentence, and it opens when there is room", () =>
  withPrepared(
    `const put = IDBObjectStore.prototype.put;
     IDBObjectStore.prototype.put = function (...all) {
       if (!globalThis.room) throw new DOMException("full", "QuotaExceededError");
       return put.apply(this, all);
     }`,
    async (guest) => {
      const makeRoom = async () => (await workerOf(guest.page)).evaluate(() => (globalThis.room = true));
      await alert(guest, "This browser has no room left for Parley.");
      await makeRoom();
      await online(guest);
      await guest.createAccount("Guest", "noroom");
      await guest.page.reload();
      await alert(guest, "This browser has no room left for Parley.");
      assert.equal(await guest.button("Start over…").count(), 0);
      await makeRoom();
      await guest.button("New chat").first().waitFor();
    },
  ));

test("p9: a browser that takes seconds to save: a sentence, and nothing is lost or doubled", async () => {
  const worker = await workerOf(ada.page);
  await worker.evaluate(() => {
    const commit = IDBTransaction.prototype.commit;
    IDBTransaction.prototype.commit = function () {
      const until = Date.now() + 4_000;
      const store = this.objectStore(this.objectStoreNames[0]);
      // A transaction without any request would commit by itself.
      const wait = () => {
        if (Date.now() < until) store.get("nothing").onsuccess = wait;
        else commit.call(this);
      };
      wait();
    };
    globalThis.restore = () => (IDBTransaction.prototype.commit = commit);
  });
  await ada.send("saved slowly");
  await banner(ada).filter({ hasText: "This browser is slow to read or save just now." }).waitFor();
  await worker.evaluate(() => globalThis.restore());
  await bob.sees("saved slowly");
  await ada.page.waitForFunction(() => !document.querySelector("[aria-label=Connection]").textContent.includes("slow"));
  assert.equal(await bob.messages().filter({ hasText: "saved slowly" }).count(), 1);
  assert.equal(await ada.messages().filter({ hasText: "saved slowly" }).count(), 1);
});

test("p5: one in five writes fails while both send: nothing is lost, doubled or out of order", async (context) => {
  const workers = [await workerOf(ada.page), await workerOf(bob.page)];
  const seed = Number(process.env.PARLEY_SEED ?? Date.now() % 2 ** 31);
  context.diagnostic(`seed ${seed}: PARLEY_SEED takes it again`);
  for (const [number, worker] of workers.entries()) await failWrites(worker, 20, seed + number);
  const sent = { A: [], B: [] };
  for (let number = 0; number < 40; number += 1) {
    for (const [person, letter] of [[ada, "A"], [bob, "B"]]) {
      const text = `${letter}${String(number).padStart(3, "0")} of many`;
      sent[letter].push(text);
      await person.send(text);
    }
  }
  await ada.sees(sent.B.at(-1));
  await bob.sees(sent.A.at(-1));
  await ada.seesState("read");
  for (const worker of workers) {
    const [tried, failed] = await failures(worker);
    context.diagnostic(`${failed} of ${tried} writes failed`);
    assert.ok(failed > 5, "writes did fail");
    await failWrites(worker, 0);
  }
  for (const person of [ada, bob]) {
    for (const [letter, texts] of Object.entries(sent)) {
      const shown = (await person.texts()).map((text) => text.match(/[AB]\d{3} of many/)?.[0]).filter((text) => text?.startsWith(letter));
      assert.deepEqual(shown, texts);
    }
  }
  await ada.page.reload();
  await ada.sees(sent.B.at(-1));
  const shown = (await ada.texts()).map((text) => text.match(/B\d{3} of many/)?.[0]).filter(Boolean);
  assert.equal(new Set(shown).size, shown.length, "and not after a reload either");
});

/** The app with the device of a fixture. */
async function openDisk(guest, fixture) {
  const bytes = await readFile(new URL(`../fixtures/${fixture}`, import.meta.url));
  // A page of the same site without the app.
  const html = '<link rel="icon" href="data:,"><p>Nothing</p>';
  await guest.context.route(`${relay.url}/nothing`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await guest.page.goto(`${relay.url}/nothing`);
  await lay(guest.page, readDisk(bytes));
  await guest.page.goto(relay.url);
}

test("p5: what the first release stored opens: the account, the chat, and the message that waited", () =>
  withGuest(async (guest) => {
    await openDisk(guest, "disk-v1.bin");
    await guest.openChat("Ada");
    const texts = await guest.texts();
    for (const text of ["from format 1", "an answer", "still waiting"]) {
      assert.equal(texts.filter((shown) => shown.includes(text)).length, 1, text);
    }
    await guest.page.reload();
    await guest.sees("still waiting");
  }, false));

test("p5: what a build from before the first release stored is said to be that, and stays", () =>
  withGuest(async (guest) => {
    await openDisk(guest, "disk-before-release.bin");
    const alert = guest.page.getByRole("alert").filter({ hasText: "from before its first release" });
    await alert.waitFor();
    await guest.page.reload();
    await alert.waitFor();
  }, false));

test("settings say how the storage is, and which version this is", async () => {
  await ada.button("Settings").click();
  const settings = ada.page.getByRole("region", { name: "Settings" });
  await settings.getByRole("link", { name: "Storage" }).click();
  await settings.getByText(/^Parley takes \d.* here; the browser allows \d.*\.$/).waitFor();
  await settings.getByText(/^(Kept|At risk): /).waitFor();
  await settings.getByRole("link", { name: "About" }).click();
  await settings.getByText(/^Version \d+\.\d+\.\d+, build [0-9a-z]+$/).waitFor();
  await ada.page.goto(`${relay.url}/#/`);
});
