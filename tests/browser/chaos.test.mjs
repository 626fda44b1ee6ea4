// Kills tabs, renderers and workers at random while two people write to each other from several tabs. The relay is killed and
// restarted; the network goes and comes. Every accepted message is on both sides, once and in order.
//
// `PARLEY_SEED` chooses the events; what the machine makes of them differs from run to run. `PARLEY_KILLS` sets the number of
// kills.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clumsy, Dice, everything, pause } from "./lib/chaos.mjs";
import { twoPeople } from "./lib/pair.mjs";

const seed = Number(process.env.PARLEY_SEED ?? Math.floor(Math.random() * 2 ** 32));
const kills = Number(process.env.PARLEY_KILLS ?? 100);
const relayKills = 5;
const outages = 4;

let relay;
let ada;
let bob;

twoPeople((pair) => {
  ({ relay, ada, bob } = pair);
});

/** Gives or takes the network. If a tab is killed meanwhile, the driver gives up half-way; then this tries again. */
async function network(context, there) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      // If a renderer crashes meanwhile, the driver may wait for ever.
      const done = await Promise.race([context.setOffline(!there).then(() => true), pause(1_000)]);
      if (done) return;
      if (attempt === 50) throw new Error("the network cannot be switched");
    } catch (error) {
      if (attempt === 50 || !/has been closed|crashed/.test(`${error}`)) throw error;
      await pause(100);
    }
  }
}

/** Kills the relay and takes the network away, one after the other, until the test is done. */
async function weather(people, stop) {
  const dice = new Dice(seed ^ 0x5eed);
  const plan = [...Array(relayKills).fill("relay"), ...Array(outages).fill("network")];
  while (plan.length > 0 && !stop()) {
    await pause(1_000 + dice.below(6_000));
    const [what] = plan.splice(dice.below(plan.length), 1);
    if (what === "relay") {
      await relay.kill("SIGKILL");
      await pause(dice.below(1_500));
      await relay.run();
    } else {
      const { context } = dice.pick(people).person;
      await network(context, false);
      await pause(500 + dice.below(1_500));
      await network(context, true);
    }
  }
  return plan.length;
}

/** The texts of one person, as the other must have them: all that are sure, and others that the writer has. */
function expected(writer, shown) {
  const there = new Set(shown.filter(({ own }) => own).map(({ text }) => text));
  return writer.written.filter(({ sure, text }) => sure || there.has(text)).map(({ text }) => text);
}

const of = (shown, own) => shown.filter((message) => message.own === own).map(({ text }) => text);

test(`p5: ${kills} kills of tabs and workers while both write (seed ${seed})`, async (t) => {
  const people = [new Clumsy(ada, "Bob", seed), new Clumsy(bob, "Ada", seed + 1)];
  ada.page.close();
  bob.page.close();
  let done = false;
  const [adas, bobs] = people;
  const lives = Promise.all(people.map((somebody, index) => somebody.live(Math.ceil((kills - index) / 2), 3)));
  const rest = weather(people, () => done);
  await lives.finally(() => {
    done = true;
  });
  const notDone = await rest;
  const count = people.reduce((sum, { killed }) => sum + killed, 0);
  assert.equal(count, kills);
  const texts = people.reduce((sum, { written }) => sum + written.length, 0);
  const unsure = people.reduce((sum, { written }) => sum + written.filter(({ sure }) => !sure).length, 0);
  const all = { tab: 0, renderer: 0, worker: 0 };
  for (const { kills: some } of people) for (const how of Object.keys(all)) all[how] += some[how];
  t.diagnostic(`seed ${seed}: ${texts} texts (${unsure} in tabs that died under them), kills ${JSON.stringify(all)}, relay and network ${relayKills + outages - notDone}`);

  const tabs = [await adas.calmDown(), await bobs.calmDown()];
  let shown;
  for (let attempt = 0; attempt < 60; attempt += 1) {
    shown = await Promise.all(tabs.map(({ page }) => everything(page)));
    const [fromAda, fromBob] = shown;
    const settled =
      shown.flat().every(({ own, state }) => !own || state !== "waiting") &&
      of(fromAda, true).length === of(fromBob, false).length &&
      of(fromBob, true).length === of(fromAda, false).length;
    if (settled) break;
    await pause(500);
  }
  const [onAda, onBob] = shown;
  const hers = ["Hello Bob", ...expected(adas, onAda)];
  const his = expected(bobs, onBob);
  assert.deepEqual(of(onAda, true), hers, "Ada's own texts on her screen");
  assert.deepEqual(of(onBob, false), hers, "Ada's texts on Bob's screen");
  assert.deepEqual(of(onBob, true), his, "Bob's own texts on his screen");
  assert.deepEqual(of(onAda, false), his, "Bob's texts on Ada's screen");
  for (const { own, state, text } of shown.flat()) {
    if (own) assert.ok(["sent", "delivered", "read"].includes(state), `${text} is ${state}`);
  }
});
