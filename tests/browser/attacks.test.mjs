// Markup in every text that reaches the screen. None of it may become an element, a script, a request or a dialog, and the
// browser's own guards (Content-Security-Policy, Trusted Types) must not even have had to act.
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

/** A person whose browser counts the effects of an attack. */
class Watched extends Person {
  violations = [];
  dialogs = [];
  requests = [];

  static async arrive(relay) {
    const person = new Watched();
    person.relay = relay;
    person.profile = await mkdtemp(join(tmpdir(), "parley-profile-"));
    await person.openBrowser();
    // The first document may have loaded before the listeners.
    await Promise.all(person.ready);
    await person.page.reload();
    return person;
  }

  watch(page) {
    super.watch(page);
    this.ready = [
      page.exposeFunction("reportViolation", (text) => this.violations.push(text)),
      page.addInitScript(() => {
        window.addEventListener("securitypolicyviolation", (event) => {
          window.reportViolation(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
        });
      }),
    ];
    page.on("dialog", async (dialog) => {
      this.dialogs.push(dialog.message());
      await dialog.dismiss();
    });
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("worker", (worker) => {
      const listen = () => {
        self.violations = [];
        self.addEventListener("securitypolicyviolation", (event) => {
          self.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
        });
      };
      worker.evaluate(listen).catch(() => {});
    });
  }

  /** The reports of the guards of page and workers. */
  async reported() {
    await Promise.all(this.ready);
    const workers = await Promise.all(this.page.workers().map((worker) => worker.evaluate(() => self.violations ?? ["nobody listens"])));
    return [...this.violations, ...workers.flat()];
  }
}

const MARKUP = "<img src=x onerror=alert(1)>";
const OTHER = "</title><svg/onload=alert(2)>\"'`";
const TEXTS = [
  MARKUP,
  "<script>alert(3)</script>",
  "<svg onload=alert(4)><a href=\"javascript:alert(5)\">click</a>",
  "<iframe srcdoc=\"<script>alert(6)</script>\"></iframe>",
  "\"><style>*{display:none}</style>",
  "<form action=javascript:alert(7)><button>Send</button></form>",
  "{{constructor.constructor('alert(8)')()}} ${alert(9)}",
  "javascript:alert(10)",
  "<base href=https://evil.example/><link rel=stylesheet href=https://evil.example/x.css>",
  "&lt;b&gt; &#60;script&#62;",
];
/** Elements and attributes that the app itself never has around people's words. */
const FOREIGN = "img[src='x'], iframe, base, form[action^='javascript'], a[href^='javascript'], [onload], [onerror]";

let relay;
let ada;
let bob;

before(async () => {
  relay = await Relay.start();
  ada = await Watched.arrive(relay);
  bob = await Watched.arrive(relay);
});

after(async () => {
  const ends = await Promise.allSettled([ada?.close(), bob?.close()]);
  await relay?.close();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});

const settle = (person) => person.page.evaluate(() => new Promise((done) => setTimeout(done, 300)));

async function untouched(...people) {
  for (const person of people) {
    await settle(person);
    assert.equal(await person.page.locator(FOREIGN).count(), 0, "no foreign element");
    assert.equal(await person.page.evaluate(() => document.title.includes("<")), false);
    assert.deepEqual(person.dialogs, [], "no dialog");
    assert.deepEqual(await person.reported(), [], "no report of a violated policy");
    const strange = person.requests.filter((url) => !url.startsWith(relay.url) || new URL(url).pathname === "/x");
    assert.deepEqual(strange, [], "no request to anywhere else");
    assert.deepEqual(person.problems, []);
  }
}

const chatWith = (person, name) => person.page.getByRole("list", { name: "Chats" }).getByRole("link").filter({ hasText: name });

test("p2: markup in a username is no username", async () => {
  const field = ada.page.getByRole("textbox", { name: "Username" });
  for (const text of [MARKUP, "<b>", "ada\"onfocus=alert(1) autofocus=\""]) {
    await field.fill(text);
    await ada.page.getByText("Use only letters a to z, digits, dot, underscore and hyphen.").waitFor();
  }
  await untouched(ada);
});

test("p2: markup in a display name is shown as it was written", async () => {
  await ada.createAccount(MARKUP, "ada");
  await bob.createAccount(OTHER, "bob");
  await ada.startChat("bob");
  await ada.send("hello");
  await chatWith(bob, MARKUP).click();
  await bob.sees("hello");
  await bob.send("hello yourself");
  await ada.sees("hello yourself");
  await chatWith(ada, OTHER).waitFor();
  await bob.page.getByRole("heading", { name: MARKUP }).waitFor();
  await ada.page.getByRole("heading", { name: OTHER }).waitFor();
  for (const person of [ada, bob]) {
    await person.button("Contact details").click();
    const dialog = person.page.getByRole("dialog");
    await dialog.getByText(person === ada ? OTHER : MARKUP).first().waitFor();
    await person.page.keyboard.press("Escape");
  }
  await untouched(ada, bob);
});

test("p2: markup in messages is shown as it was written, in the chat and in the list", async () => {
  for (const text of TEXTS) {
    await ada.send(text);
    await bob.sees(text);
    await chatWith(bob, text).waitFor();
  }
  await bob.page.reload();
  for (const text of TEXTS) await bob.sees(text);
  await untouched(ada, bob);
});

test("p2: a changed name with markup is shown as it was written", async () => {
  const name = "<b onmouseover=alert(1)>Bobby</b>";
  await bob.button("Settings").click();
  await bob.page.getByRole("region", { name: "Settings" }).getByRole("textbox", { name: "Your name" }).fill(name);
  await bob.button("Save name").click();
  await chatWith(ada, name).waitFor();
  await untouched(ada, bob);
});

test("p2: markup in the field that finds people finds nobody", async () => {
  await ada.button("New chat").first().click();
  const dialog = ada.page.getByRole("dialog", { name: "New chat" });
  const field = dialog.getByRole("textbox", { name: "Username or invite link" });
  for (const text of [...TEXTS, `${relay.url}/#i/${MARKUP}/aaaa`]) {
    await field.fill(text);
    await field.press("Enter");
    await dialog.getByText("That's not a username or an invite link.").waitFor();
    await field.fill("");
  }
  await ada.page.keyboard.press("Escape");
  await untouched(ada);
});

test("p2: an address with markup opens nothing but the app", async () => {
  const account = "a".repeat(52);
  const fragments = [
    `i/${MARKUP}/${account}`,
    `i/bob/${encodeURIComponent(MARKUP)}`,
    `i/bob/"><script>alert(1)</script>`,
    "javascript:alert(1)",
    `c/${MARKUP}`,
    `${"%00".repeat(50)}<svg/onload=alert(1)>`,
    "i/".repeat(20_000),
  ];
  for (const fragment of fragments) {
    await ada.page.goto("about:blank");
    await ada.page.goto(`${relay.url}/#${fragment}`);
    await ada.page.getByRole("button", { name: "New chat" }).first().waitFor({ state: "attached" });
    await untouched(ada);
  }
  const page = await (await fetch(`${relay.url}/%3Cscript%3Ealert(1)%3C/script%3E`)).text();
  assert.equal(page.includes("<script>alert(1)"), false, "an unknown address is not repeated");
});

test("what is counted here can be counted: forbidden deeds are stopped and reported", async () => {
  const eve = await Watched.arrive(relay);
  try {
    const stopped = await eve.page.evaluate(async () => {
      const deeds = [
        () => (document.body.innerHTML += "<b>html from text</b>"),
        () => document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = 1" })),
        () => document.createElement("img").setAttribute("onerror", "window.ran = 2"),
      ];
      let thrown = 0;
      for (const deed of deeds) {
        try {
          deed();
        } catch {
          thrown += 1;
        }
      }
      await fetch("https://evil.example/").catch(() => (thrown += 1));
      return { thrown, ran: window.ran ?? 0 };
    });
    await settle(eve);
    assert.deepEqual(stopped, { thrown: 4, ran: 0 });
    assert.ok((await eve.reported()).length >= 4, "each is reported");
  } finally {
    eve.problems = [];
    await eve.close();
  }
});
