// Records what a screen reader would read out.

/** Begins to record every changed text in a live region. */
export async function listen(page) {
  await page.evaluate(() => {
    const polite = { status: "polite", log: "polite", alert: "assertive", timer: "off", marquee: "off" };
    const live = (node) => {
      for (let at = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement; at; at = at.parentElement) {
        const how = at.getAttribute("aria-live") ?? polite[at.getAttribute("role")];
        if (how) return how !== "off";
      }
      return false;
    };
    globalThis.aloud = [];
    globalThis.aloudObserver?.disconnect();
    globalThis.aloudObserver = new MutationObserver((records) => {
      for (const { target, type, addedNodes } of records) {
        const nodes = type === "characterData" ? [target] : [...addedNodes];
        for (const node of nodes) if (live(node) && node.textContent.trim()) globalThis.aloud.push(node.textContent);
      }
    });
    globalThis.aloudObserver.observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}

/** The texts recorded since. */
export const heard = (page) => page.evaluate(() => globalThis.aloud.splice(0));
