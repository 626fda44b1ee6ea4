// Notifications: when, by which tab, what they show, where a click leads; the count in title and icon.
import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "./lib/axe.mjs";
import { openSettings } from "./lib/link.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";

let relay;
let ada;
let bob;

twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
  await watch(bob);
});

/** The browser's notifications and sounds, as a list in the page; the permission is what the person will say. */
async function watch(person) {
  await person.context.addInitScript(() => {
    globalThis.shown = [];
    globalThis.tones = 0;
    globalThis.will = "granted";
    class Recorded {
      static permission = localStorage.getItem("test.permission") ?? "default";
      static async requestPermission() {
        if (globalThis.will !== "default") localStorage.setItem("test.permission", globalThis.will);
        Recorded.permission = globalThis.will;
        return globalThis.will;
      }
      constructor(title, options) {
        Object.assign(this, { title, text: options.body, tag: options.tag, closed: false });
        globalThis.shown.push(this);
      }
      close() {
        this.closed = true;
      }
    }
    Object.defineProperty(globalThis, "Notification", { value: Recorded, configurable: true, writable: true });
    const create = AudioContext.prototype.createGain;
    AudioContext.prototype.createGain = function () {
      globalThis.tones += 1;
      return create.call(this);
    };
  });
  await person.page.reload();
  await person.composer().waitFor();
}

/** Somebody looks at something else, or comes back. */
const front = (page, is) =>
  page.evaluate((is) => {
    if (is) delete document.hasFocus;
    else document.hasFocus = () => false;
    window.dispatchEvent(new Event(is ? "focus" : "blur"));
  }, is);

const shown = (page) => page.evaluate(() => globalThis.shown.map(({ title, text, closed }) => [title, text, closed]));
const count = (page, wanted) => page.waitForFunction((wanted) => globalThis.shown.length === wanted, wanted);
const toggle = (person, name) => person.page.getByRole("switch", { name, exact: true });

test("nothing is asked at the start; a switch asks, and a refusal is explained", async () => {
  assert.equal(await bob.page.evaluate(() => Notification.permission), "default");
  await openSettings(bob, "notifications");
  assert.equal(await toggle(bob, "Show notifications").getAttribute("aria-checked"), "false");
  assert.equal(await toggle(bob, "Sound").count(), 0);
  await bob.page.evaluate(() => (globalThis.will = "denied"));
  await toggle(bob, "Show notifications").click();
  await bob.page.getByRole("status").filter({ hasText: "Your browser blocks notifications from Parley." }).waitFor();
  assert.equal(await toggle(bob, "Show notifications").getAttribute("aria-checked"), "false");
  await bob.page.evaluate(() => (globalThis.will = "granted"));
  await toggle(bob, "Show notifications").click();
  await bob.page.getByRole("radiogroup", { name: "What they show" }).waitFor();
  assert.equal(await toggle(bob, "Show notifications").getAttribute("aria-checked"), "true");
  assert.deepEqual(await faults(bob.page), []);
});

test("what comes while somebody looks elsewhere is shown with its text; a click leads to it", async () => {
  await ada.send("while Bob is in the settings");
  await bob.page.waitForFunction(() => document.title === "(1) Parley");
  assert.deepEqual(await shown(bob.page), [], "the page is in front");
  await front(bob.page, false);
  await ada.send("while Bob is away");
  await count(bob.page, 1);
  assert.deepEqual(await shown(bob.page), [["Ada", "while Bob is away", false]]);
  assert.equal(await bob.page.evaluate(() => globalThis.tones), 1);
  const icon = await bob.page.locator("link[rel=icon]").getAttribute("href");
  assert.match(decodeURIComponent(icon), />2<\/text>/);
  await front(bob.page, true);
  await bob.page.evaluate(() => globalThis.shown[0].onclick());
  await bob.page.getByText("2 unread messages", { exact: true }).waitFor();
  await bob.page.waitForFunction(() => document.title === "Parley");
  assert.equal(await bob.page.locator("link[rel=icon]").getAttribute("href"), "/favicon.svg");
  await bob.page.waitForFunction(() => globalThis.shown[0].closed);
});

test("names and texts are left out as was chosen, and the sound too", async () => {
  await openSettings(bob, "notifications");
  await bob.page.getByRole("radio", { name: "Name only" }).check();
  await toggle(bob, "Sound").click();
  assert.equal(await toggle(bob, "Sound").getAttribute("aria-checked"), "false");
  const tones = await bob.page.evaluate(() => globalThis.tones);
  await front(bob.page, false);
  await ada.send("not to be shown");
  await count(bob.page, 2);
  assert.deepEqual((await shown(bob.page)).at(-1), ["Ada", "New message", false]);
  await bob.page.getByRole("radio", { name: "Neither" }).check();
  await ada.send("nor this");
  await count(bob.page, 3);
  assert.deepEqual((await shown(bob.page)).at(-1), ["Parley", "New message", false]);
  assert.equal(await bob.page.evaluate(() => globalThis.tones), tones);
  await bob.page.reload();
  await toggle(bob, "Sound").waitFor();
  assert.equal(await bob.page.getByRole("radio", { name: "Neither" }).isChecked(), true);
  await bob.page.getByRole("radio", { name: "Name and message" }).check();
});

test("of two tabs one notifies, and neither while somebody looks at one of them", async () => {
  const first = bob.page;
  const second = await bob.context.newPage();
  bob.watch(second);
  await second.goto(relay.url);
  await second.getByRole("link", { name: /^Ada/ }).waitFor();
  await second.waitForFunction(async () => (await navigator.locks.query()).held.some((it) => it.name === "parley-front"));
  await front(first, false);
  await ada.send("one tab is in front");
  await second.waitForFunction(() => document.title === "(3) Parley");
  await second.waitForTimeout(1_000);
  assert.deepEqual([await shown(first), await shown(second)], [[], []]);
  await front(second, false);
  await ada.send("no tab is in front");
  await Promise.race([count(first, 1), count(second, 1)]);
  await second.waitForTimeout(1_000);
  assert.deepEqual([...(await shown(first)), ...(await shown(second))], [["Ada", "no tab is in front", false]]);
  // A tab that has gone with the attention holds nobody back.
  await front(second, true);
  await second.close();
  await ada.send("the tab in front has gone");
  await first.waitForFunction(() => globalThis.shown.at(-1)?.text === "the tab in front has gone");
});

test("a muted chat does not notify", async () => {
  await front(bob.page, true);
  await bob.openChat("Ada");
  await bob.sees("the tab in front has gone");
  await bob.page.getByRole("link", { name: /^Ada/ }).click({ button: "right" });
  const menu = bob.page.getByRole("menu", { name: "Chat menu" });
  await menu.getByRole("menuitem", { name: "Mute…" }).click();
  await menu.getByRole("menuitem", { name: "Always" }).click();
  const before = (await shown(bob.page)).length;
  await front(bob.page, false);
  await ada.send("into a muted chat");
  await bob.sees("into a muted chat");
  await bob.page.waitForTimeout(1_000);
  assert.equal((await shown(bob.page)).length, before);
});
