// Looks at a screen: takes its picture in both sizes and all colours, and collects what is wrong with it.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { faults, outline } from "./axe.mjs";

const folder = process.env.PARLEY_SHOTS ?? "shots";
const sizes = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const schemes = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "dark", forcedColors: "active" },
};

export class Looks {
  /** Sentences about faults: of accessibility, of what sticks out sideways, of the outline. */
  wrong = [];

  /** The names of the pictures begin with `topic`. */
  constructor(topic) {
    this.topic = topic;
  }

  async at({ page }, name) {
    await mkdir(folder, { recursive: true });
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      for (const [scheme, media] of Object.entries(schemes)) {
        await page.emulateMedia({ ...media, reducedMotion: "reduce" });
        await page.waitForTimeout(60);
        await page.screenshot({ path: join(folder, `${this.topic}-${name}-${size}-${scheme}.png`) });
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (sideways > 0) this.wrong.push(`${name} ${size}: ${sideways} px stick out`);
        this.wrong.push(...(await faults(page)).map((fault) => `${name} ${size} ${scheme}: ${fault}`));
      }
      const { main, h1 } = await outline(page);
      if (main !== 1 || h1 !== 1) this.wrong.push(`${name} ${size}: ${main} main parts, ${h1} first headings`);
    }
    await page.setViewportSize(sizes.wide);
    await page.emulateMedia({ colorScheme: null, forcedColors: null, reducedMotion: null });
  }
}
