// Two people who know each other, for a file of tests.
import { after, before } from "node:test";
import { Person } from "./person.mjs";
import { Relay } from "./relay.mjs";

/**
 * Before the tests Ada has written to Bob, and Bob has read it; afterwards both go, and the relay too. `met` gets them, and may
 * go on from there. `Kind` is who they are.
 */
export function twoPeople(met, Kind = Person) {
  let relay;
  let ada;
  let bob;
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
    const ends = await Promise.allSettled([ada?.close(), bob?.close()]);
    await relay?.close();
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  });
}

/** Bob answers, so that Ada's browser learns his name. */
export async function answer({ ada, bob }) {
  await bob.send("Hello Ada");
  await ada.sees("Hello Ada");
}
