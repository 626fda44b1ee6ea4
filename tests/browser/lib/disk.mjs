// Reads a stored device from a file (tests/fixtures/disk-v*.bin), and puts it into a browser's storage.

/** Reads postcard: (master key [u8; 32], vault Option<bytes>, records [(is a message, key bytes, value bytes)]). */
export function readDisk(file) {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = file[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length) => [...file.subarray(at, (at += length))];
  const bytes = () => take(number());
  const master = take(32);
  const vault = file[at++] === 1 ? bytes() : null;
  const records = [];
  for (let left = number(); left > 0; left -= 1) records.push([file[at++] === 1 ? "messages" : "state", bytes(), bytes()]);
  return { master, vault, records };
}

/**
 * Puts a device into the storage of the page's site, as version 1 of the app did (docs/storage-format.md). The browser's own
 * key cannot be copied, so another one wraps the same master key.
 */
export async function lay(page, disk) {
  await page.evaluate(async ({ master, vault, records }) => {
    const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const additionalData = new TextEncoder().encode("parley master v1");
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, new Uint8Array(master));
    localStorage.setItem("parley.master", base64([1, ...iv, ...new Uint8Array(sealed)]));
    if (vault) localStorage.setItem("parley.vault", base64(vault));
    await new Promise((resolve, reject) => {
      const opening = indexedDB.open("parley", 1);
      opening.onerror = () => reject(opening.error);
      opening.onupgradeneeded = () => {
        for (const store of ["state", "messages", "keys", "meta"]) opening.result.createObjectStore(store);
      };
      opening.onsuccess = () => {
        const transaction = opening.result.transaction(["state", "messages", "keys", "meta"], "readwrite");
        for (const [store, key, value] of records) {
          transaction.objectStore(store).put(new Uint8Array(value), new Uint8Array(key));
        }
        transaction.objectStore("keys").put(key, "wrap");
        transaction.objectStore("meta").put(7, "fence");
        transaction.onabort = () => reject(transaction.error);
        transaction.oncomplete = () => {
          opening.result.close();
          resolve();
        };
      };
    });
  }, disk);
}
