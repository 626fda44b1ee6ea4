// A person with a browser profile of their own, who uses the app by the roles and names that people see.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The invite links of the accounts made in this process, by relay and username. */
const links = new Map();

/** How long a click lasts, in milliseconds. A person presses for about a tenth of a second, and the page may change meanwhile. */
const PRESS = Number(process.env.PARLEY_PRESS ?? 60);

/** Makes every click last that long. Playwright's own clicks are over at once. */
function pressLikePeople(page) {
  const locators = Object.getPrototypeOf(page.locator("html"));
  if (locators.presses) return;
  const click = locators.click;
  locators.presses = true;
  locators.click = function (options = {}) {
    return click.call(this, { delay: PRESS, ...options });
  };
}

export class Person {
  static async arrive(relay, options = {}) {
    const person = await Person.prepare(relay, options);
    await person.page.goto(relay.url);
    return person;
  }

  /** A person with an open browser and an empty page. */
  static async prepare(relay, options = {}) {
    const person = new Person();
    person.relay = relay;
    person.profile = await mkdtemp(join(tmpdir(), "parley-profile-"));
    person.options = options;
    await person.launch();
    return person;
  }

  async openBrowser() {
    await this.launch();
    await this.page.goto(this.relay.url);
  }

  /** `flags` in the options are Chromium's, in addition to the usual ones; the other options are Playwright's. */
  async launch() {
    const { flags: more = [], ...options } = this.options ?? {};
    this.context = await chromium.launchPersistentContext(this.profile, {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      headless: true,
      args: [...flags, ...more],
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    this.context.setDefaultTimeout(15_000);
    this.problems ??= [];
    this.frames ??= [];
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    this.watch(this.page);
    pressLikePeople(this.page);
  }

  /** Collects what must not happen: errors of scripts and of the Content-Security-Policy. Also records the traffic on the wire. */
  watch(page) {
    page.on("pageerror", (error) => this.problems.push(`${error}`));
    page.on("console", (message) => {
      // Some tests stop the relay, and the browser reports refused connections as errors.
      if (message.type() === "error" && !/ERR_CONNECTION|WebSocket connection|ERR_INTERNET|net::/.test(message.text())) {
        this.problems.push(message.text());
      }
    });
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => this.frames.push(Buffer.from(payload)));
      socket.on("framereceived", ({ payload }) => this.frames.push(Buffer.from(payload)));
    });
  }

  /** Closes the browser and keeps the profile. */
  async leave() {
    await this.context.close();
  }

  /** Opens the browser again, with the profile that was kept. */
  async comeBack() {
    await this.openBrowser();
  }

  async close() {
    await this.context.close().catch(() => {});
    await rm(this.profile, { recursive: true, force: true });
    assert.deepEqual(this.problems, [], "no script or policy errors");
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  async createAccount(name, username) {
    await this.page.getByRole("textbox", { name: "Your name" }).fill(name);
    await this.page.getByRole("textbox", { name: "Username" }).fill(username);
    await this.page.getByText("This username is free.").waitFor();
    await this.button("Create account").click();
    await this.button("New chat").first().waitFor();
    this.name = name;
    this.username = username;
    const link = this.page.locator(".invite-link");
    // The part with the link on the empty list may load a moment later. A person who came by an invite sees none.
    await link.first().waitFor({ timeout: 5_000 }).catch(() => {});
    if (await link.count()) links.set(`${this.home()} ${username}`, await link.first().innerText());
  }

  /** The address of the relay, also behind a proxy. */
  home() {
    return this.relay.home ?? this.relay.url;
  }

  /** Opens a chat by the invite link of an account made in this process, like people who know each other. */
  async startChat(query) {
    await this.startChatBy(links.get(`${this.home()} ${query}`) ?? query);
  }

  /** Opens a chat by a typed text. A person found by a username gets a request first. */
  async startChatBy(query) {
    await this.button("New chat").first().click();
    const dialog = this.page.getByRole("dialog", { name: "New chat" });
    await dialog.getByRole("textbox", { name: "Username or invite link" }).fill(query);
    await dialog.getByRole("button", { name: /^(Start|Open) chat$/ }).click();
    await this.composer().waitFor();
  }

  composer() {
    return this.page.getByRole("textbox", { name: "Message", exact: true });
  }

  async openChat(name) {
    await this.page.getByRole("link", { name: new RegExp(`^${name}`) }).click();
    await this.composer().waitFor();
  }

  async send(text) {
    await this.composer().fill(text);
    await this.composer().press("Enter");
  }

  messages() {
    return this.page.getByRole("log", { name: "Messages" }).getByRole("article");
  }

  async sees(text) {
    await this.messages().filter({ hasText: text }).first().waitFor();
  }

  /** Waits until the newest own message is in this state. */
  async seesState(state) {
    await this.page.getByRole("article", { name: new RegExp(`^You, .*, ${state}$`) }).last().waitFor();
  }

  /** The texts of the open conversation. */
  async texts() {
    return this.messages().evaluateAll((articles) => articles.map((article) => article.innerText));
  }
}
