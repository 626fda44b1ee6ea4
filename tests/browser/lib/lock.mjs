// Setting the app lock, and opening it.

/** Sets a lock; the settings stay open. */
export async function setLock(page, passphrase) {
  await openSettings(page);
  await field(page, "New passphrase").fill(passphrase);
  await field(page, "The same again").fill(passphrase);
  await button(page, "Set lock").click();
  await button(page, "Lock now").waitFor();
}

export async function openSettings(page) {
  await button(page, "Settings").click();
  await page.getByRole("region", { name: "Settings" }).waitFor();
}

export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const field = (page, name) => page.getByRole("textbox", { name, exact: true });
export const lockedHeading = (page) => page.getByRole("heading", { name: "Parley is locked" });

export async function unlock(page, passphrase) {
  await lockedHeading(page).waitFor();
  await field(page, "Passphrase").fill(passphrase);
  await button(page, "Unlock").click();
}
