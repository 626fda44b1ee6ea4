// Sets the app lock, and opens it.

/** Sets a lock; the settings stay open. */
export async function setLock(page, passphrase) {
  await openSettings(page);
  await button(page, "Set up a lock").click();
  await field(page, "New passphrase").fill(passphrase);
  await field(page, "Confirm passphrase").fill(passphrase);
  await button(page, "Set lock").click();
  await button(page, "Lock now").waitFor();
}

/** Opens the section about the lock. */
export async function openSettings(page) {
  await button(page, "Settings").click();
  await page.getByRole("region", { name: "Settings" }).getByRole("link", { name: "App lock" }).click();
  await page.getByRole("heading", { name: "App lock" }).waitFor();
}

export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const field = (page, name) => page.getByRole("textbox", { name, exact: true });
export const lockedHeading = (page) => page.getByRole("heading", { name: "Parley is locked" });

export async function unlock(page, passphrase) {
  await lockedHeading(page).waitFor();
  await field(page, "Passphrase").fill(passphrase);
  await button(page, "Unlock").click();
}
