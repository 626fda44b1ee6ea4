// The steps that people do with a recovery phrase.
import { openSettings, useRecoveryPhrase } from "./link.mjs";

/** Shows the phrase, and reads it. A question precedes a new phrase. */
export async function showPhrase(person, name = "Show recovery phrase") {
  await openSettings(person, "recovery");
  await person.button(name).click();
  if (name === "Make a new phrase") await person.button("Continue").click();
  const words = person.page.getByRole("list", { name: "Recovery phrase" }).getByRole("listitem");
  await words.first().waitFor();
  return words.allInnerTexts();
}

/** Types back the three requested words, once the phrase is out of sight. */
export async function typeBack(person, words) {
  const written = person.button("I have written it down");
  if (await written.isVisible()) await written.click();
  const question = await person.page.getByText(/^Type words \d+, \d+ and \d+/).innerText();
  const asked = question.match(/\d+/g).map((place) => words[Number(place) - 1]);
  await person.page.getByRole("textbox", { name: "Three words" }).fill(asked.join(" "));
  await person.button("Confirm phrase").click();
}

/** Writes the phrase down, and waits until the backup is written and checked. */
export async function writeDown(person, name) {
  const words = await showPhrase(person, name);
  await typeBack(person, words);
  await person.page.getByRole("switch", { name: "Encrypted backup", checked: true }).waitFor();
  await person.page.getByText(/^Last backup: /).waitFor();
  return words;
}

/** Restores the account in a new browser, which is on the first screen. */
export async function comeBackBy(person, words, { alone = true } = {}) {
  await useRecoveryPhrase(person);
  await person.page.getByRole("textbox", { name: "Recovery phrase" }).fill(words.join(" "));
  await person.page.getByRole("checkbox", { name: /^My other devices are lost/ }).setChecked(alone);
  await person.button("Bring my account back").click();
}
