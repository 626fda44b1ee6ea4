// Measures in Chromium against the real relay on loopback. Prints one JSON object of microseconds by name. `cargo xtask bench
// browser` builds what it needs, runs it and shows the table. Words choose parts: engine, lock, pages, long, linking, backup.
import { backupTimes, unlockTimes } from "./lib/backup-bench.mjs";
import { linkTimes } from "./lib/linking-bench.mjs";
import { longTimes } from "./lib/long-bench.mjs";
import { addTimes, median, startTimes, watchEnter, watchStart, whenSeen } from "./lib/measure.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

const KEY_PRESSES = 120;
const STARTS = 9;
/** A pause longer than receipts wait, so that every key press finds both sides at rest. */
const REST = 350;

Object.assign(process.env, {
  PARLEY_RATE_REQUESTS: "1000000/1000000",
  PARLEY_RATE_REGISTRATIONS: "1000/1000",
  PARLEY_RATE_RESOLVES: "10000/10000",
  PARLEY_RATE_SLOTS: "1000/1000",
});
const report = {};
const relay = await Relay.start();
const say = (text) => process.stderr.write(`${text}\n`);

/** The report of a worker of the measuring program: without a name about the engine and bare OpenMLS, else about its name. */
async function measured(name) {
  // The page of the measuring program has an inline script, which the app's policy forbids.
  const person = await Person.arrive(relay, { bypassCSP: true });
  await person.page.goto(`${relay.url}/bench.html`);
  const numbers = await person.page.evaluate(
    (name) =>
      new Promise((done, fail) => {
        const worker = new Worker("/bench_loader.js", { type: "module", name });
        worker.onmessage = ({ data }) => done(JSON.parse(new TextDecoder().decode(data)));
        worker.onerror = (event) => fail(new Error(event.message ?? "the worker does not start"));
        setTimeout(() => fail(new Error("the worker takes too long")), 280_000);
      }),
    name,
  );
  Object.assign(report, numbers);
  await person.close();
}

async function keyPress() {
  const ada = await Person.arrive(relay);
  const bob = await Person.arrive(relay);
  await ada.createAccount("Ada", "ada");
  await bob.createAccount("Bob", "bob");
  await ada.startChat("bob");
  await ada.send("first");
  await bob.openChat("Ada");
  await bob.sees("first");
  await ada.page.evaluate(watchEnter);
  const trees = [];
  const frames = [];
  for (let number = -10; number < KEY_PRESSES; number += 1) {
    const text = `measured ${number}.`;
    await ada.composer().fill(text);
    const seen = bob.page.evaluate(whenSeen, text);
    await ada.page.waitForTimeout(REST);
    await ada.composer().press("Enter");
    const { tree, frame } = await seen;
    const pressed = await ada.page.evaluate(() => globalThis.parleyEnter);
    if (number < 0) continue;
    trees.push(tree - pressed);
    frames.push(frame - pressed);
  }
  addTimes(report, "key_press.tree", trees);
  addTimes(report, "key_press.frame", frames);
  await bob.close();
  return ada;
}

function addStart(name, all) {
  for (const step of Object.keys(all[0])) {
    const middle = median(all.map((times) => times[step]));
    if (middle !== undefined) report[`${name}.${step}`] = middle;
  }
}

/** A browser without any data of the app. */
async function coldStarts() {
  const all = [];
  for (let run = 0; run < STARTS; run += 1) {
    const person = await Person.prepare(relay);
    await person.page.addInitScript(watchStart);
    await person.page.goto(relay.url);
    all.push(await startTimes(person.page, "create"));
    await person.close();
  }
  addStart("cold", all);
}

/** Measures a browser that is closed and opened again, and a page that is reloaded. */
async function warmStarts(ada) {
  const [warm, reload] = [[], []];
  for (let run = 0; run < STARTS; run += 1) {
    await ada.leave();
    await ada.launch();
    await ada.page.addInitScript(watchStart);
    await ada.page.goto(relay.url);
    warm.push(await startTimes(ada.page, "chats"));
    await ada.page.waitForTimeout(500);
    await ada.page.reload();
    reload.push(await startTimes(ada.page, "chats"));
  }
  addStart("warm", warm);
  addStart("reload", reload);
  await ada.close();
}

/** The numbers of conversations in the accounts, and of messages in each. */
const ACCOUNTS = [
  [1, 50],
  [50, 50],
  [200, 50],
];

/** The numbers of messages in one chat. */
const LONG = [60, 1_000, 10_000];

async function linking() {
  for (const [conversations, each] of ACCOUNTS) {
    const { messages, bytes, ...times } = await linkTimes(relay, conversations, each, say);
    const name = `linking.${conversations}`;
    for (const [what, time] of Object.entries(times)) report[`${name}.${what}`] = time * 1000;
    report[`${name}.messages`] = messages;
    report[`${name}.bytes`] = bytes;
    say(`  ${JSON.stringify({ messages, bytes, ...times })}`);
  }
}

async function backups() {
  const { messages, backupBytes, restoreBytes, fileBytes, ...times } = await backupTimes(relay, 200, 50, say);
  for (const [what, time] of Object.entries(times)) report[`backup.${what}`] = time * 1000;
  Object.assign(report, { "backup.messages": messages, "backup.bytes": backupBytes });
  Object.assign(report, { "backup.restore_bytes": restoreBytes, "backup.file_bytes": fileBytes });
  say(`  ${JSON.stringify({ messages, backupBytes, restoreBytes, fileBytes, ...times })}`);
}

const parts = process.argv.length > 2 ? process.argv.slice(2) : ["engine", "lock", "pages", "long", "linking", "backup"];
try {
  if (parts.includes("engine")) {
    say("the engine, in a worker");
    await measured("");
  }
  if (parts.includes("lock")) {
    say("what opening a lock costs");
    await measured("lock");
    addTimes(report, "unlock", await unlockTimes(relay));
  }
  if (parts.includes("pages")) {
    say("from key press to the other screen");
    const ada = await keyPress();
    say("cold starts");
    await coldStarts();
    say("warm starts");
    await warmStarts(ada);
  }
  if (parts.includes("long")) {
    say("a long chat");
    for (const messages of LONG) await longTimes(relay, messages, report, say);
  }
  if (parts.includes("linking")) await linking();
  if (parts.includes("backup")) await backups();
  process.stdout.write(`${JSON.stringify(report)}\n`);
} finally {
  await relay.close();
}
