// What the relay saw of a message: the text beside the bytes, which are the same on both sides and are what went over the wire.
import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "./lib/axe.mjs";
import { plain } from "./lib/group.mjs";
import { answer, twoPeople } from "./lib/pair.mjs";

let ada;
let bob;

twoPeople(async (pair) => {
  ({ ada, bob } = pair);
  await answer(pair);
});

async function openSaw(person, text) {
  await person.messages().filter({ hasText: text }).last().locator(".said").first().click({ button: "right" });
  await person.page.getByRole("menuitem", { name: "Details", exact: true }).click();
  const box = person.page.getByRole("dialog", { name: "Message details" });
  await box.getByRole("button", { name: "What the relay saw" }).click();
  await box.getByRole("heading", { name: "What the relay saw" }).waitFor();
  return box;
}

test("p1: what is shown as seen by the relay is what went over the wire, on both sides", async () => {
  await ada.send("a secret for Bob");
  await bob.sees("a secret for Bob");
  await ada.seesState("read");
  const seen = [];
  for (const person of [ada, bob]) {
    const box = await openSaw(person, "a secret for Bob");
    await box.getByRole("region", { name: "You see" }).getByText("a secret for Bob").waitFor();
    const shown = (await box.getByRole("region", { name: "Bytes" }).innerText()).replaceAll(/\s/g, "");
    assert.ok(shown.length > 400, "a short message is shown whole");
    const bytes = Buffer.from(shown, "hex");
    assert.ok(person.frames.some((frame) => frame.includes(bytes)), "these bytes went over the wire");
    assert.ok(!bytes.includes("secret"));
    const known = plain(await box.getByRole("list", { name: "What the relay knows" }).innerText());
    assert.match(known, /Its place in the chat\s+Number \d+\./);
    seen.push([shown, known.match(/SHA-256\)[^]*?([0-9a-f]{64})/)[1]]);
    const hidden = plain(await box.getByRole("list", { name: "What only the devices in this chat know" }).innerText());
    assert.match(hidden, person === ada ? /You, on the device/ : /Ada, on the device/);
    assert.match(hidden, /2 devices of 2 people/);
    assert.match(hidden, /\d+ bytes with sender and time, filled up to \d+ bytes/);
    assert.deepEqual(await faults(person.page), []);
    if (process.env.PARLEY_LOOK) {
      for (const [scheme, size] of [["light", { width: 1280, height: 800 }], ["dark", { width: 390, height: 844 }]]) {
        await person.page.emulateMedia({ colorScheme: scheme });
        await person.page.setViewportSize(size);
        await person.page.waitForTimeout(300);
        await person.page.screenshot({ path: `${process.env.PARLEY_SHOTS}/saw-${person.name}-${scheme}.png` });
      }
      await person.page.setViewportSize({ width: 1280, height: 800 });
    }
    await box.getByRole("button", { name: "Back to details" }).click();
    await box.getByRole("button", { name: "What the relay saw" }).waitFor();
    await person.page.keyboard.press("Escape");
  }
  assert.deepEqual(seen[0], seen[1]);
});
