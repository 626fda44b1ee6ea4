// The steps by which people link a browser.

/** Opens a section of the settings from any screen: "profile", "devices", "recovery", "lock", "privacy", … */
export async function openSettings(person, section) {
  await person.page.keyboard.press("Escape");
  // Escape goes back, which takes the browser a moment.
  await person.page.waitForTimeout(200);
  await person.page.goto(`${person.relay.url}/#/settings/${section}`);
  await person.page.getByRole("heading", { name: "Settings" }).waitFor();
}

/** On the first screen: chooses to link this browser with another device. */
export async function useAnotherDevice(person) {
  await person.button("I already have an account").click();
  await person.button("Use another device").click();
}

/** On the first screen: chooses to restore the account by its phrase. */
export async function useRecoveryPhrase(person) {
  await person.button("I already have an account").click();
  await person.button("Use a recovery phrase").click();
}

/** In the settings: opens the dialog that links a device. */
export async function openDevices(person) {
  await openSettings(person, "devices");
  await person.button("Link a device").click();
  await person.page.getByRole("dialog", { name: "Link a device" }).waitFor();
}

/** Shows a code. Returns the link and the text to type. */
export async function showCode(person) {
  await person.button("Show a code").click();
  await person.page.getByRole("img", { name: "Link QR code" }).waitFor();
  const link = await person.page.getByText(/#link\//).innerText();
  const typed = await person.page.getByRole("img", { name: /^Code ....-....$/ }).innerText();
  return { link, typed };
}

/** Pastes or types a code. */
export async function useCode(person, code) {
  await person.page.getByRole("textbox", { name: "Code from the other device" }).fill(code);
  await person.button("Use this code").click();
}

/** Types the digits that one browser shows into the other. */
export async function confirmDigits(shows, types) {
  const digits = await shows.page.getByRole("img", { name: /^Check code/ }).innerText();
  await types.page.getByRole("textbox", { name: "Two digits" }).fill(digits);
  await types.button("Confirm").click();
}

/** Confirms as the person. */
export async function approve(person) {
  await person.page.getByRole("checkbox", { name: "I have this device in front of me, and it is mine." }).check();
  await person.button("Link this device").click();
}

/** Waits until the account's browser says that the linking is done. */
export async function isLinked(person) {
  const dialog = person.page.getByRole("dialog", { name: "Link a device" });
  await dialog.getByText("Linked. Both devices are in your account now.").first().waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "detached" });
}

/** Waits until the new browser shows the account's chats. */
export async function hasChats(person) {
  await person.page.getByRole("list", { name: "Chats" }).getByRole("link").first().waitFor();
}

/** Does all steps, with a link that the new browser shows; the account's browser confirms. Both are on their screens for it. */
export async function linkByCode(account, fresh) {
  await useAnotherDevice(fresh);
  const { link } = await showCode(fresh);
  await openDevices(account);
  await useCode(account, link);
  await confirmDigits(account, fresh);
  await approve(account);
}

/** Removes the newest device that is not this one, by its name. */
export async function removeDevice(account, name) {
  await openSettings(account, "devices");
  await account.page.getByRole("button", { name: `Remove ${name}` }).last().click();
  await account.button("Remove this device").click();
}
