// What happens to a worker: it is frozen, killed, or its storage fails. Run inside of the worker by `worker.evaluate`.

/** The worker of a tab; a tab has one at a time. */
export async function workerOf(page) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const [worker] = page.workers().slice(-1);
    if (worker) return worker;
    await page.waitForTimeout(25);
  }
  throw new Error("the tab has no worker");
}

/** The worker computes for so long and hears nothing. Does not wait for it. */
export function freeze(worker, milliseconds) {
  worker
    .evaluate((time) => {
      const end = Date.now() + time;
      while (Date.now() < end);
    }, milliseconds)
    .catch(() => {});
}

/**
 * The worker freezes just before it begins its next write into a store, and then goes on with it as if nothing had
 * happened. What became of that write is said on the channel "test".
 */
export async function freezeBeforeNextWrite(worker, store, milliseconds) {
  await worker.evaluate(([store, time]) => {
    const begin = IDBDatabase.prototype.transaction;
    const channel = new BroadcastChannel("test");
    // Its tab would end it as soon as it knows that another owns the device: it has time to do harm first.
    const say = globalThis.postMessage.bind(globalThis);
    globalThis.postMessage = (message) => setTimeout(() => say(message), 1_500);
    let done = false;
    IDBDatabase.prototype.transaction = function (names, mode, options) {
      const wanted = !done && mode === "readwrite" && [...names].includes(store);
      if (wanted) {
        done = true;
        channel.postMessage("frozen");
        const end = Date.now() + time;
        while (Date.now() < end);
      }
      const transaction = begin.call(this, names, mode, options);
      if (wanted) {
        for (const event of ["complete", "abort"]) transaction.addEventListener(event, () => channel.postMessage(event));
      }
      return transaction;
    };
  }, [store, milliseconds]);
}

/** Freezes the worker right after it has begun its next write into a store: the transaction is open. */
export async function freezeDuringNextWrite(worker, store, milliseconds) {
  await worker.evaluate(([store, time]) => {
    const commit = IDBTransaction.prototype.commit;
    const channel = new BroadcastChannel("test");
    let done = false;
    IDBTransaction.prototype.commit = function () {
      commit.call(this);
      if (!done && [...this.objectStoreNames].includes(store)) {
        done = true;
        channel.postMessage("frozen");
        const end = Date.now() + time;
        while (Date.now() < end);
      }
    };
  }, [store, milliseconds]);
}

/** From now on the worker moves nothing from the journal to the other stores, until `allowMoving`. */
export async function forbidMoving(worker) {
  await worker.evaluate(() => {
    const begin = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (names, mode, options) {
      if (mode === "readwrite" && [...names].includes("messages")) throw new DOMException("not now", "UnknownError");
      return begin.call(this, names, mode, options);
    };
    globalThis.allowMoving = () => (IDBDatabase.prototype.transaction = begin);
  });
}

export function allowMoving(worker) {
  return worker.evaluate(() => globalThis.allowMoving());
}

/**
 * So many of a hundred write transactions of this worker abort, after all that they were to write was asked for. The seed
 * decides which.
 */
export async function failWrites(worker, percent, seed = 0) {
  await worker.evaluate(([percent, seed]) => {
    globalThis.failing = percent;
    let state = seed;
    // Numerical Recipes' generator, of which the upper bits are good enough.
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    globalThis.random = random;
    globalThis.failed ??= 0;
    globalThis.tried ??= 0;
    if (globalThis.commitAsItWas) return;
    globalThis.commitAsItWas = IDBTransaction.prototype.commit;
    IDBTransaction.prototype.commit = function () {
      globalThis.tried += 1;
      if (globalThis.random() * 100 < globalThis.failing) {
        globalThis.failed += 1;
        this.abort();
        return;
      }
      globalThis.commitAsItWas.call(this);
    };
  }, [percent, seed]);
}

/** From now on this worker's writes fail as they do when the disk is full, until `makeRoom`. */
export async function fillUp(worker) {
  await worker.evaluate(() => {
    const commit = IDBTransaction.prototype.commit;
    const error = Object.getOwnPropertyDescriptor(IDBTransaction.prototype, "error");
    IDBTransaction.prototype.commit = function () {
      this.abort();
    };
    Object.defineProperty(IDBTransaction.prototype, "error", { get: () => new DOMException("full", "QuotaExceededError") });
    globalThis.makeRoom = () => {
      IDBTransaction.prototype.commit = commit;
      Object.defineProperty(IDBTransaction.prototype, "error", error);
    };
  });
}

export function makeRoom(worker) {
  return worker.evaluate(() => globalThis.makeRoom());
}

/** How many writes were tried and how many of them failed. */
export function failures(worker) {
  return worker.evaluate(() => [globalThis.tried, globalThis.failed]);
}

/** From now on what is said on the channel "test" is kept in the page. */
export async function listen(page) {
  await page.evaluate(() => {
    globalThis.said = [];
    new BroadcastChannel("test").onmessage = ({ data }) => globalThis.said.push(data);
  });
}

export function said(page) {
  return page.evaluate(() => globalThis.said);
}

/** The number of the last owner of the device, as it is stored. */
export function fence(page) {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open("parley");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const reading = database.transaction("meta").objectStore("meta").get("fence");
          reading.onsuccess = () => {
            database.close();
            resolve(reading.result);
          };
        };
      }),
  );
}

/** In a page: how many change sets are in the journal, and how many messages are in their store. */
export function onDisk() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("parley");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const reading = opening.result.transaction(["journal", "messages"]);
      const journal = reading.objectStore("journal").getAll();
      const messages = reading.objectStore("messages").count();
      reading.oncomplete = () => {
        opening.result.close();
        const entries = journal.result.filter((value) => value instanceof Uint8Array);
        resolve({ entries: entries.length, messages: messages.result });
      };
    };
  });
}

/** Waits until somebody else than this owner owns the device; answers how long that took. */
export async function nextOwner(page, before) {
  const begun = Date.now();
  while ((await fence(page)) === before) {
    if (Date.now() - begun > 10_000) throw new Error("nobody has taken over");
    await page.waitForTimeout(10);
  }
  return Date.now() - begun;
}

/** Sends commands of the Chrome DevTools Protocol to the worker of a page. */
export async function debuggerOf(page) {
  const session = await page.context().newCDPSession(page);
  const attached = new Promise((done) => session.on("Target.attachedToTarget", done));
  await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const { sessionId } = await attached;
  let id = 0;
  return (method) => session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id: (id += 1), method }) });
}

/** From now on the questions that waiting workers ask the owner are counted in this page; each answer begins anew. */
export async function watchPulse(page) {
  await page.evaluate(() => {
    const [ASKED, , , TAKING] = [0, 1, 2, 3];
    globalThis.pulse = { heard: false, unanswered: 0, taken: [] };
    new BroadcastChannel("parley-pulse").onmessage = ({ data: [beat] }) => {
      const { pulse } = globalThis;
      if (beat === ASKED) pulse.unanswered += 1;
      else if (beat === TAKING) pulse.taken.push(pulse.unanswered);
      else Object.assign(pulse, { heard: true, unanswered: 0 });
    };
  });
}

/** Waits until a waiting worker has heard the owner. */
export function ownerHeard(page) {
  return page.waitForFunction(() => globalThis.pulse.heard);
}

/** How many questions went unanswered before each time that the device was taken from its owner. */
export function takings(page) {
  return page.evaluate(() => globalThis.pulse.taken);
}
