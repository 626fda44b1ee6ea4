// Freezes or kills a worker, or makes its storage fail. These functions run inside of the worker by `worker.evaluate`.

/** The worker of a tab; a tab has one at a time. */
export async function workerOf(page) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const [worker] = page.workers().slice(-1);
    if (worker) return worker;
    await page.waitForTimeout(25);
  }
  throw new Error("the tab has no worker");
}

/** Makes the worker compute for this long without hearing anything. Does not wait for it. */
export function freeze(worker, milliseconds) {
  worker
    .evaluate((time) => {
      const end = Date.now() + time;
      while (Date.now() < end);
    }, milliseconds)
    .catch(() => {});
}

/**
 * Freezes the worker just before it begins its next write into a store. Afterwards the worker continues as if nothing had
 * happened. The channel "test" reports the outcome of that write.
 */
export async function freezeBeforeNextWrite(worker, store, milliseconds) {
  await worker.evaluate(([store, time]) => {
    const begin = IDBDatabase.prototype.transaction;
    const channel = new BroadcastChannel("test");
    // Its tab would end the worker as soon as it learns that another owns the device; this gives the worker time to do harm
    // first.
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

/** From now on the worker moves no entry from the journal to the other stores, until `allowMoving`. */
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
 * Makes this many of a hundred write transactions of this worker abort, after all their writes were requested. The seed decides
 * which.
 */
export async function failWrites(worker, percent, seed = 0) {
  await worker.evaluate(([percent, seed]) => {
    globalThis.failing = percent;
    let state = seed;
    // Numerical Recipes' generator; its upper bits are random enough.
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

/** From now on this worker's writes fail as on a full disk, until `makeRoom`. */
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

/** The numbers of attempted and of failed writes. */
export function failures(worker) {
  return worker.evaluate(() => [globalThis.tried, globalThis.failed]);
}

/** From now on the page keeps the messages on the channel "test". */
export async function listen(page) {
  await page.evaluate(() => {
    globalThis.said = [];
    new BroadcastChannel("test").onmessage = ({ data }) => globalThis.said.push(data);
  });
}

export function said(page) {
  return page.evaluate(() => globalThis.said);
}

/** The stored fence of the last owner of the device. */
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

/** In a page: the numbers of change sets in the journal and of messages in their store. */
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

/** Waits until another owner than this one owns the device. Returns how long that took. */
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

/** From now on this page counts the questions that waiting workers ask the owner. Each answer starts a new count. */
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

/** The numbers of unanswered questions before each takeover of the device. */
export function takings(page) {
  return page.evaluate(() => globalThis.pulse.taken);
}
