/** Debian's chromium, driven by playwright-core: pages that note everything they complain about. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

export const program = '/usr/bin/chromium';
export function isInstalled(): boolean {
  return existsSync(program);
}

export const themes = ['light', 'dark'] as const;
export type Theme = (typeof themes)[number];
export const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } } as const;
export type Size = keyof typeof sizes;

export interface Look {
  readonly theme?: Theme;
  readonly size?: Size;
  readonly script?: boolean;
  /** user and password that the browser answers a challenge with */
  readonly login?: { readonly username: string; readonly password: string };
  /** a token that is sent with every request */
  readonly token?: string;
}
export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** what the console said that is serious, and every violation of the policy; taken when asked for */
  complaints(): string[];
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    // as root, as in a container; the pages are our own
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
}

export async function openPage(browser: Browser, look: Look = {}): Promise<OpenPage> {
  const { theme = 'light', size = 'desktop', script = true, login, token } = look;
  const context = await browser.newContext({
    viewport: sizes[size],
    colorScheme: theme,
    javaScriptEnabled: script,
    reducedMotion: 'reduce',
    hasTouch: size === 'phone',
    ...(login === undefined ? {} : { httpCredentials: login }),
    ...(token === undefined ? {} : { extraHTTPHeaders: { authorization: `Bearer ${token}` } }),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const said: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') said.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => said.push(`uncaught: ${error.message}`));
  return { page, context, complaints: () => said.splice(0) };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds that is serious or critical, in words. It comes in beside the policy of the page, as a debugger does. */
export async function violations(page: Page): Promise<string[]> {
  const found = (await page.evaluate(`(async () => {
    if (typeof axe === 'undefined') { ${axeSource}; }
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => ({ html, failureSummary })) }));
  })()`)) as readonly Violation[];
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`).join(' | ')}`,
    );
}

/** How many pixels one would have to scroll to the side. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  ) as Promise<number>;
}

/** Links and buttons of a telephone that are harder to hit than they should be (WCAG 2.2, 2.5.8), in words. */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll('button, summary, input:not([type=hidden]), select, nav a, .zones a, td > a, th > a, .verdict a, .cut a, li > a')]
    .map((e) => [e, e.getBoundingClientRect()])
    .filter(([e, box]) => box.width > 0 && (box.height < (e.matches('td > a, th > a, .verdict a, .cut a, li > a') ? 24 : 40) || box.width < 24))
    .map(([e, box]) => e.outerHTML.slice(0, 80) + ' ' + Math.round(box.width) + 'x' + Math.round(box.height))`) as Promise<
    string[]
  >;
}
