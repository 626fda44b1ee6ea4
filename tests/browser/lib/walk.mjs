// Follows the focus as Tab moves it.
import assert from "node:assert/strict";

/**
 * Presses Tab until the focus has been everywhere. Returns the elements for clicks or keys that it never reached, or on which
 * it was not visible.
 */
async function walk(page) {
  const total = await page.evaluate(() => {
    globalThis.reached = new Set();
    const top = document.querySelector("dialog[open]") ?? document;
    const all = [...top.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")];
    globalThis.wanted = all.filter((it) => it.checkVisibility({ visibilityProperty: true }) && it.tabIndex >= 0 && !it.disabled);
    document.activeElement?.blur();
    return globalThis.wanted.length;
  });
  const unseen = [];
  for (let step = 0; step < total + 8; step += 1) {
    await page.keyboard.press("Tab");
    await page.waitForTimeout(20);
    const fault = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return "";
      globalThis.reached.add(at);
      // The element that shows the focus: a label around an input that is not drawn, or the row of the composer.
      const shows = [at, at.closest(".choice, .composer-row, .file-button")].filter(Boolean);
      const visible = shows.some((it) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(it);
        // A link or button that covers everything around it shows the focus there.
        const after = getComputedStyle(it, "::after");
        if (after.content !== "none" && after.outlineStyle !== "none" && parseFloat(after.outlineWidth) > 0) return true;
        return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || (it !== at || at.matches("input, textarea") ? boxShadow !== "none" : false);
      });
      return visible ? "" : `${at.tagName} ${at.getAttribute("aria-label") ?? at.textContent}`;
    });
    if (fault) unseen.push(fault);
  }
  const missed = await page.evaluate(() =>
    globalThis.wanted
      // One of a group of choices stands for all of them; the arrow keys lead to the others.
      .filter((it) => it.isConnected && !globalThis.reached.has(it) && it.type !== "radio")
      .map((it) => `${it.tagName} ${it.getAttribute("aria-label") ?? it.textContent}`),
  );
  return { unseen: [...new Set(unseen)], missed };
}

/** Checks that the focus reaches everything on the screen and is visible there. */
export async function walks(page, name) {
  assert.deepEqual(await walk(page), { unseen: [], missed: [] }, name);
}
