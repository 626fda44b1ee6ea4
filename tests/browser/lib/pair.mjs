// Two people who know each other, for a file of tests.
import { after, before } from "node:test";
import { Person } from "./person.mjs";
import { Relay } from "./relay.mjs";

/**
 * Before the tests, Ada writes to Bob, and Bob reads it; after the tests both go, and the relay too. `met` gets them, and may
 * go on from there. `Kind` is their class. Returns the browsers that came later (see `arrive`), which go first.
 */
export function twoPeople(met, Kind = Person) {
  let relay;
  let ada;
  let bob;
  const others = [];
  before(async () => {
    relay = await Relay.start();
    ada = await Kind.arrive(relay);
    bob = await Kind.arrive(relay);
    await ada.createAccount("Ada", "ada");
    await bob.createAccount("Bob", "bob");
    await ada.startChat("bob");
    await ada.send("Hello Bob");
    await bob.openChat("Ada");
    await bob.sees("Hello Bob");
    await met({ relay, ada, bob });
  });
  after(async () => {
    const ends = await Promise.allSettled([...others, ada, bob].map((person) => person?.close()));
    await relay?.close();
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  });
  return others;
}

/** Another browser on its first screen. */
export async function arrive(relay, others, options = {}) {
  const browser = await Person.arrive(relay, options);
  others.push(browser);
  return browser;
}

/** Eve has written to Ada, who has the chat open. */
export async function eveWrites({ relay, ada }, others) {
  const eve = await arrive(relay, others);
  await eve.createAccount("Eve", "eve");
  await eve.startChat("ada");
  await eve.send("Hello from Eve");
  await ada.openChat("Eve");
  await ada.sees("Hello from Eve");
}

/** Bob answers, so that Ada's browser learns his name. */
export async function answer({ ada, bob }) {
  await bob.send("Hello Ada");
  await ada.sees("Hello Ada");
}
