// What axe-core finds wrong with a screen.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const code = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A line for each thing that is wrong; none is what is wanted. */
export async function faults(page) {
  const known = await page.evaluate(() => "axe" in globalThis);
  if (!known) await page.evaluate(await code);
  // A message's bubble is drawn over the one behind it while it appears; what is not in view is judged when it is.
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
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
