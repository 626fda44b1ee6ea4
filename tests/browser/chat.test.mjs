// Two people in two browser profiles.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

let relay;
let ada;
let bob;
let eve;

before(async () => {
  relay = await Relay.start();
  ada = await Person.arrive(relay);
  bob = await Person.arrive(relay);
});

after(async () => {
  const ends = await Promise.allSettled([ada?.close(), bob?.close(), eve?.close()]);
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

test("two people make accounts", async () => {
  await ada.createAccount("Ada Lovelace", "ada");
  await bob.page.getByRole("textbox", { name: "Username" }).fill("ADA");
  await bob.page.getByText(/taken|looks like/i).first().waitFor();
  await bob.createAccount("Bob", "bob");
});

test("they chat both ways", async () => {
  await ada.startChat("bob");
  await ada.send("Hello Bob");
  await bob.openChat("Ada");
  await bob.sees("Hello Bob");
  await bob.send("Hello Ada");
  await ada.sees("Hello Ada");
  await ada.seesState("read");
});

test("p11: both write at the same moment, and both have read", async () => {
  // A message that arrives while another is being sent stands above it, and still counts as read.
  for (let round = 0; round < 5; round++) {
    await Promise.all([ada.send(`Ada ${round}`), bob.send(`Bob ${round}`)]);
    await ada.sees(`Bob ${round}`);
    await bob.sees(`Ada ${round}`);
  }
  await Promise.all([ada.seesState("read"), bob.seesState("read")]);
  for (const person of [ada, bob]) {
    await person.page.waitForFunction(() => document.title === "Parley");
  }
});

test("markup, emoji, right-to-left and line breaks are shown as they were written", async () => {
  const texts = ["<img src=x onerror=alert(1)> <b>bold?</b>", "🦜👩‍👩‍👧 naïve", "שלום עולם", "one\ntwo", "&amp; </script>"];
  for (const text of texts) await ada.send(text);
  for (const text of texts) await bob.sees(text);
  assert.equal(await bob.page.locator("img[src=x]").count(), 0);
  assert.equal(await bob.messages().filter({ hasText: "שלום" }).locator("[dir=auto]").count() > 0, true);
});

test("p7: one is offline while the other writes, returns, and reads", async () => {
  await bob.leave();
  await ada.send("written while you were away");
  await ada.seesState("sent");
  await bob.comeBack();
  await bob.openChat("Ada");
  await bob.sees("written while you were away");
  await ada.seesState("read");
});

test("p5: a reload keeps the conversation", async () => {
  const before = (await bob.texts()).length;
  await bob.page.reload();
  await bob.composer().waitFor();
  await bob.sees("written while you were away");
  await assert.doesNotReject(bob.messages().nth(before - 1).waitFor());
});

test("p5: the relay is killed and started again; what was written meanwhile arrives", async () => {
  await relay.kill("SIGKILL");
  await ada.page.getByRole("status", { name: "Connection" }).filter({ hasText: "Offline" }).waitFor();
  await ada.send("written without a relay");
  await ada.seesState("waiting");
  await relay.run();
  await bob.sees("written without a relay");
  await ada.seesState("read");
});

test("p8: a second tab is a full view of the same device", async () => {
  const second = await ada.context.newPage();
  ada.watch(second);
  const first = ada.page;
  ada.page = second;
  await second.goto(relay.url);
  await ada.openChat("Bob");
  await ada.send("from the second tab");
  await bob.sees("from the second tab");
  ada.page = first;
  await ada.sees("from the second tab");
  await first.close();
  ada.page = second;
  await ada.send("after the first tab closed");
  await bob.sees("after the first tab closed");
});

test("an invite link leads to a chat", async () => {
  eve = await Person.arrive(relay);
  await eve.createAccount("Eve", "eve");
  await ada.button("Settings").click();
  const link = await ada.page.getByText(/#i\/ada\//).first().textContent();
  await ada.page.goBack();
  await eve.startChat(link.trim());
  await eve.send("Hello from a link");
  await ada.openChat("Eve");
  await ada.sees("Hello from a link");
});

test("a chat that is pressed is the one that opens, whatever arrives meanwhile", async () => {
  const names = () => ada.page.getByRole("list", { name: "Chats" }).getByRole("link").evaluateAll((links) =>
    links.map((link) => link.getAttribute("aria-label").split(",")[0]));
  const row = (name) => ada.page.getByRole("link", { name: new RegExp(`^${name}`) });
  await ada.page.goto(`${relay.url}/#/`);
  await row("Eve").hover();
  await ada.page.mouse.down();
  await eve.send("into the row that is pressed");
  await row("Eve, .*into the row").waitFor();
  await bob.send("into the row below");
  await row("Bob, .*into the row").waitFor();
  assert.deepEqual(await names(), ["Eve", "Bob"], "nothing moves under the pointer");
  await ada.page.mouse.up();
  await ada.sees("into the row that is pressed");
  await ada.page.getByRole("list", { name: "Chats" }).getByRole("link").first().and(row("Bob")).waitFor();
});

test("a pointer that is held for long, or whose other button is pressed, holds nothing back", async () => {
  const first = (name) => ada.page.getByRole("list", { name: "Chats" }).getByRole("link").first()
    .and(ada.page.getByRole("link", { name: new RegExp(`^${name}`) }));
  await ada.page.goto(`${relay.url}/#/`);
  const writers = { Eve: eve, Bob: bob };
  for (const [name, button] of [["Eve", "right"], ["Bob", "left"]]) {
    await first(name === "Eve" ? "Bob" : "Eve").hover();
    await ada.page.mouse.down({ button });
    await writers[name].send(`while the ${button} button is down`);
    await first(name).waitFor();
    await ada.page.mouse.up({ button });
    await ada.page.keyboard.press("Escape");
  }
  await ada.page.goto(`${relay.url}/#/`);
});

test("what appears above waits while a pointer is pressed", async () => {
  const offline = (page) => page.getByRole("status", { name: "Connection" }).filter({ hasText: "Offline" });
  const second = await ada.context.newPage();
  ada.watch(second);
  await second.goto(relay.url);
  await second.getByRole("list", { name: "Chats" }).waitFor();
  await ada.button("Settings").hover();
  await ada.page.mouse.down();
  await relay.kill("SIGKILL");
  await offline(second).waitFor();
  assert.equal(await offline(ada.page).count(), 0, "nothing moves under the pointer");
  await ada.page.mouse.up();
  await ada.page.getByRole("heading", { name: "Settings" }).waitFor();
  await offline(ada.page).waitFor();
  await relay.run();
  await offline(ada.page).waitFor({ state: "detached" });
  await second.close();
  await ada.page.goto(`${relay.url}/#/`);
});

test("the safety number is the same on both sides and can be marked", async () => {
  await ada.openChat("Bob");
  const numbers = [];
  for (const person of [ada, bob]) {
    await person.button("Contact details").click();
    const dialog = person.page.getByRole("dialog");
    await dialog.getByText(/^\d{5}$/).first().waitFor();
    const text = await dialog.innerText();
    numbers.push(text.match(/\b\d{5}\b/g).join(" "));
    if (person === ada) await dialog.getByRole("button", { name: "Mark as verified" }).click();
    await person.page.keyboard.press("Escape");
  }
  assert.equal(numbers[0].split(" ").length, 12);
  assert.equal(numbers[0], numbers[1]);
  await ada.page.getByRole("link", { name: /^Bob, verified/ }).waitFor();
});

test("p1: no plaintext and no name on the wire or on the relay's disk", async () => {
  const wire = Buffer.concat([...ada.frames, ...bob.frames]);
  const disk = await relay.bytesOnDisk();
  assert.ok(wire.length > 1000 && disk.length > 1000, "there is something to look at");
  for (const secret of ["Hello Bob", "written while you were away", "Ada Lovelace", "from the second tab"]) {
    assert.equal(wire.includes(secret), false, `on the wire: ${secret}`);
    assert.equal(disk.includes(secret), false, `on the disk: ${secret}`);
  }
  assert.ok(disk.includes("ada"), "the username is there, so looking finds things");
});

test("p1: the device key in localStorage is sealed", async () => {
  const items = await bob.page.evaluate(() => Object.entries({ ...localStorage }));
  assert.ok(items.some(([key]) => key.startsWith("parley.")), "the vault is there");
  for (const [, value] of items) assert.equal(/Ada|Hello|private/.test(value), false);
});
