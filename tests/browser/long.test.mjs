// Long chats: what stays in the page, what keeps its place, and what counts as read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsInView, scrollUpTo, sendMany, sendText } from "./lib/long.mjs";
import { twoPeople } from "./lib/pair.mjs";

/** The page never has more rows than this: three high screens on each side of the visible area, and a page. */
const MOST_ROWS = 330;
const MESSAGES = 420;

let ada;
let bob;
twoPeople(async (people) => {
  ({ ada, bob } = people);
  await ada.page.evaluate(sendMany, [0, MESSAGES]);
  await ada.sees(`number ${MESSAGES - 1}`);
  await bob.sees(`number ${MESSAGES - 1}`);
});

const unreadOf = (person) => person.page.evaluate(() => Number(/^\((\d+)\)/.exec(document.title)?.[1] ?? 0));

async function unreadIs(person, wanted) {
  await person.page.waitForFunction(
    (wanted) => Number(/^\((\d+)\)/.exec(document.title)?.[1] ?? 0) === wanted,
    wanted,
  );
}

/** Waits until the list is at rest: nothing moves from one frame to the next, three times. */
async function rest(person) {
  let before;
  for (let same = 0; same < 3; ) {
    const now = JSON.stringify(await person.page.evaluate(rowsInView));
    same = now === before ? same + 1 : 0;
    before = now;
    await person.page.waitForTimeout(60);
  }
  return JSON.parse(before);
}

test("few rows are in the page, however many messages there are", async () => {
  for (const person of [ada, bob]) {
    const { rows, seen } = await rest(person);
    assert.ok(rows <= MOST_ROWS, `${rows} rows`);
    assert.equal(seen.at(-1).text, `number ${MESSAGES - 1}`);
  }
});

test("scrolling up comes to the first message, and a button leads back to the newest", async () => {
  const most = await bob.page.evaluate(scrollUpTo, ["Hello Bob", 400]);
  assert.ok(most <= MOST_ROWS + 100, `${most} rows at once`);
  await rest(bob);
  await bob.button("Jump to newest").click();
  await bob.messages().filter({ hasText: `number ${MESSAGES - 1}` }).waitFor();
  const { rows, seen } = await rest(bob);
  assert.equal(seen.at(-1).text, `number ${MESSAGES - 1}`);
  assert.ok(rows <= MOST_ROWS, `${rows} rows`);
  assert.equal(await bob.button("Jump to newest").count(), 0);
});

test("scrolling down from the middle comes to the newest again", async () => {
  await bob.page.evaluate(scrollUpTo, ["number 40", 600]);
  await rest(bob);
  const region = bob.page.getByRole("region", { name: "Conversation" });
  for (let turn = 0; turn < 200; turn++) {
    const { seen } = await bob.page.evaluate(rowsInView);
    if (seen.at(-1)?.text === `number ${MESSAGES - 1}`) break;
    await region.evaluate((scroller) => {
      scroller.scrollBy(0, 700);
      return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    });
  }
  const { seen } = await rest(bob);
  assert.equal(seen.at(-1).text, `number ${MESSAGES - 1}`);
});

test("what is being read stays where it is while messages come, and when the window is made narrow", async () => {
  await bob.page.evaluate(scrollUpTo, ["number 200", 500]);
  const before = await rest(bob);
  const read = before.seen[0];
  await ada.page.evaluate(sendMany, [MESSAGES, MESSAGES + 5]);
  await unreadIs(bob, 5);
  const still = (await rest(bob)).seen.find(({ text }) => text === read.text);
  assert.ok(Math.abs(still.top - read.top) <= 2, `it moved from ${read.top} to ${still.top}`);

  await bob.page.setViewportSize({ width: 820, height: 800 });
  const narrow = (await rest(bob)).seen.find(({ text }) => text === read.text);
  assert.ok(narrow && Math.abs(narrow.fromBottom - read.fromBottom) <= 4, "it stays in a narrow window");
  await bob.page.setViewportSize({ width: 1280, height: 800 });
  const wide = (await rest(bob)).seen.find(({ text }) => text === read.text);
  assert.ok(wide && Math.abs(wide.fromBottom - read.fromBottom) <= 4, "and in a wide one");

  await bob.button("New messages").click();
  await bob.sees(`number ${MESSAGES + 4}`);
  await unreadIs(bob, 0);
});

test("p11: a chat opens at its first unread message, and the others stay unread until they were in view", async () => {
  await bob.button("Settings").first().click();
  await ada.page.evaluate(sendMany, [1_000, 1_200]);
  await unreadIs(bob, 200);
  await bob.openChat("Ada");
  await bob.page.getByText("200 unread messages").waitFor();
  const { seen } = await rest(bob);
  assert.equal(seen[0].text, "number 1000");
  await bob.page.waitForTimeout(300);
  const left = await unreadOf(bob);
  assert.ok(left > 150 && left < 200, `${left} are unread`);
  await bob.page.getByRole("region", { name: "Conversation" }).focus();
  await bob.page.keyboard.press("End");
  await bob.messages().filter({ hasText: "number 1199" }).waitFor();
  await unreadIs(bob, 0);
});

test("the line above what was unread goes when it is answered", async () => {
  await bob.button("Settings").first().click();
  await ada.send("are you there?");
  await unreadIs(bob, 1);
  await bob.openChat("Ada");
  await bob.page.getByText("1 unread message", { exact: true }).waitFor();
  await bob.send("yes");
  await bob.sees("yes");
  assert.equal(await bob.page.getByText("1 unread message", { exact: true }).count(), 0);
});

test("p11: nothing is read under a dialog, or in a window that is not in front", async () => {
  await bob.button("Contact details").click();
  await bob.page.getByRole("dialog").waitFor();
  await ada.send("under the dialog");
  await unreadIs(bob, 1);
  await bob.page.waitForTimeout(400);
  assert.equal(await unreadOf(bob), 1);
  await bob.page.keyboard.press("Escape");
  await unreadIs(bob, 0);

  await bob.page.evaluate(() => {
    document.hasFocus = () => false;
    window.dispatchEvent(new Event("blur"));
  });
  await ada.send("behind another window");
  await unreadIs(bob, 1);
  await bob.page.waitForTimeout(400);
  assert.equal(await unreadOf(bob), 1);
  await bob.page.getByText("1 unread message", { exact: true }).waitFor();
  await ada.send("and another");
  await bob.page.getByText("2 unread messages", { exact: true }).waitFor();
  await bob.page.evaluate(() => {
    delete document.hasFocus;
    window.dispatchEvent(new Event("focus"));
  });
  await unreadIs(bob, 0);
  await ada.seesState("read");
});

test("a text of very many lines is folded, and unfolds", async () => {
  await ada.page.evaluate(sendText, Array.from({ length: 3_000 }, (_, number) => `line ${number}`).join("\n"));
  const article = bob.messages().last();
  await article.getByText("line 20").waitFor();
  const height = async () => (await article.boundingBox()).height;
  assert.ok((await height()) < 800, "the beginning fits on a screen");
  const top = async () => (await article.boundingBox()).y;
  const before = await top();
  await article.getByRole("button", { name: "Show more" }).click();
  await article.getByText("line 300").waitFor();
  assert.ok(Math.abs((await top()) - before) <= 2, "what was read stays where it is");
  await article.getByRole("button", { name: "Show more" }).click();
  await article.getByText("line 2999").waitFor();
  assert.equal(await article.getByRole("button", { name: "Show more" }).count(), 0);
  await ada.send("after it");
  await bob.sees("after it");
});

test("addresses, mail and phone numbers are links, and what could run is text", async () => {
  await ada.send("https://example.org/a?b=c and ada@example.org, +49 30 1234567, javascript:alert(1)");
  const article = bob.messages().last();
  const web = article.getByRole("link", { name: "https://example.org/a?b=c" });
  await web.waitFor();
  assert.equal(await web.getAttribute("rel"), "noopener noreferrer");
  assert.equal(await web.getAttribute("title"), "example.org");
  assert.equal(await article.getByRole("link", { name: "ada@example.org" }).getAttribute("href"), "mailto:ada@example.org");
  assert.equal(await article.getByRole("link", { name: "+49 30 1234567" }).getAttribute("href"), "tel:+49301234567");
  assert.equal(await article.getByRole("link").count(), 3);
});

test("emoji alone are large", async () => {
  const size = (person) =>
    person.messages().last().locator("p").evaluate((said) => Number.parseFloat(getComputedStyle(said).fontSize));
  await ada.send("🦜👩‍👩‍👧");
  await bob.sees("🦜👩‍👩‍👧");
  const large = await size(bob);
  await ada.send("🦜 is a parrot");
  await bob.sees("🦜 is a parrot");
  assert.ok(large > 1.5 * (await size(bob)));
});
