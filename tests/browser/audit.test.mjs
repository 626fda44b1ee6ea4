// Runs Lighthouse on the served app: accessibility and best practices must be right. Times are printed but not judged: they
// depend on the machine.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { judge } from "./lib/lighthouse.mjs";
import { Person } from "./lib/person.mjs";
import { Relay } from "./lib/relay.mjs";

const categories = ["performance", "accessibility", "best-practices", "seo"];
/** The least score of a judged category. */
const LEAST = 95;

let relay;
let ada;
let port;

before(async () => {
  port = await freePort();
  relay = await Relay.start();
  ada = await Person.arrive(relay, { flags: [`--remote-debugging-port=${port}`] });
});

after(async () => {
  await ada?.close();
  await relay?.close();
});

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

for (const phone of [false, true]) {
  test(`Lighthouse finds nothing wrong ${phone ? "on a phone" : "on a desk"}`, { timeout: 180_000 }, async (test) => {
    const { scores, wrong } = await judge(relay.url, port, { categories, phone });
    test.diagnostic(`${JSON.stringify(scores)}; ${wrong.join("; ")}`);
    for (const category of ["accessibility", "best-practices"]) {
      assert.ok(scores[category] >= LEAST, `${category} ${scores[category]}: ${wrong.join("; ")}`);
    }
  });
}
