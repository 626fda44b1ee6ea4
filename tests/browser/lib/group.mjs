// Actions on groups, by the names that people see.

/** A red picture of 2 by 2. */
export const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==", "base64");

/** The text without the marks that isolate names from a sentence's direction. */
export const plain = (text) => text.replaceAll(/[\u2068\u2069]/g, "");

export const dialog = ({ page }, name) => page.getByRole("dialog", { name });

/** Opens "New group" and chooses contacts by their names, and other people by a typed text. */
export async function choosePeople(box, contacts, others = []) {
  for (const name of contacts) {
    await box.getByRole("list", { name: "Contacts" }).getByRole("checkbox", { name: new RegExp(`^${name}`) }).check();
  }
  for (const query of others) {
    await box.getByRole("textbox", { name: "Username or invite link" }).fill(query);
    await box.getByRole("button", { name: "Add person" }).click();
    await box.getByRole("button", { name: /^Take out / }).nth(contacts.length + others.indexOf(query)).waitFor();
  }
}

export async function openNewGroup(person) {
  await person.button("New chat").first().click();
  await dialog(person, "New chat").getByRole("button", { name: "New group" }).click();
  const box = dialog(person, "New group");
  await box.getByRole("textbox", { name: "Username or invite link" }).waitFor();
  return box;
}

export async function createGroup(person, name, contacts, others) {
  const box = await openNewGroup(person);
  await choosePeople(box, contacts, others);
  await box.getByRole("button", { name: "Next" }).click();
  await box.getByRole("textbox", { name: "Group name" }).fill(name);
  await box.getByRole("button", { name: "Create group" }).click();
  await person.page.getByRole("heading", { name, level: 1 }).waitFor();
  await person.composer().waitFor();
}

/** The open group's panel. */
export async function openInfo(person) {
  await person.button("Group info").click();
  const box = dialog(person, /^Group info/);
  await box.getByRole("list", { name: "Members" }).waitFor();
  return box;
}

export async function closeInfo(person) {
  await dialog(person, /^Group info/).getByRole("button", { name: "Close", exact: true }).click();
}

export const members = (box) => box.getByRole("list", { name: "Members" }).getByRole("listitem");
export const member = (box, name) => members(box).filter({ hasText: name });

/** Does an action on a member. */
export async function about(box, name, what) {
  await box.getByRole("button", { name: `Options for ${name}`, exact: true }).click();
  await box.getByRole("button", { name: what, exact: true }).click();
}

/** Waits for a line in the open chat about an event of the group. */
export async function seesLine(person, sentence) {
  await person.page.waitForFunction((sentence) => {
    const lines = [...document.querySelectorAll(".log .line")].map((line) => line.innerText.replaceAll(/[\u2068\u2069]/g, ""));
    return lines.some((line) => line.includes(sentence));
  }, sentence);
}
