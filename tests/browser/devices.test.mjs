// Three devices of one account chat with two of another, each in two tabs. While a device is removed and the relay is killed,
// every tab shows the same messages, once, in the same order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasChats, isLinked, linkByCode, removeDevice } from "./lib/link.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";

let relay;
/** The devices by name: whose chat is open, and both tabs of the browser. */
const devices = new Map();
const written = [];

const others = twoPeople(async (pair) => {
  ({ relay } = pair);
  await answer(pair);
  devices.set("Ada 1", { person: pair.ada, peer: "Bob" });
  devices.set("Bob 1", { person: pair.bob, peer: "Ada" });
});

async function link(name, of) {
  const { person, peer } = devices.get(of);
  const fresh = await arrive(relay, others);
  await linkByCode(person, fresh);
  await hasChats(fresh);
  await isLinked(person);
  devices.set(name, { person: fresh, peer });
}

/** Opens the chat in two tabs of every device. */
async function openTabs() {
  for (const device of devices.values()) {
    const { person, peer } = device;
    const second = await person.context.newPage();
    person.watch(second);
    await second.goto(relay.url);
    device.tabs = [person.page, second];
    for (const page of device.tabs) {
      await page.getByRole("link", { name: new RegExp(`^${peer}`) }).click();
      await page.getByRole("textbox", { name: "Message", exact: true }).waitFor();
    }
  }
}

/** Every one of these devices writes, from its tabs in turn, all at the same time. */
async function write(names, round, count) {
  const each = async (name) => {
    const { tabs } = devices.get(name);
    for (let number = 0; number < count; number += 1) {
      const text = `${name}, ${round} ${number}.`;
      const composer = tabs[number % 2].getByRole("textbox", { name: "Message", exact: true });
      await composer.fill(text);
      await composer.press("Enter");
      written.push(text);
    }
  };
  await Promise.all(names.map(each));
}

/** The texts in a tab, in order. */
const texts = (page) =>
  page
    .getByRole("log", { name: "Messages" })
    .getByRole("article")
    .evaluateAll((articles) => articles.map((article) => article.innerText.match(/(Ada|Bob) \d, \w+ \d+\./)?.[0]).filter(Boolean));

/** Waits until every tab of these devices shows every written text. Then all tabs show the same. */
async function agree(names) {
  const all = names.flatMap((name) => devices.get(name).tabs.map((page, tab) => ({ page, what: `${name}, tab ${tab + 1}` })));
  for (const { page } of all) {
    await page.waitForFunction(
      (wanted) => {
        const log = document.querySelector("[role=log][aria-label=Messages]").innerText;
        return wanted.every((text) => log.includes(text));
      },
      written,
      { timeout: 30_000 },
    );
  }
  const expected = await texts(all[0].page);
  assert.deepEqual([...expected].sort(), [...written].sort(), "everything once");
  for (const { page, what } of all.slice(1)) assert.deepEqual(await texts(page), expected, what);
}

test("p5 p8: three devices and two, each in two tabs, show the same", async (context) => {
  await link("Ada 2", "Ada 1");
  await link("Ada 3", "Ada 1");
  await link("Bob 2", "Bob 1");
  const names = [...devices.keys()];
  await openTabs();
  await write(names, "first", 4);
  await agree(names);

  const gone = devices.get("Ada 3");
  const left = names.filter((name) => name !== "Ada 3");
  // Ada removes the third while all others write.
  const first = devices.get("Ada 1");
  const settings = await first.person.context.newPage();
  first.person.watch(settings);
  await settings.goto(relay.url);
  const [page] = first.tabs;
  first.person.page = settings;
  await Promise.all([write(left, "second", 4), removeDevice(first.person, "")]);
  for (const tab of gone.tabs) await tab.getByRole("heading", { name: "This browser was removed" }).waitFor();
  await settings.close();
  first.person.page = page;
  await agree(left);

  // The relay is killed while all write.
  const begun = Date.now();
  await Promise.all([
    write(left, "third", 6),
    (async () => {
      await page.waitForTimeout(150);
      await relay.kill();
      await relay.run();
    })(),
  ]);
  await agree(left);
  context.diagnostic(`all agree ${Date.now() - begun} ms after the relay was killed`);
  await write(left, "fourth", 2);
  await agree(left);
  assert.equal(written.length, 5 * 4 + 4 * (4 + 6 + 2));
});
