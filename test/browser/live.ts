/** A day of a host as it shows on the page, on the agent itself: nothing is loaded again unless it says so. */
import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import type { Checks } from '../prom/checks.ts';
import { type OpenPage, openPage } from './browser.ts';
import { type LiveHost, startLiveHost, token } from './live-host.ts';
import { checkLooks } from './looks.ts';

const login = { username: token.name, password: token.secret };
/** From the list of the kernel to the page, on a machine that is busy with other tests. */
const SHOWN_MS = 10_000;
const STALE_MS = 30_000;

const verdict = (page: Page) => page.locator('#verdict');
const state = (page: Page, name: string, timeout: number) =>
  page.locator(`#link[data-state=${name}]`).waitFor({ timeout });
const says = (page: Page, text: string | RegExp, timeout = SHOWN_MS) =>
  page.locator('#verdict', { hasText: text }).waitFor({ timeout });
/** A mark that no page has which was loaded anew. */
const mark = (page: Page) => page.evaluate('window.isTheFirst = true');
const isMarked = (page: Page): Promise<boolean> => page.evaluate('window.isTheFirst === true');
const focused = (page: Page): Promise<string> => page.evaluate('document.activeElement?.id ?? ""');

export async function checkLive(checks: Checks, browser: Browser, screenshots: string | undefined): Promise<void> {
  const host = await checks.run('an agent watches a simulated host', startLiveHost);
  if (host === undefined) return;
  try {
    await checkWithoutToken(checks, browser, host);
    const open = await openPage(browser, { login });
    await checkSignIn(checks, open, host, screenshots);
    await checkDamage(checks, open, host, screenshots);
    await checkActions(checks, open, screenshots);
    await checkNoScript(checks, browser, host);
    await checkHanging(checks, open, host);
    await checkGone(checks, open, host, screenshots);
    await checkUpgrade(checks, open, host);
    await checkRepair(checks, open, host, screenshots);
    await open.context.close();
  } finally {
    await host.close();
  }
}

async function checkWithoutToken(checks: Checks, browser: Browser, host: LiveHost): Promise<void> {
  const { page, context } = await openPage(browser);
  await checks.run('without a token the page offers a way in, and no form', async () => {
    await page.goto(host.url);
    await page.locator('#sign-in', { hasText: 'ssh -L 9915' }).waitFor();
    assert.equal(await page.locator('form').count(), 0);
  });
  await context.close();
}

async function checkSignIn(
  checks: Checks,
  { page, complaints }: OpenPage,
  host: LiveHost,
  screenshots?: string,
): Promise<void> {
  await checks.run('signed in, the page is live and knows of no damage', async () => {
    await page.goto(`${host.url}/sign-in`);
    assert.equal(new URL(page.url()).pathname, '/');
    await says(page, 'No damage known');
    await state(page, 'live', SHOWN_MS);
    await page.getByRole('button', { name: /Search ndbus0/ }).waitFor();
    assert.deepEqual(complaints(), []);
  });
  await checks.run('a host without damage can be looked at by everybody', () =>
    checkLooks(page, 'live-clean', screenshots),
  );
}

async function checkDamage(
  checks: Checks,
  { page, complaints }: OpenPage,
  host: LiveHost,
  screenshots?: string,
): Promise<void> {
  await checks.run('a memory error shows as the name of the file, without loading the page again', async () => {
    await mark(page);
    await page.locator('header nav a').first().focus();
    const before = performance.now();
    await host.damage(1);
    await says(page, '1 damaged file on 1 device');
    await page.locator('#files', { hasText: host.victim }).waitFor();
    console.log(`        after ${Math.round(performance.now() - before)} ms`);
    assert.ok(await isMarked(page), 'it was loaded again');
    assert.equal(await page.evaluate('document.activeElement?.textContent'), 'Incidents', 'the focus was lost');
    assert.match((await page.locator('#files').textContent()) ?? '', /bytes 8192–12287[\s\S]*has it open/);
    assert.match((await page.locator('#incidents').textContent()) ?? '', /Next steps/);
    assert.match(await page.title(), /^Critical: /);
    assert.deepEqual(complaints(), []);
  });
  await checks.run('a damaged host can be looked at by everybody', () => checkLooks(page, 'live-damaged', screenshots));
  await checks.run('what is being typed stays while more damage comes in', async () => {
    await page.locator('summary', { hasText: /^Acknowledge$/ }).click();
    const author = page.getByLabel('Your name').first();
    await author.pressSequentially('ad');
    const id = await focused(page);
    await host.damage(2);
    await page.locator('#files', { hasText: 'bytes 12288–16383' }).waitFor({ timeout: SHOWN_MS });
    assert.equal(await focused(page), id, 'the focus was lost');
    await page.keyboard.type('a');
    assert.equal(await author.inputValue(), 'ada');
    assert.ok(await isMarked(page));
  });
  await checks.run('the strip zooms in to the sector by links', async () => {
    await page.locator('.zones a').first().click();
    for (let i = 0; i < 12 && (await page.locator('.zones a').count()) > 0; i++)
      await page.locator('.zones a').first().click();
    const shown = (await page.locator('.device figcaption').first().textContent()) ?? '';
    assert.match(shown, /^8 KiB of it/);
    await checkLooks(page, 'live-zoomed', screenshots);
    await page.getByRole('link', { name: 'All of it' }).click();
    await page.locator('.device figcaption', { hasText: 'All of it' }).waitFor();
    await mark(page);
  });
}

async function checkActions(checks: Checks, { page, complaints }: OpenPage, screenshots?: string): Promise<void> {
  await checks.run('the keyboard alone acknowledges', async () => {
    await page.locator('header nav a').first().focus();
    await tabTo(page, 'summary', /^Acknowledge$/);
    await page.keyboard.press('Enter');
    await tabTo(page, 'input', /author/);
    await page.keyboard.type('ada');
    await tabTo(page, 'input', /reason/);
    await page.keyboard.type('on it');
    await page.keyboard.press('Enter');
    await page.locator('#notice', { hasText: 'Acknowledged' }).waitFor();
    await page.locator('#incidents', { hasText: 'by ada: on it' }).waitFor();
    await says(page, 'none waits for a person');
    assert.equal(await focused(page), 'notice', 'the focus was lost');
    assert.ok(await isMarked(page), 'it was loaded again');
    assert.deepEqual(complaints(), []);
    await checkLooks(page, 'live-acknowledged', screenshots);
  });
  await checks.run('closing is refused while the damage is there, and the page says why', async () => {
    await page.locator('summary', { hasText: /^Close$/ }).click();
    await page.locator('form[action$="/close"]').getByLabel('Your name').fill('ada');
    await page.getByRole('button', { name: 'Close the incident' }).click();
    await page.locator('#notice .bad', { hasText: 'Refused' }).waitFor();
    complaints();
  });
  await checks.run('a scrub is started, seen running and seen to end', async () => {
    await page.getByRole('button', { name: /Search ndbus0/ }).click();
    await page.locator('#scrubs', { hasText: /Requested|Running|Reading lists/ }).waitFor();
    await page.locator('#scrubs', { hasText: 'Last 1 scrub' }).waitFor();
    await page.locator('#scrubs .badge', { hasText: 'Idle' }).waitFor({ timeout: 20_000 });
    assert.ok(await isMarked(page), 'it was loaded again');
  });
  await checks.run('deliveries show what was told, and one is sent again', async () => {
    await page.locator('#deliveries .badge', { hasText: 'Delivered' }).first().waitFor();
    await page
      .getByRole('button', { name: /^Repeat/ })
      .first()
      .click();
    await page.locator('#notice', { hasText: 'on its way again' }).waitFor();
    assert.deepEqual(complaints(), []);
  });
  await checks.run('events are listed, the newest first', async () => {
    const [first] = await page.locator('#events li').allTextContents();
    assert.match(first ?? '', /delivery: replayed|incident: |scrub: /);
  });
}

/** Presses Tab until what has the focus is of this kind and says, or is named, this. */
async function tabTo(page: Page, tag: string, what: RegExp): Promise<void> {
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press('Tab');
    const at = (await page.evaluate(
      '[document.activeElement.localName, document.activeElement.textContent, document.activeElement.id]',
    )) as string[];
    if (at[0] === tag && (what.test(at[1] ?? '') || what.test(at[2] ?? ''))) return;
  }
  throw new Error(`the keyboard does not reach ${tag} ${what}`);
}

async function checkNoScript(checks: Checks, browser: Browser, host: LiveHost): Promise<void> {
  const { page, context } = await openPage(browser, { login, script: false, size: 'phone' });
  await checks.run('without a script, on a telephone: the same page, and its forms work', async () => {
    await page.goto(`${host.url}/sign-in`);
    await page.locator('#files', { hasText: host.victim }).waitFor();
    await page.getByText('load again').waitFor();
    await page.locator('summary', { hasText: /^Acknowledge anew$/ }).tap();
    await page.getByLabel('Your name').first().fill('grace');
    await page.getByLabel('Reason').first().fill('my turn');
    await page.getByLabel('For').first().selectOption('8h');
    await page.getByRole('button', { name: 'Acknowledge' }).tap();
    await page.locator('#notice', { hasText: 'Acknowledged' }).waitFor();
    assert.match(await focused(page), /^incident-/, 'the focus was lost');
    await page.locator('#incidents', { hasText: /by grace: my turn.*for another [78] h/ }).waitFor();
    await page.getByRole('button', { name: /Search ndbus0/ }).tap();
    await page.locator('#notice', { hasText: 'A scrub was asked for' }).waitFor();
  });
  await context.close();
}

async function checkHanging(checks: Checks, { page, complaints }: OpenPage, host: LiveHost): Promise<void> {
  await checks.run('an agent that hangs is not told as live before the look is given up', async () => {
    await state(page, 'live', SHOWN_MS);
    host.suspend();
    try {
      const asked = await page.waitForRequest((request) => new URL(request.url()).pathname === '/');
      const began = performance.now();
      await state(page, 'reconnecting', 7000);
      const took = performance.now() - began;
      assert.ok(took > 3000, `${took} ms: slow is not gone`);
      assert.equal(asked.failure(), null, 'the look was given up');
    } finally {
      host.resume();
    }
    await state(page, 'live', SHOWN_MS);
    complaints();
  });
}

async function checkGone(
  checks: Checks,
  { page, complaints }: OpenPage,
  host: LiveHost,
  screenshots?: string,
): Promise<void> {
  await checks.run('when the agent is gone the page says so, and that what it shows is old', async () => {
    await mark(page);
    await host.kill();
    await state(page, 'reconnecting', 10_000);
    await state(page, 'stale', STALE_MS);
    const gone = (await page.locator('#gone').textContent()) ?? '';
    assert.match(gone, /does not answer since \d\d:\d\d:\d\d UTC.*This is \d+ s old/);
    assert.match(await page.title(), /^Stale: /);
    const age = page.locator('#gone-age');
    const before = await age.textContent();
    await page.waitForTimeout(2500);
    assert.notEqual(await age.textContent(), before, 'its age does not go on');
    await checkLooks(page, 'live-stale', screenshots);
    assert.deepEqual(
      complaints().filter((line) => !/net::ERR/.test(line)),
      [],
    );
  });
  await checks.run('it comes back to life with the agent, without being loaded again', async () => {
    await host.restart();
    await state(page, 'live', 10_000);
    assert.equal(await page.locator('#gone').textContent(), '');
    assert.match(await page.title(), /^Critical: /);
    assert.ok(await isMarked(page), 'it was loaded again');
    complaints();
  });
}

async function checkUpgrade(checks: Checks, { page, complaints }: OpenPage, host: LiveHost): Promise<void> {
  await checks.run('after an upgrade of the agent the page asks to be loaded again', async () => {
    const isOurs = (url: URL): boolean => url.pathname === '/';
    await page.route(isOurs, async (route) => {
      const answer = await fetch(host.url).catch(() => undefined);
      if (answer === undefined) return route.abort();
      const body = (await answer.text()).replace('<style>', '<style>/* newer */');
      await route.fulfill({ body, contentType: 'text/html; charset=utf-8' });
    });
    await page.locator('#upgraded').waitFor({ timeout: SHOWN_MS + 10_000 });
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.locator('#upgraded').click();
    await state(page, 'live', SHOWN_MS);
    assert.equal(await page.locator('#upgraded').count(), 0);
    assert.equal(await isMarked(page), false);
    // the browser complains of the newer style as soon as it is read, which is how the page knows
    assert.deepEqual(
      complaints().filter((line) => !/Applying inline style/.test(line)),
      [],
    );
  });
}

async function checkRepair(
  checks: Checks,
  { page, complaints }: OpenPage,
  host: LiveHost,
  screenshots?: string,
): Promise<void> {
  await checks.run(
    'a repaired file leaves the page by itself, and its incident is among those that ended',
    async () => {
      await host.damage(0);
      await says(page, 'No damage known');
      await page.locator('#ended', { hasText: '1 incident ended' }).waitFor();
      assert.ok(!/damaged file/.test((await verdict(page).textContent()) ?? ''));
      assert.deepEqual(complaints(), []);
      await checkLooks(page, 'live-repaired', screenshots);
    },
  );
}
