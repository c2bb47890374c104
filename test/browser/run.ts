/**
 * The page in Debian's chromium (apt-get install chromium): `node test/browser/run.ts [--screenshots FOLDER]`. States that take
 * long to get into are built in code; the rest is a day of a real agent on a simulated host. Needs no root. Takes about a minute.
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { type Checks, createChecks } from '../prom/checks.ts';
import { isInstalled, launch, openPage, program, violations } from './browser.ts';
import { operatorToken, scenes, serveScene } from './gallery.ts';
import { checkLive } from './live.ts';
import { checkLooks } from './looks.ts';

async function checkGallery(checks: Checks, browser: Browser, screenshots: string | undefined): Promise<void> {
  await checks.run('axe finds what is wrong with a page that is wrong', async () => {
    const { page, context } = await openPage(browser);
    await page.setContent(
      '<html><body style="background:#fff"><img src="data:,"><p style="color:#ccc">pale</p></body></html>',
    );
    assert.match((await violations(page)).join(), /image-alt[\s\S]*color-contrast|color-contrast[\s\S]*image-alt/);
    await context.close();
  });
  for (const scene of scenes) {
    await checks.run(`${scene.name}: the page says so, for everybody to read`, async () => {
      const served = await serveScene(scene);
      const { page, context, complaints } = await openPage(browser, { token: operatorToken });
      try {
        await page.goto(served.url);
        assert.ok(scene.says.test((await page.textContent('body')) ?? ''), `it does not say ${scene.says}`);
        await checkLooks(page, scene.name.replace(' ', '-'), screenshots);
        assert.deepEqual(complaints(), []);
      } finally {
        await context.close();
        await served.close();
      }
    });
  }
}

const { values } = parseArgs({ options: { screenshots: { type: 'string' } } });
const checks = createChecks();
if (!isInstalled()) {
  checks.skip('everything here', `${program} is not installed (Debian: apt-get install chromium)`);
} else {
  const browser = await checks.run('chromium starts', launch);
  if (browser !== undefined) {
    try {
      await Promise.all([
        checkGallery(checks, browser, values.screenshots),
        checkLive(checks, browser, values.screenshots),
      ]);
    } finally {
      await browser.close();
    }
  }
}
process.exit(checks.finish());
