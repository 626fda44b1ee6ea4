// Backup files: saved in one browser, restored in others, also for another account on another relay.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openSettings, useRecoveryPhrase } from "./lib/link.mjs";
import { answer, arrive, twoPeople } from "./lib/pair.mjs";
import { Person } from "./lib/person.mjs";
import { writeDown } from "./lib/phrase.mjs";
import { Relay } from "./lib/relay.mjs";

const LONG = 5;
const CHUNK = 128 * 1024;

let relay;
let ada;
let bob;
let words;
let folder;
let file;
let elsewhere;
let carol;

const others = twoPeople(async (pair) => {
  ({ relay, ada, bob } = pair);
  await answer(pair);
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-file-"));
  elsewhere = await Relay.start();
  carol = await Person.arrive(elsewhere);
  await carol.createAccount("Carol", "carol");
});

after(async () => {
  const ends = await Promise.allSettled([carol?.close()]);
  await elsewhere?.close();
  await rm(folder, { recursive: true, force: true });
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

/** Saves a backup file, and downloads it. */
async function save(person) {
  await openSettings(person, "recovery");
  await person.button("Save a backup file").click();
  await person.page.getByText(/^Backup verified: /).waitFor();
  const [download] = await Promise.all([
    person.page.waitForEvent("download"),
    person.page.getByRole("link", { name: "Download backup file" }).click(),
  ]);
  const path = join(folder, `${others.length}-${download.suggestedFilename()}`);
  await download.saveAs(path);
  return { path, name: download.suggestedFilename() };
}

/** Restores a file in the settings. The caller checks the result. */
async function restore(person, path, phrase = words) {
  await openSettings(person, "recovery");
  await person.button("Restore from a backup file").click();
  await person.page.getByLabel("Backup file", { exact: true }).setInputFiles(path);
  await person.page.getByRole("textbox", { name: "Recovery phrase for this file" }).fill(phrase.join(" "));
  await person.button("Restore").click();
}

async function says(person, text) {
  await person.page.getByText(text).first().waitFor();
}

/** A copy of the file with a change. */
async function changed(name, change) {
  const path = join(folder, name);
  await writeFile(path, change(Buffer.from(await readFile(file.path))));
  return path;
}

const flip = (place) => (bytes) => {
  bytes[place] ^= 1;
  return bytes;
};

test("a file needs a recovery phrase that is written down", async () => {
  await openSettings(ada, "recovery");
  await ada.page.getByText("Write your recovery phrase down first").waitFor();
  assert.equal(await ada.button("Save a backup file").count(), 0);
  words = await writeDown(ada);
});

test("p1: a file is saved, read back and downloaded, and says nothing without the phrase", async () => {
  await ada.page.goto(`${relay.url}/#/`);
  await ada.openChat("Bob");
  for (let number = 0; number < LONG; number += 1) {
    await ada.send(`long ${number} ${"x".repeat(60_000)}`);
    await bob.sees(`long ${number}`);
  }
  file = await save(ada);
  assert.match(file.name, /^parley-ada-\d{4}-\d\d-\d\d\.parley$/);
  const bytes = await readFile(file.path);
  assert.ok(bytes.length > 2 * CHUNK);
  for (const secret of ["Hello Bob", "Hello Ada", "xxxxxxxx"]) assert.ok(!bytes.includes(secret), `${secret} stands in the file`);
});

test("restored where everything is, a file changes nothing", async () => {
  await restore(ada, file.path);
  await says(ada, `0 of ${LONG + 2} messages were added; you already had the others.`);
  await ada.page.goto(`${relay.url}/#/`);
  await ada.openChat("Bob");
  await ada.sees("Hello Bob");
  assert.equal((await ada.texts()).length, LONG + 2);
});

test("p9: what is no whole file is refused with its own sentence", async () => {
  const cases = [
    [await changed("other.parley", () => Buffer.from("a letter to my aunt")), "This isn't a Parley backup file."],
    [await changed("newer.parley", (bytes) => Buffer.concat([bytes.subarray(0, 8), Buffer.of(9), bytes.subarray(9)])), "This file was saved by a newer version of Parley."],
    [await changed("head.parley", flip(100)), "The start of this file is damaged"],
  ];
  for (const [path, sentence] of cases) {
    await restore(carol, path);
    await says(carol, sentence);
    await carol.button("Cancel").click();
  }
  await restore(carol, file.path, [...Array(23).fill("abandon"), "art"]);
  await says(carol, "This recovery phrase doesn't open the file.");
  await carol.button("Cancel").click();
  await restore(carol, file.path, words.slice(1));
  await says(carol, "A recovery phrase has 24 words.");
  await carol.button("Cancel").click();
  await carol.page.goto(`${elsewhere.url}/#/`);
  await carol.page.getByText("No chats yet").waitFor();
});

test("p9: a damaged and a cut file restore what is whole, and say what is missing", async () => {
  const { length } = await readFile(file.path);
  const first = length - (length % CHUNK || CHUNK) - CHUNK;
  await restore(carol, await changed("damaged.parley", flip(first + 4_000)));
  await says(carol, /messages are missing: 1 part\(s\) of the file are damaged\. Try/);
  await restore(carol, await changed("cut.parley", (bytes) => bytes.subarray(0, bytes.length - 1_000)));
  await says(carol, "its end is damaged or cut off");
});

test("p6: on another relay, in another account, the chats can be read and not written", async () => {
  await restore(carol, file.path);
  await says(carol, "as chats of Ada that you can read");
  await carol.page.goto(`${elsewhere.url}/#/`);
  await carol.page.getByRole("link", { name: /^Bob, restored/ }).click();
  await carol.sees("Hello Bob");
  await carol.sees("Hello Ada");
  assert.equal((await carol.texts()).length, LONG + 2, "after three files, nothing is there twice");
  await carol.page.getByText("This chat came from a backup file of Ada, so you can only read it.").waitFor();
  assert.equal(await carol.composer().count(), 0);
  assert.equal(await carol.button("Contact details").count(), 0);
  await carol.page.reload();
  await carol.sees("Hello Ada");
  await carol.button("Delete chat…").click();
  await carol.page.getByRole("alert").filter({ hasText: "The backup file still has it" }).waitFor();
  await carol.button("Delete this chat").click();
  await carol.page.getByRole("heading", { name: "No chats yet" }).waitFor();
  await carol.page.reload();
  await carol.page.getByRole("heading", { name: "No chats yet" }).waitFor();
});

test("p5: a wiped browser comes back by phrase and file when the relay has no backup", async () => {
  await openSettings(ada, "recovery");
  await ada.page.getByRole("switch", { name: "Encrypted backup" }).click();
  await ada.page.getByText("Off: your messages are on your devices only.").waitFor();
  await ada.leave();
  await bob.send("while Ada was lost");
  const back = await arrive(relay, others);
  await useRecoveryPhrase(back);
  await back.page.getByLabel("Backup file, if you have one").setInputFiles(file.path);
  await back.page.getByRole("textbox", { name: "Recovery phrase" }).fill(words.join(" "));
  await back.page.getByRole("checkbox", { name: /^My other devices are lost/ }).check();
  await back.button("Bring my account back").click();
  await back.openChat("Bob");
  await back.sees("Hello Bob");
  await back.sees("while Ada was lost");
  const texts = await back.texts();
  assert.equal(texts.filter((text) => text.includes("Hello Bob")).length, 1);
  await back.send("I am back");
  await bob.sees("I am back");
  await openSettings(back, "recovery");
  await says(back, "The device that saved this file is no longer in your account.");
});
