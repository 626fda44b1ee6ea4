// Runs Lighthouse on a page.
import lighthouse, { desktopConfig } from "lighthouse";

/**
 * Scores from 0 to 100 by category, and the audits that did not pass. `port` is the browser's debugging port. `phone` measures
 * as on a phone of the middle class, with its slow network.
 */
export async function judge(url, port, { categories, phone }) {
  const flags = { port, logLevel: "silent", output: "json", onlyCategories: categories };
  const { lhr } = await lighthouse(url, flags, phone ? undefined : desktopConfig);
  const score = ({ score }) => Math.round((score ?? 0) * 100);
  const scores = Object.fromEntries(Object.values(lhr.categories).map((category) => [category.id, score(category)]));
  const wrong = Object.values(lhr.audits).filter((audit) => audit.score !== null && audit.score < 0.9);
  return { scores, wrong: wrong.map(({ id, displayValue }) => `${id} ${displayValue ?? ""}`.trim()), audits: lhr.audits };
}
