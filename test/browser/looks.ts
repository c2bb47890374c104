/** What every state of the page is held against, in both themes and both sizes. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { overflow, type Size, sizes, smallTargets, themes, violations } from './browser.ts';

/** @param screenshots folder for one of each look; none are made without it @throws Error with everything that is wrong */
export async function checkLooks(page: Page, name: string, screenshots?: string): Promise<void> {
  const wrong: string[] = [];
  for (const size of Object.keys(sizes) as Size[]) {
    await page.setViewportSize(sizes[size]);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      const look = `${size}, ${theme}`;
      wrong.push(...(await violations(page)).map((each) => `${look}: ${each}`));
      if (screenshots !== undefined) {
        mkdirSync(screenshots, { recursive: true });
        await page.screenshot({ path: join(screenshots, `${name}-${size}-${theme}.png`), fullPage: true });
      }
    }
    const wide = await overflow(page);
    if (wide > 0) wrong.push(`${size}: ${wide} px have to be scrolled to the side`);
    if (size === 'phone') wrong.push(...(await smallTargets(page)).map((each) => `hard to hit: ${each}`));
  }
  await page.setViewportSize(sizes.desktop);
  if (wrong.length > 0) throw new Error(wrong.join('\n        '));
}
