// A person who already has many conversations: the measuring program makes the device, and the app opens it.
import { Person } from "./person.mjs";

/** In the page of the measuring program. */
async function make([conversations, each]) {
  const made = await new Promise((done, fail) => {
    const worker = new Worker("/bench_loader.js", { type: "module", name: `fixture ${conversations} ${each}` });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      done(JSON.parse(new TextDecoder().decode(data)));
    };
    worker.onerror = (event) => fail(new Error(event.message ?? "the worker does not start"));
  });
  for (const [name, bytes] of Object.entries(made)) {
    localStorage.setItem(`parley.${name}`, btoa(String.fromCharCode(...bytes)));
  }
}

/** A person with these numbers of conversations, and of messages in each. */
export async function withFixture(relay, conversations, each) {
  // The page of the measuring program has an inline script, which the app's policy forbids.
  const person = await Person.arrive(relay, { bypassCSP: true });
  await person.page.goto(`${relay.url}/bench.html`);
  await person.page.evaluate(make, [conversations, each]);
  await person.page.goto(relay.url);
  await person.page.getByRole("list", { name: "Chats" }).getByRole("link").first().waitFor();
  return person;
}

/** In a page: the number of messages in this browser's database. */
export function messagesOnDisk() {
  return new Promise((done, fail) => {
    const opening = indexedDB.open("parley");
    opening.onerror = () => fail(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const counting = database.transaction("messages").objectStore("messages").count();
      counting.onsuccess = () => {
        database.close();
        done(counting.result);
      };
      counting.onerror = () => fail(counting.error);
    };
  });
}

/** Waits until this many messages are on the disk of the browser. Returns the time then, late by at most one wait of 50 ms. */
export async function whenOnDisk(person, count, patience) {
  const start = Date.now();
  for (;;) {
    const found = await person.page.evaluate(messagesOnDisk);
    if (found >= count) return Date.now();
    if (Date.now() - start > patience) throw new Error(`${found} of ${count} messages after ${patience} ms`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
