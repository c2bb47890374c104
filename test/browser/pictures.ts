/** The pictures of docs/page.md, made anew: `node test/browser/pictures.ts`. */
import { join } from 'node:path';
import { mock } from 'node:test';
import { at } from '../export/built-state.ts';
import { type Look, launch, openPage } from './browser.ts';
import { operatorToken, scenes, serveScene } from './gallery.ts';

const docs = join(import.meta.dirname, '../../docs');
// what the states tell was just now
mock.timers.enable({ apis: ['Date'], now: at + 12_000 });

const browser = await launch();
async function picture(scene: string, name: string, look: Look, isGone = false): Promise<void> {
  const found = scenes.find((each) => each.name === scene);
  if (found === undefined) throw new Error(`there is no scene ${scene}`);
  const served = await serveScene(found);
  const { page, context } = await openPage(browser, { ...look, token: operatorToken });
  await page.goto(served.url);
  await page.locator('#link[data-state=live]').waitFor();
  if (isGone) {
    await served.close();
    await page.locator('#link[data-state=stale]').waitFor({ timeout: 40_000 });
  }
  await page.screenshot({ path: join(docs, `page-${name}.png`) });
  await context.close();
  if (!isGone) await served.close();
}
await picture('damaged', 'damaged-desktop', { size: 'desktop', theme: 'light' });
await picture('damaged', 'damaged-phone', { size: 'phone', theme: 'dark' });
await picture('clean', 'stale-phone', { size: 'phone', theme: 'light' }, true);
await browser.close();
