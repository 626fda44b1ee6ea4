// A person scans a link code by camera: another browser shows it, and Chromium's camera plays a video of that.
import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { blank, camerasOn, film, filming, modulesOf, watchCameras } from "./lib/camera.mjs";
import { approve, confirmDigits, openDevices, openSettings, showCode, useAnotherDevice } from "./lib/link.mjs";
import { Person } from "./lib/person.mjs";
import { appWith, Relay } from "./lib/relay.mjs";

const shots = process.env.PARLEY_SHOTS;
const INVITE = "That's an invite to a chat, not a link code. Use New chat for it.";
const DENIED = /^The browser doesn't let Parley use the camera\..* or paste the link\.$/;
const MISSING = /^No camera works here.* or paste the link\.$/;

let relay;
let ada;

before(async () => {
  relay = await Relay.start();
  ada = await Person.arrive(relay);
  await ada.createAccount("Ada", "ada");
});

after(async () => {
  const [end] = await Promise.allSettled([ada?.close()]);
  await relay?.close();
  if (end.status === "rejected") throw end.reason;
});

const image = (person, name) => person.page.getByRole("img", { name });
const camera = (person) => person.page.getByLabel("Camera", { exact: true });
const says = (person, text) => person.page.getByText(text).first().waitFor();

/** The same person in a browser with other flags. */
async function restart(person, flags) {
  await person.leave();
  person.options = { ...person.options, flags };
  await person.comeBack();
  await watchCameras(person);
  await person.page.reload();
}

/** A new browser that shows its code, and the video of it. */
async function filmCode(at = relay) {
  const fresh = await Person.arrive(at);
  await useAnotherDevice(fresh);
  await showCode(fresh);
  return [fresh, await film(await modulesOf(image(fresh, "Link QR code")))];
}

async function shoot(person, name) {
  if (!shots) return;
  await mkdir(shots, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[1280, 800], [390, 844]]) {
      await person.page.emulateMedia({ colorScheme });
      await person.page.setViewportSize({ width, height });
      await person.page.screenshot({ animations: "disabled", path: join(shots, `${name}-${colorScheme}-${width}.png`) });
    }
  }
  await person.page.emulateMedia({ colorScheme: null });
  await person.page.setViewportSize({ width: 1280, height: 800 });
}

test("a code that a new browser shows is scanned by the account's, and links it", async () => {
  const [fresh, file] = await filmCode();
  try {
    await restart(ada, filming(file));
    await openDevices(ada);
    await shoot(ada, "choose");
    await ada.button("Scan with the camera").click();
    await confirmDigits(ada, fresh);
    await camerasOn(ada, 0);
    assert.equal(await camera(ada).count(), 0);
    await approve(ada);
    await fresh.button("New chat").first().waitFor();
    await ada.button("Done").click();
  } finally {
    await fresh.close();
  }
});

test("a code that the account shows is scanned by a new browser, on its first screen", async () => {
  await restart(ada, []);
  await openDevices(ada);
  await showCode(ada);
  const fresh = await Person.arrive(relay, { flags: filming(await film(await modulesOf(image(ada, "Link QR code")))) });
  try {
    await useAnotherDevice(fresh);
    await shoot(fresh, "first-screen");
    await fresh.button("Scan with the camera").click();
    await confirmDigits(fresh, ada);
    await says(ada, /^Link .* to your account\?$/);
    await ada.button("Cancel").click();
  } finally {
    await fresh.close();
  }
});

test("the camera stops by its button, with the panel, and while nobody sees the tab", async () => {
  await restart(ada, filming(await blank()));
  await openDevices(ada);
  await ada.button("Scan with the camera").click();
  await camerasOn(ada, 1);
  await camera(ada).evaluate((video) => video.requestVideoFrameCallback && new Promise((done) => video.requestVideoFrameCallback(done)));
  assert.ok(await camera(ada).evaluate((video) => video.muted && video.playsInline && video.videoWidth > 0));
  await shoot(ada, "scanning");
  await ada.button("Stop").click();
  await camerasOn(ada, 0);
  await ada.button("Scan with the camera").click();
  await camerasOn(ada, 1);
  await ada.page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await camerasOn(ada, 0);
  await ada.page.evaluate(() => {
    delete document.visibilityState;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await ada.button("Scan with the camera").click();
  await camerasOn(ada, 1);
  await ada.button("Close").click();
  await camerasOn(ada, 0);
});

test("an invite is refused with a sentence, and the camera goes on looking", async () => {
  await openSettings(ada, "profile");
  await ada.button("Show QR code").click();
  const code = ada.page.getByRole("region", { name: "Settings" }).getByRole("img", { name: "Invite QR code" });
  await restart(ada, filming(await film(await modulesOf(code))));
  await openDevices(ada);
  await ada.button("Scan with the camera").click();
  await says(ada, INVITE);
  await camerasOn(ada, 1);
  await ada.button("Stop").waitFor();
  await shoot(ada, "invite");
});

for (const [what, flags, sentence] of [
  ["denied", ["--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream"], DENIED],
  ["missing", ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=0"], MISSING],
]) {
  test(`a camera that is ${what}: a sentence says what to do, and the code can be pasted`, async () => {
    await restart(ada, flags);
    await openDevices(ada);
    await ada.button("Scan with the camera").click();
    await says(ada, sentence);
    await shoot(ada, what);
    await ada.button("Scan with the camera").waitFor();
    await ada.page.getByRole("textbox", { name: "Code from the other device" }).fill("no code");
    await ada.button("Use this code").click();
    await says(ada, /^That's not a link code\./);
  });
}

/** A person at a relay of their own whose app's workers first run this code, with a browser that films a new browser's code. */
async function withWorkers(code, act) {
  const folder = await appWith(code);
  const other = await Relay.start(folder);
  const bob = await Person.arrive(other);
  let fresh;
  try {
    await bob.createAccount("Bob", "bob");
    const [shows, file] = await filmCode(other);
    fresh = shows;
    await restart(bob, filming(file));
    await openDevices(bob);
    await act(bob, fresh);
    await bob.close();
    await fresh.close();
  } finally {
    await Promise.allSettled([bob.close(), fresh?.close()]);
    await other.close();
    await rm(folder, { recursive: true });
  }
}

test("where the browser reads codes itself, it is asked", async () => {
  const detector = `
    const asked = new BroadcastChannel("test-texts");
    globalThis.BarcodeDetector = class {
      static getSupportedFormats = async () => ["aztec", "qr_code"];
      constructor({ formats }) { this.formats = formats.join(); }
      async detect(picture) {
        const say = [this.formats, picture instanceof ImageBitmap, picture.width > 0].join();
        return new Promise((done) => {
          asked.onmessage = ({ data }) => done([{ rawValue: data }]);
          asked.postMessage(say);
        });
      }
    }`;
  await withWorkers(detector, async (bob) => {
    await bob.page.evaluate(() => {
      globalThis.said = [];
      const asked = new BroadcastChannel("test-texts");
      asked.onmessage = ({ data }) => {
        globalThis.said.push(data);
        asked.postMessage(globalThis.said.length < 3 ? "ABCD-EFGH" : "https://parley.example/#link/nonsense");
      };
    });
    await bob.button("Scan with the camera").click();
    await bob.page.waitForFunction(() => globalThis.said.length === 3);
    await bob.button("Scan with the camera").waitFor();
    await camerasOn(bob, 0);
    await says(bob, /^That's not a link code\./);
    assert.deepEqual(await bob.page.evaluate(() => globalThis.said), Array(3).fill("qr_code,true,true"));
  });
});

test("p9: pictures on which the decoder ends or never ends stop neither the scanning nor the engine", async () => {
  const decoder = `
    if (self.name === "reader") {
      const counts = new BroadcastChannel("test-readers");
      const number = await new Promise((done) => {
        counts.onmessage = ({ data }) => done(data);
        counts.postMessage("");
      });
      globalThis.BarcodeDetector = class {
        static getSupportedFormats = async () => ["qr_code"];
        async detect() {
          if (number === 0) for (;;);
          if (number === 1) setTimeout(() => { throw new Error("the decoder ended"); });
          if (number === 1) await new Promise(() => {});
          throw new Error("the next decoder, then");
        }
      };
    }`;
  await withWorkers(decoder, async (bob, fresh) => {
    await bob.page.evaluate(() => {
      const counts = new BroadcastChannel("test-readers");
      globalThis.readers = 0;
      counts.onmessage = () => {
        counts.postMessage(globalThis.readers);
        globalThis.readers += 1;
      };
    });
    await bob.button("Scan with the camera").click();
    await confirmDigits(bob, fresh);
    await says(bob, /^Link .* to your account\?$/);
    assert.equal(await bob.page.evaluate(() => globalThis.readers), 3);
    bob.problems = bob.problems.filter((problem) => !problem.includes("the decoder ended"));
  });
});
