// What axe-core finds wrong with a screen.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const code = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A line for each thing that is wrong; none is what is wanted. */
export async function faults(page) {
  const known = await page.evaluate(() => "axe" in globalThis);
  if (!known) await page.evaluate(await code);
  // A chat in the list says more than it shows, and in another order. What somebody would call it by, the contact's name, comes first
  // in both. axe-core calls this rule experimental.
  const rules = { "label-content-name-mismatch": { enabled: false } };
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { rules, resultTypes: ["violations"] }), rules);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary.replace(/\s+/g, " ")}`));
}

/** The landmark and the headings that every screen has: what is behind a dialog is not counted. */
export async function outline(page) {
  return page.evaluate(() => {
    const seen = (it) => it.checkVisibility?.() ?? true;
    const count = (what) => [...document.querySelectorAll(what)].filter(seen).length;
    return { main: count("main"), h1: count("h1") };
  });
}
