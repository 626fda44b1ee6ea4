// Parts of the page, which load when they are first shown (docs/adr/0020). A quick build has none.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { faults } from "./lib/axe.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

const PARTS = /\/part_.*\.wasm$/;
const whole = !readdirSync(process.env.PARLEY_APP_DIR).some((name) => name.startsWith("part_"));
const options = { skip: whole ? "this build is not split" : false };

let relay;
let ada;

before(async () => {
  relay = await Relay.start();
  ada = await Person.arrive(relay);
  await ada.createAccount("Ada", "ada");
  const bob = await Person.arrive(relay);
  await bob.createAccount("Bob", "bob");
  await bob.close();
  await ada.startChat("bob");
});

after(async () => {
  const ends = await Promise.allSettled([ada?.close()]);
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

/** A freshly opened page, whose requests for parts get these answers. */
async function afresh(answer) {
  await ada.page.unroute(PARTS);
  if (answer) await ada.page.route(PARTS, answer);
  await ada.page.goto("about:blank");
  await ada.page.goto(relay.url);
  await ada.button("New chat").first().waitFor();
}

const settings = () => ada.page.getByRole("region", { name: "Settings" });
const section = () => settings().getByRole("heading", { name: "Profile" });
const openSettings = () => ada.page.getByRole("button", { name: "Settings" }).click();

test("settings that are not there yet say so in their own frame, and then they are there", options, async () => {
  const held = [];
  let goesOn = false;
  await afresh((route) => (goesOn ? route.continue() : held.push(route)));
  await openSettings();
  await settings().getByRole("status").filter({ hasText: "Loading…" }).waitFor();
  await settings().getByRole("heading", { name: "Settings" }).waitFor();
  assert.equal(await section().count(), 0);
  assert.deepEqual(await faults(ada.page), []);
  goesOn = true;
  await Promise.all(held.map((route) => route.continue()));
  await section().waitFor();
  await ada.page.getByRole("link", { name: "About" }).click();
  await settings().getByText(/^Version /).waitFor();
});

test("a part that does not come, or is another one by now, is said; trying again brings it", options, async () => {
  const answers = [
    (route) => route.abort(),
    (route) => route.fulfill({ status: 404, body: "gone" }),
    (route) => route.fulfill({ status: 200, contentType: "application/wasm", body: "another" }),
  ];
  for (const answer of answers) {
    await afresh(answer);
    await openSettings();
    const said = settings().getByRole("alert").filter({ hasText: "This part of Parley couldn't be loaded." });
    await said.waitFor();
    assert.deepEqual(await faults(ada.page), []);
    await ada.button("Try again").click();
    await said.waitFor();
    await ada.page.unroute(PARTS);
    await ada.button("Try again").click();
    await section().waitFor();
  }
  // The browser itself reports the refusal so.
  ada.problems = ada.problems.filter((problem) => !/Failed to load resource|integrity/.test(problem));
});

test("what was loaded while nothing else was done opens without a connection", async () => {
  await afresh();
  if (!whole) {
    await ada.page.waitForFunction(() => {
      const names = performance.getEntriesByType("resource").map(({ name }) => name);
      return ["chat", "settings", "contact", "groups", "linking"].every((part) => names.some((name) => name.includes(`/part_${part}-`)));
    });
    await ada.page.waitForLoadState("networkidle").catch(() => {});
  }
  await ada.page.waitForTimeout(500);
  await relay.kill();
  await openSettings();
  await section().waitFor();
  await ada.page.getByRole("link", { name: "Devices" }).click();
  await ada.button("Link a device").click();
  const dialog = ada.page.getByRole("dialog", { name: "Link a device" });
  await dialog.getByRole("textbox", { name: "Code from the other device" }).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await ada.openChat("bob");
  await ada.button("Contact details").click();
  await ada.page.getByRole("dialog", { name: /^Contact details/ }).getByRole("group", { name: "Safety number" }).waitFor();
});
