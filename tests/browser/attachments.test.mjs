// Files in chats: people send, fetch, show and save them, whatever is killed meanwhile and whatever the files are.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { faults } from "./lib/axe.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";
import { Person } from "./lib/person.mjs";

const MIB = 1024 * 1024;

let ada;
let bob;
let folder;

/** A person with a microphone that beeps each second. */
class Speaker extends Person {
  static arrive(relay) {
    return Person.arrive(relay, { flags: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] });
  }
}

twoPeople(async (pair) => {
  ({ ada, bob } = pair);
  await answer(pair);
}, Speaker);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-attachments-"));
});

after(() => rm(folder, { recursive: true, force: true }));

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A file on the sender's disk. */
async function made(name, bytes) {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

/** A picture drawn by a canvas. */
async function picture(person, name, width = 640, height = 480, colour = "#3a7") {
  const bytes = await person.page.evaluate(
    async ([width, height, colour]) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d");
      context.fillStyle = colour;
      context.fillRect(0, 0, width, height);
      context.fillStyle = "#fff";
      context.fillRect(width / 4, height / 4, width / 2, height / 8);
      const blob = await canvas.convertToBlob({ type: "image/png" });
      return [...new Uint8Array(await blob.arrayBuffer())];
    },
    [width, height, colour],
  );
  return made(name, Buffer.from(bytes));
}

/** Chooses files. The dialog with them is open afterwards. */
async function choose(person, paths) {
  const [chooser] = await Promise.all([person.page.waitForEvent("filechooser"), person.button("Attach").click()]);
  await chooser.setFiles(paths);
  return person.page.getByRole("dialog", { name: "Send files" });
}

async function send(person, paths, caption) {
  const dialog = await choose(person, paths);
  if (caption) await dialog.getByRole("textbox", { name: "Caption" }).fill(caption);
  await dialog.getByRole("button", { name: "Send files" }).click();
  await dialog.waitFor({ state: "hidden" });
}

/** Saves a file that is on the device. Returns its bytes and its name. */
async function saved(person, name) {
  const save = person.page.getByRole("button", { name: `Save ${name}` }).last();
  await save.waitFor({ timeout: 60_000 });
  const [download] = await Promise.all([person.page.waitForEvent("download"), save.click()]);
  return { bytes: await readFile(await download.path()), name: download.suggestedFilename() };
}

/** The number of chunks of files on the disk of a person's browser. */
const chunks = (person) =>
  person.page.evaluate(
    () =>
      new Promise((resolve) => {
        const open = indexedDB.open("parley");
        open.onsuccess = () => {
          const count = open.result.transaction(["files"]).objectStore("files").count();
          count.onsuccess = () => {
            open.result.close();
            resolve(count.result);
          };
        };
      }),
  );

const fetchFile = (person, name) => person.page.getByRole("button", { name: `Download ${name}` }).last().click();

test("a file goes to the other and is saved there byte for byte", async () => {
  const bytes = randomBytes(700_001);
  await send(ada, await made("notes.bin", bytes), "the notes");
  await bob.sees("the notes");
  await fetchFile(bob, "notes.bin");
  const got = await saved(bob, "notes.bin");
  assert.equal(hash(got.bytes), hash(bytes));
  assert.equal(got.name, "notes.bin");
  assert.equal(hash((await saved(ada, "notes.bin")).bytes), hash(bytes), "who sent it has it too");
});

test("p5: eight megabytes arrive whole, though both workers are killed in between", async () => {
  const bytes = randomBytes(8 * MIB);
  const before = await chunks(ada);
  await send(ada, await made("large.bin", bytes));
  const kill = async (person) => {
    const worker = person.page.workers().at(-1);
    await worker?.evaluate(() => self.close()).catch(() => {});
    await person.page.reload();
    await person.openChat(person === ada ? "Bob" : "Ada");
  };
  // The file is sealed on the disk: from then on it needs no page.
  while ((await chunks(ada)) < before + 33) await ada.page.waitForTimeout(20);
  // The disk also records that it is complete.
  await ada.page.waitForTimeout(400);
  await kill(ada);
  const button = bob.page.getByRole("button", { name: "Download large.bin" });
  await button.waitFor({ timeout: 60_000 });
  await button.click();
  await bob.page.waitForTimeout(150);
  await kill(bob);
  const got = await saved(bob, "large.bin");
  assert.equal(hash(got.bytes), hash(bytes));
});

test("pictures are an album with one caption, come by themselves and lose what is not seen of them", async () => {
  const paths = [await picture(ada, "one.png"), await picture(ada, "two.png", 300, 900, "#a37")];
  const dialog = await choose(ada, paths);
  await dialog.getByRole("button", { name: "Remove two.png" }).waitFor();
  assert.deepEqual(await faults(ada.page), []);
  await dialog.getByRole("textbox", { name: "Caption" }).fill("the lake");
  await dialog.getByRole("button", { name: "Send files" }).click();
  await bob.sees("the lake");
  await bob.page.getByRole("button", { name: "Open one.jpg" }).waitFor();
  await bob.page.getByRole("button", { name: "Open two.jpg" }).waitFor();
  assert.deepEqual(await faults(bob.page), []);
});

test("a picture is seen large, by keys too, and saved", async () => {
  const { page } = bob;
  await page.getByRole("button", { name: "Open one.jpg" }).click();
  const viewer = page.getByRole("dialog", { name: "Picture" });
  await viewer.getByRole("group", { name: /^Picture 1 of \d: one\.jpg$/ }).waitFor();
  await viewer.getByRole("img", { name: "one.jpg" }).waitFor();
  // Until the picture has faded in, its colours differ.
  await page.waitForTimeout(400);
  assert.deepEqual(await faults(page), []);
  await viewer.getByRole("button", { name: "Zoom in" }).click();
  await page.keyboard.press("ArrowRight");
  await viewer.getByRole("group", { name: /^Picture 2 of \d: two\.jpg$/ }).waitFor();
  await viewer.getByRole("img", { name: "two.jpg" }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    viewer.getByRole("button", { name: "Save", exact: true }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "two.jpg");
  await page.keyboard.press("Escape");
  await viewer.waitFor({ state: "hidden" });
});

test("the original goes as it is, if that is chosen", async () => {
  const path = await picture(ada, "original.png", 400, 300, "#15a");
  const dialog = await choose(ada, path);
  await dialog.getByRole("checkbox", { name: /^Original/ }).check();
  await dialog.getByRole("button", { name: "Send files" }).click();
  await bob.page.getByRole("button", { name: "Open original.png" }).click();
  const viewer = bob.page.getByRole("dialog", { name: "Picture" });
  await viewer.getByRole("img", { name: "original.png" }).waitFor();
  const [download] = await Promise.all([
    bob.page.waitForEvent("download"),
    viewer.getByRole("button", { name: "Save", exact: true }).click(),
  ]);
  assert.equal(hash(await readFile(await download.path())), hash(await readFile(path)));
  await bob.page.keyboard.press("Escape");
});

test("a voice message is recorded, heard, sent and played faster", async () => {
  await ada.button("Record voice message").click();
  const dialog = ada.page.getByRole("dialog", { name: "Voice message" });
  await dialog.getByText(/^Recording 0:0[2-9]$/).waitFor();
  await dialog.getByRole("button", { name: "Stop" }).click();
  await dialog.getByRole("button", { name: "Send voice message" }).waitFor();
  await ada.page.waitForTimeout(400);
  assert.deepEqual(await faults(ada.page), []);
  await dialog.getByRole("button", { name: "Send voice message" }).click();
  const voice = bob.page.getByRole("group", { name: /^Voice message, 0:0[2-9]$/ });
  await voice.getByRole("button", { name: "Play" }).click();
  await voice.getByRole("button", { name: "Pause" }).waitFor();
  await voice.getByRole("button", { name: "Speed: 1×" }).click();
  await voice.getByRole("button", { name: "Speed: 1.5×" }).click();
  await voice.getByRole("button", { name: "Speed: 2×" }).waitFor();
  assert.equal(await voice.locator("audio").evaluate((audio) => audio.playbackRate), 2);
  assert.ok((await voice.locator(".bar").count()) > 10);
});

test("files are pasted and dropped onto a chat", async () => {
  const { page } = ada;
  for (const [kind, target] of [["paste", "#message"], ["drop", ".conversation"]]) {
    await page.evaluate(
      ([kind, target]) => {
        const data = new DataTransfer();
        data.items.add(new File([`by ${kind}`], `${kind}.txt`, { type: "text/plain" }));
        const options = { bubbles: true, cancelable: true };
        const event =
          kind === "paste"
            ? new ClipboardEvent("paste", { ...options, clipboardData: data })
            : new DragEvent("drop", { ...options, dataTransfer: data });
        document.querySelector(target).dispatchEvent(event);
      },
      [kind, target],
    );
    const dialog = page.getByRole("dialog", { name: "Send files" });
    await dialog.getByText(`${kind}.txt`).waitFor();
    await dialog.getByRole("button", { name: "Send files" }).click();
    await fetchFile(bob, `${kind}.txt`);
    assert.equal((await saved(bob, `${kind}.txt`)).bytes.toString(), `by ${kind}`);
  }
});

test("p2: what could run in a file is only saved, never shown", async () => {
  const violations = [];
  await bob.page.exposeFunction("reportFile", (text) => violations.push(text));
  await bob.page.evaluate(() => {
    window.addEventListener("securitypolicyviolation", (event) => window.reportFile(event.violatedDirective));
  });
  const script = "<script>window.reportFile('it ran')</script>";
  const files = {
    "page.html": `<!doctype html>${script}`,
    "drawing.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="window.reportFile('it ran')">${script}</svg>`,
    "photo.png": `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`,
  };
  for (const [name, text] of Object.entries(files)) {
    await send(ada, await made(name, text));
    await fetchFile(bob, name);
    const got = await saved(bob, name);
    assert.equal(got.bytes.toString(), text);
    assert.equal(got.name, name);
  }
  // A polyglot: a picture when it is shown, a script when it is run.
  const polyglot = Buffer.concat([Buffer.from("GIF89a\x01\x00\x01\x00\x80\x00\x00", "latin1"), Buffer.from(`/*${script}*/`)]);
  await send(ada, await made("both.gif", polyglot));
  await bob.page.getByText("both.gif").or(bob.page.getByRole("group", { name: /^both\.gif/ })).first().waitFor();
  await bob.page.waitForTimeout(500);
  assert.deepEqual(violations, []);
  assert.equal(await bob.page.evaluate(() => document.querySelectorAll("iframe, object, embed").length), 0);
});

test("p9: a picture that is a bomb is a file, and nothing else happens", async () => {
  const head = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
  const size = Buffer.alloc(8);
  size.writeUInt32BE(60_000, 0);
  size.writeUInt32BE(60_000, 4);
  await send(ada, await made("bomb.png", Buffer.concat([head, size, Buffer.from("0802000000", "hex"), randomBytes(100)])));
  await fetchFile(bob, "bomb.png");
  await saved(bob, "bomb.png");
  assert.equal(await bob.page.getByRole("button", { name: "Open bomb.png" }).count(), 0);
});

test("what is too large or too much is said before anything is sent", async () => {
  const many = await Promise.all([...Array(11).keys()].map((number) => made(`${number}.txt`, "x")));
  const dialog = await choose(ada, many);
  await dialog.getByRole("alert").filter({ hasText: "You can send up to 10 files at once." }).waitFor();
  await ada.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
});

test("what takes space is listed in the settings, and freed", async () => {
  await bob.page.goto(`${new URL(bob.page.url()).origin}/#/settings/storage`);
  const list = bob.page.getByRole("list", { name: "By kind and age" });
  await list.getByText("All files").waitFor();
  assert.deepEqual(await faults(bob.page), []);
  await list.getByRole("button", { name: "Free up All files" }).click();
  await bob.page.getByRole("button", { name: "Free up", exact: true }).click();
  await bob.page.getByText("No files are saved in this browser.").waitFor();
  await bob.openChat("Ada");
  await fetchFile(bob, "large.bin");
  await saved(bob, "large.bin");
});
