// Typed text: several tabs at once, input methods, and pages that end right after the last key.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fillUp, makeRoom, workerOf } from "./lib/freeze.mjs";
import { openSettings } from "./lib/link.mjs";
import { button, lockedHeading, setLock } from "./lib/lock.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

let relay;
let ada;
let bob;

twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

const composer = (page) => page.getByRole("textbox", { name: "Message", exact: true });
const holds = (page, text) => page.waitForFunction((text) => document.querySelector("#message")?.value === text, text);
const unsaved = (page) => page.getByRole("list", { name: "Not saved yet" }).getByRole("listitem");
const listed = (page, text) => page.getByRole("link", { name: new RegExp(`^Bob.*Draft: ${text}`) });

/** One more tab of Ada's with the chat open. */
async function open(text) {
  const page = await ada.context.newPage();
  ada.watch(page);
  await page.goto(relay.url);
  await page.getByRole("link", { name: /^Bob/ }).click();
  await composer(page).waitFor();
  if (text !== undefined) await holds(page, text);
  return page;
}

/** Closes all tabs but the first, in which the chat is open and the composer empty. */
async function calm() {
  for (const page of ada.context.pages().slice(1)) await page.close();
  [ada.page] = ada.context.pages();
  const draft = ada.page.getByRole("link", { name: /^Bob.*Draft:/ });
  for (let attempt = 0; ; attempt += 1) {
    // A page in which a person has just written does not show another page's left text; a new page does.
    await ada.page.reload();
    await composer(ada.page).fill("");
    const gone = draft.waitFor({ state: "detached", timeout: 5_000 });
    if (attempt === 5 ? (await gone, true) : await gone.then(() => true, () => false)) return;
  }
}

/** How often Bob has each of these texts. */
async function arrived(texts) {
  await bob.sees(texts.at(-1));
  for (const text of texts) await bob.sees(text);
  const shown = (await bob.messages().evaluateAll((all) => all.map((one) => one.querySelector("p")?.textContent))).filter(Boolean);
  return texts.map((text) => shown.filter((one) => one === text).length);
}

test("p5: what is typed in one tab is not replaced by what is typed in another, and each is sent once", async () => {
  await calm();
  const second = await open("");
  await Promise.all([
    composer(ada.page).pressSequentially("apples in the first", { delay: 30 }),
    composer(second).pressSequentially("bananas in the second", { delay: 30 }),
  ]);
  // One of the texts is the draft now.
  await ada.page.getByRole("link", { name: /^Bob.*Draft: (apples|bananas)/ }).waitFor();
  await ada.page.waitForTimeout(2_500);
  assert.equal(await composer(ada.page).inputValue(), "apples in the first");
  assert.equal(await composer(second).inputValue(), "bananas in the second");
  await composer(ada.page).press("Enter");
  await bob.sees("apples in the first");
  assert.equal(await composer(second).inputValue(), "bananas in the second");
  await composer(second).press("Enter");
  assert.deepEqual(await arrived(["apples in the first", "bananas in the second"]), [1, 1]);
  for (const page of [ada.page, second]) assert.equal(await composer(page).inputValue(), "");
});

test("p5: two drafts of two tabs that go are both there in the next", async () => {
  await calm();
  const second = await open("");
  await Promise.all([
    composer(ada.page).pressSequentially("one draft", { delay: 20 }),
    composer(second).pressSequentially("another draft", { delay: 20 }),
  ]);
  await listed(ada.page, "").waitFor();
  const third = await open();
  await second.close();
  await ada.page.close();
  ada.page = third;
  await third.reload();
  await third.waitForFunction(() => /one draft/.test(document.querySelector("#message")?.value) && /another draft/.test(document.querySelector("#message").value));
});

test("a text that was sent in one tab goes in another where it stands unchanged, and stays where it was changed", async () => {
  await calm();
  await composer(ada.page).fill("the same");
  const second = await open("the same");
  const third = await open("the same");
  await composer(third).press("End");
  await composer(third).pressSequentially(" and more");
  await composer(second).press("Enter");
  await bob.sees("the same");
  await holds(ada.page, "");
  assert.equal(await composer(third).inputValue(), "the same and more");
  await listed(ada.page, "the same and more").waitFor();
  assert.deepEqual(await arrived(["the same"]), [1]);
});

test("an input method composes undisturbed while other tabs write", async () => {
  await calm();
  const second = await open("");
  const session = await ada.context.newCDPSession(second);
  await composer(second).focus();
  await session.send("Input.imeSetComposition", { text: "に", selectionStart: 1, selectionEnd: 1 });
  await composer(ada.page).fill("from the first tab");
  await listed(second, "from the first tab").waitFor();
  await session.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
  await second.waitForTimeout(1_500);
  assert.equal(await composer(second).inputValue(), "にほ");
  await session.send("Input.insertText", { text: "日本" });
  assert.equal(await composer(second).inputValue(), "日本");
  await composer(ada.page).press("Enter");
  await bob.sees("from the first tab");
  assert.equal(await composer(second).inputValue(), "日本");
  await composer(second).press("Enter");
  assert.deepEqual(await arrived(["from the first tab", "日本"]), [1, 1]);
});

test("p5: what was typed is there when the page is loaded again right after the last key", async () => {
  await calm();
  for (const text of ["typed and loaded again", "typed and loaded again, twice"]) {
    await composer(ada.page).fill(text);
    await ada.page.reload();
    await holds(ada.page, text);
  }
  await composer(ada.page).press("Enter");
  assert.deepEqual(await arrived(["typed and loaded again, twice"]), [1]);
});

test("p5: what was typed is there when the tab is closed right after the last key: the only one, the owner's, another", async () => {
  await calm();
  await composer(ada.page).fill("in the only tab");
  const blank = await ada.context.newPage();
  await ada.page.close();
  await blank.close({ runBeforeUnload: false }).catch(() => {});
  ada.page = await open("in the only tab");

  // The owner of the device ends with its tab.
  const second = await open("in the only tab");
  await composer(ada.page).fill("in the owner's tab");
  await ada.page.close();
  ada.page = second;
  await holds(ada.page, "in the owner's tab");

  const third = await open("in the owner's tab");
  await composer(third).fill("in a tab that only looks");
  await third.close();
  await holds(ada.page, "in a tab that only looks");
  await composer(ada.page).press("Enter");
  assert.deepEqual(await arrived(["in a tab that only looks"]), [1]);
});

test("p5: what was typed is there when its tab crashes right after the last key", async () => {
  await calm();
  const second = await open("");
  await composer(second).fill("typed and crashed");
  const session = await ada.context.newCDPSession(second);
  // The answer never comes, because its sender is dead.
  session.send("Page.crash").catch(() => {});
  await second.waitForEvent("crash");
  await second.close();
  await holds(await open(), "typed and crashed");
});

test("p5: a text that was sent right before its tab and the owner go is sent once", async () => {
  await calm();
  const second = await open("");
  await composer(ada.page).fill("sent and gone");
  await Promise.all([composer(ada.page).press("Enter"), ada.page.close()].map((done) => done.catch(() => {})));
  ada.page = second;
  // The key may have come too late: then the text is a draft.
  await second.waitForFunction(() => document.querySelector("#message").value === "sent and gone" || document.body.innerText.includes("sent and gone"));
  if ((await composer(second).inputValue()) === "sent and gone") await composer(second).press("Enter");
  assert.deepEqual(await arrived(["sent and gone"]), [1]);
});

test("what was typed is there when somebody looks at the settings or another chat right after the last key", async () => {
  await calm();
  await composer(ada.page).fill("typed and left");
  await openSettings(ada, "profile");
  await listed(ada.page, "typed and left").waitFor();
  await ada.openChat("Bob");
  await holds(ada.page, "typed and left");
});

test("p1: what was typed is under seal in localStorage until it is saved, and not after", async () => {
  await calm();
  const items = () => ada.page.evaluate(() => Object.entries(localStorage).filter(([name]) => name.startsWith("parley.unsaved.")));
  await composer(ada.page).fill("nobody reads this");
  const [[, value]] = await items();
  const bytes = Buffer.from(value, "base64");
  for (const encoding of ["utf8", "utf16le"]) assert.ok(!bytes.includes(Buffer.from("nobody", encoding)));
  await listed(ada.page, "nobody reads this").waitFor();
  await ada.page.waitForFunction(() => !Object.keys(localStorage).some((name) => name.startsWith("parley.unsaved.")));
});

test("p5: four tabs at once: each text is sent once, as it was typed, while the owner goes", async () => {
  await calm();
  const tabs = [await open(""), await open(""), await open(""), await open("")];
  const owner = ada.page;
  const texts = [0, 1, 2].map((round) => tabs.map((_, tab) => `tab ${tab}, text ${round}.`));
  for (const [round, each] of texts.entries()) {
    await Promise.all(
      tabs.map(async (page, tab) => {
        await composer(page).pressSequentially(each[tab], { delay: 15 + 10 * tab });
        await composer(page).press("Enter");
      }),
    );
    if (round === 0) await owner.close();
  }
  ada.page = tabs[0];
  const all = texts.flat();
  assert.deepEqual(await arrived(all), all.map(() => 1));
  for (const page of tabs) assert.equal(await composer(page).inputValue(), "");
});

test("p5: four tabs with half a text each: one is the draft, none is replaced, each is sent once, while the owner goes", async () => {
  await calm();
  const tabs = [await open(""), await open(""), await open(""), await open("")];
  const texts = tabs.map((_, tab) => [`half of ${tab}`, `, and the rest of ${tab}`]);
  // Nothing is saved until all have begun.
  const worker = await workerOf(ada.page);
  await fillUp(worker);
  for (const [tab, page] of tabs.entries()) await composer(page).pressSequentially(texts[tab][0]);
  await makeRoom(worker);
  await listed(ada.page, "half of").waitFor();
  await tabs[0].waitForTimeout(2_000);
  for (const [tab, page] of tabs.entries()) assert.equal(await composer(page).inputValue(), texts[tab][0]);
  await Promise.all([...tabs.map((page, tab) => composer(page).pressSequentially(texts[tab][1], { delay: 20 })), ada.page.close()]);
  [ada.page] = tabs;
  for (const page of tabs) await composer(page).press("Enter");
  const all = texts.map((halves) => halves.join(""));
  assert.deepEqual(await arrived(all), [1, 1, 1, 1]);
  for (const page of tabs) await holds(page, "");
});

test("p5: texts that were sent while there was no room are shown, survive loading the page again, and are sent once", async () => {
  await calm();
  const worker = await workerOf(ada.page);
  await fillUp(worker);
  const texts = ["full 1", "full 2", "full 3", "full 4"];
  for (const text of texts) await ada.send(text);
  const banner = ada.page.getByRole("status", { name: "Connection" });
  await banner.filter({ hasText: "keep this tab open" }).waitFor();
  for (const text of texts) await unsaved(ada.page).filter({ hasText: text }).waitFor();
  assert.equal(await ada.messages().filter({ hasText: "full 1" }).count(), 0, "they are not shown as written");
  assert.equal(await ada.button("Reload").count(), 0, "that makes no room");
  assert.ok(!/nothing is lost/i.test(await ada.page.locator("body").innerText()));
  await composer(ada.page).fill("not sent yet");
  // The browser asks first: the driver agrees.
  let asked = 0;
  ada.page.once("dialog", (dialog) => {
    asked += dialog.type() === "beforeunload" ? 1 : 0;
    dialog.accept();
  });
  await ada.page.reload();
  assert.equal(asked, 1);
  // The new worker has room.
  assert.deepEqual(await arrived(texts), [1, 1, 1, 1]);
  await unsaved(ada.page).first().waitFor({ state: "detached" });
  await holds(ada.page, "not sent yet");
  const shown = (await ada.texts()).filter((text) => text.includes("full"));
  assert.deepEqual(shown.map((text) => text.match(/full \d/)[0]), texts, "in the order in which they were sent");
});

test("p5: texts that were sent while there was no room are sent once when there is", async () => {
  await calm();
  const worker = await workerOf(ada.page);
  await fillUp(worker);
  const texts = ["room 1", "room 2", "room 3"];
  for (const text of texts) await ada.send(text);
  await unsaved(ada.page).filter({ hasText: "room 3" }).waitFor();
  await makeRoom(worker);
  assert.deepEqual(await arrived(texts), [1, 1, 1]);
  await unsaved(ada.page).first().waitFor({ state: "detached" });
});

test("p5: a text that is sent when the worker works no more is sent once by loading the page again, as the banner says", async () => {
  await calm();
  const banner = ada.page.getByRole("status", { name: "Connection" }).filter({ hasText: "Nothing is lost: reload the page to continue." });
  while (!(await banner.isVisible())) {
    const worker = await workerOf(ada.page);
    // No worker sends this message: the tab takes the worker for broken, and starts another one, three times.
    await worker.evaluate(() => postMessage(new Uint8Array([0])));
    while (ada.page.workers().includes(worker)) await ada.page.waitForTimeout(20);
    await Promise.race([banner.waitFor(), ada.page.waitForEvent("worker")]);
  }
  await ada.send("said to nobody");
  await unsaved(ada.page).filter({ hasText: "said to nobody" }).waitFor();
  await composer(ada.page).fill("and typed");
  await ada.button("Reload").click();
  assert.deepEqual(await arrived(["said to nobody"]), [1]);
  await holds(ada.page, "and typed");
});

test("p5: what was typed right before the device was locked is there when it is opened, and no sooner", async () => {
  const own = await Relay.start();
  const guest = await Person.arrive(own);
  const other = await Person.arrive(own);
  try {
    await other.createAccount("Other", "other");
    await guest.createAccount("Guest", "guest");
    await guest.startChat("other");
    await guest.send("hello");
    await guest.seesState("(sent|delivered|read)");
    await setLock(guest.page, "four words are better");
    await guest.openChat("other");
    await guest.composer().fill("typed and locked");
    await button(guest.page, "Lock").click();
    await lockedHeading(guest.page).waitFor();
    assert.ok(!(await guest.page.content()).includes("typed and locked"));
    await guest.page.getByRole("textbox", { name: "Passphrase" }).fill("four words are better");
    await button(guest.page, "Unlock").click();
    await holds(guest.page, "typed and locked");
  } finally {
    await guest.close();
    await other.close();
    await own.close();
  }
});

test("a text that is too long says by how much, and is not sent", async () => {
  await calm();
  const note = (text) => ada.page.getByText(text, { exact: true });
  await ada.composer().fill("a".repeat(64 * 1024 + 1_234));
  await note("Message too long by 1,234 characters.").first().waitFor();
  assert.equal(await ada.button("Send").getAttribute("aria-disabled"), "true");
  await ada.composer().press("Enter");
  assert.equal((await ada.composer().inputValue()).length, 64 * 1024 + 1_234);
  await ada.composer().fill("é".repeat(32 * 1024 + 10));
  await note("Message too long. Shorten it by about 10 characters.").first().waitFor();
  await ada.composer().fill("");
});
