// A person whose tabs and workers die while they write.
import { Person } from "./person.mjs";

/** Numbers derived from a seed (mulberry32). */
export class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  below(bound) {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  pick(list) {
    return list[this.below(list.length)];
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** One tab of a person. */
class Tab {
  constructor(page) {
    this.page = page;
    this.dead = false;
    page.on("crash", () => {
      this.dead = true;
    });
    page.on("close", () => {
      this.dead = true;
    });
  }

  own(text) {
    const articles = this.page.getByRole("log", { name: "Messages" }).getByRole("article", { name: /^You, / });
    return articles.filter({ hasText: text });
  }
}

/** A person who writes from several tabs, while tabs, renderers and workers are killed. */
export class Clumsy {
  constructor(person, peer, seed) {
    Object.assign(this, { person, peer, dice: new Dice(seed), tabs: [], deck: [], kills: { tab: 0, renderer: 0, worker: 0 } });
    /** The written texts, in order. `sure` is set once the own bubble was on the screen, which is a promise. */
    this.written = [];
  }

  get killed() {
    return this.kills.tab + this.kills.renderer + this.kills.worker;
  }

  /** Opens a tab with the conversation. Tries until the relay serves the page again. */
  async openTab() {
    const page = await this.person.context.newPage();
    this.person.watch(page);
    const tab = new Tab(page);
    for (let attempt = 0; ; attempt += 1) {
      try {
        await page.goto(this.person.relay.url, { timeout: 10_000 });
        await page.getByRole("link", { name: new RegExp(`^${this.peer}`) }).click({ timeout: 10_000 });
        await page.getByRole("textbox", { name: "Message", exact: true }).waitFor({ timeout: 10_000 });
        break;
      } catch (error) {
        if (tab.dead || attempt === 20) throw error;
        // If the end of an outage was lost with a crashed renderer, the network returns here.
        if (attempt > 8) await Promise.race([this.person.context.setOffline(false).catch(() => {}), pause(500)]);
        await pause(300);
      }
    }
    this.tabs.push(tab);
    return tab;
  }

  /** Keeps `count` tabs open. */
  async keep(count) {
    this.tabs = this.tabs.filter((tab) => !tab.dead);
    while (this.tabs.length < count) await this.openTab();
  }

  /** Opens a tab when no worker is left: a tab does not restart a worker that was ended from outside. */
  async ownerIsThere() {
    const works = (tab) => !tab.dead && tab.page.workers().length > 0;
    if (!this.tabs.some(works)) await this.openTab();
  }

  /** Writes a text and waits for its bubble. If the tab dies first, the text is not sure. */
  async write(tab) {
    const entry = { text: `${this.person.name} ${this.written.length}.`, sure: false };
    this.written.push(entry);
    try {
      const composer = tab.page.getByRole("textbox", { name: "Message", exact: true });
      await composer.fill(entry.text, { timeout: 20_000 });
      await composer.press("Enter", { timeout: 20_000 });
      await tab.own(entry.text).first().waitFor({ timeout: 20_000 });
      entry.sure = true;
    } catch (error) {
      if (!tab.dead) throw new Error(`${entry.text} was not accepted in a tab that lives: ${error}`);
    }
  }

  /** Writes some texts, one after another, until the tab dies. */
  async writeSome(tab, count) {
    for (let text = 0; text < count && !tab.dead; text += 1) await this.write(tab);
  }

  /** Kills a part of a tab, some milliseconds from now. */
  async kill(tab) {
    // Each kind equally often.
    if (this.deck.length === 0) this.deck = ["tab", "renderer", "worker"];
    const [how] = this.deck.splice(this.dice.below(this.deck.length), 1);
    await pause(this.dice.below(120));
    if (tab.dead) return;
    this.kills[how] += 1;
    if (how === "tab") {
      await tab.page.close();
    } else if (how === "renderer") {
      const session = await this.person.context.newCDPSession(tab.page);
      // The answer never comes, because its sender is dead.
      session.send("Page.crash").catch(() => {});
      while (!tab.dead) await pause(5);
      await tab.page.close().catch(() => {});
    } else {
      for (const worker of tab.page.workers()) await worker.evaluate(() => self.close()).catch(() => {});
      while (!tab.dead && tab.page.workers().length > 0) await pause(5);
    }
    await this.ownerIsThere();
  }

  /** Writes, and kills meanwhile, until the number of kills is reached. */
  async live(kills, tabs) {
    while (this.killed < kills) {
      await this.keep(tabs);
      const writer = this.dice.pick(this.tabs);
      const victim = this.dice.pick(this.tabs);
      await Promise.all([this.writeSome(writer, 1 + this.dice.below(3)), this.kill(victim)]);
    }
  }

  /** Closes all tabs and opens one. */
  async calmDown() {
    for (const tab of this.tabs.splice(0)) await tab.page.close().catch(() => {});
    return this.openTab();
  }
}

/** In the page: the messages from the first to the newest, which are more than the page holds at a time. */
async function collect() {
  const scroller = document.querySelector("[role=region][aria-label=Conversation]");
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)));
  const collected = new Set();
  const found = [];
  for (let still = 0; still < 8; ) {
    let news = 0;
    for (const article of document.querySelectorAll("[role=log] [role=article]")) {
      if (collected.has(article)) continue;
      collected.add(article);
      // Of a long text the page shows only the beginning at first.
      for (;;) {
        const more = [...article.querySelectorAll("button")].find((button) => button.textContent === "Show more");
        if (!more) break;
        more.click();
        await frame();
      }
      news += 1;
      const [who, , state] = article.getAttribute("aria-label").split(", ");
      found.push({ own: who === "You", state, text: (article.querySelector("p") ?? article).textContent });
    }
    const before = scroller.scrollTop;
    scroller.scrollBy(0, scroller.clientHeight);
    await frame();
    still = news === 0 && scroller.scrollTop === before ? still + 1 : 0;
  }
  return found;
}

/** All messages of the open conversation, oldest first: author, state and text. */
export async function everything(page) {
  const begin = page.getByText("Messages are end-to-end encrypted.", { exact: true });
  const region = page.getByRole("region", { name: "Conversation" });
  for (let attempt = 0; attempt < 200 && !(await begin.isVisible()); attempt += 1) {
    await region.evaluate((element) => element.scrollTo(0, -element.scrollHeight));
    await pause(50);
  }
  await begin.waitFor();
  return page.evaluate(collect);
}

export { Person, pause };
