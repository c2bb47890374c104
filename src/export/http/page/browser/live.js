/** Keeps the page as the agent knows things now. Without this script it is the same page, as of when it was loaded. */
import { morph } from './morph.js';

/** What comes in a burst is shown together. */
const SETTLE_MS = 150;
/** Never more often than this, however much happens. */
const LEAST_MS = 1000;
/** Values that no event tells of, such as a temperature; and whether the agent is there at all. */
const ROUTINE_MS = 10_000;
const HIDDEN_MS = 30_000;
/** How long one answer may take, and how long nothing may have come before the page calls itself stale. */
const PATIENCE_MS = 8000;
const STALE_MS = 15_000;
/** An answer that takes this long is told as none: an agent that hangs takes connections as one that lives. */
const HANGING_MS = 4000;
const AGAIN_MS = 2000;

const seconds = /** @type {const} */ ([
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
]);

/** @type {AbortController | undefined} */
let following;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let due;
let dueAt = Number.POSITIVE_INFINITY;
let isAsking = false;
let askedAt = performance.now();
let failures = 0;
/** when the page that is shown was made: by the agent's clock, and by ours that never goes back */
let made = { agent: Date.parse(linkLine().dataset['now'] ?? ''), ours: performance.now() };

/** @returns {HTMLElement} */
function linkLine() {
  const line = document.getElementById('link');
  if (line === null) throw new Error('the page has no line for its state');
  return line;
}

/**
 * Looks again in `ms`, or sooner when that was asked for already.
 * @param {number} ms
 */
function lookIn(ms) {
  const at = Math.max(performance.now() + ms, askedAt + LEAST_MS);
  if (at >= dueAt) return;
  clearTimeout(due);
  dueAt = at;
  due = setTimeout(() => void look(), at - performance.now());
}

async function look() {
  dueAt = Number.POSITIVE_INFINITY;
  if (isAsking) return lookIn(LEAST_MS);
  isAsking = true;
  askedAt = performance.now();
  try {
    const answer = await fetch(location.href.replace(/#.*/, ''), {
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.text());
    failures = 0;
  } catch {
    failures += 1;
  } finally {
    isAsking = false;
  }
  tellState();
  lookIn(failures > 0 ? AGAIN_MS : document.hidden ? HIDDEN_MS : ROUTINE_MS);
}

/** @param {string} text */
function show(text) {
  const next = new DOMParser().parseFromString(text, 'text/html');
  const now = next.getElementById('link')?.dataset['now'];
  // something else than our page answered
  if (now === undefined) throw new Error('no page of pmemwatch');
  if (isOfAnotherVersion(next)) tellUpgrade();
  made = { agent: Date.parse(now), ours: performance.now() };
  document.title = next.title;
  // the reader's own notices stay until he does something else
  const notice = next.getElementById('notice');
  if (notice !== null && notice.childElementCount === 0)
    notice.replaceChildren(
      ...[...(document.getElementById('notice')?.childNodes ?? [])].map((node) => node.cloneNode(true)),
    );
  for (const id of ['main', 'icon']) {
    const [old, fresh] = [document.getElementById(id), next.getElementById(id)];
    if (old !== null && fresh !== null) morph(old, fresh);
  }
  tick();
}

/**
 * After an upgrade of the agent this script and the style are of before.
 * @param {Document} next
 */
function isOfAnotherVersion(next) {
  return next.querySelector('style')?.textContent !== document.querySelector('style')?.textContent;
}
/** When to load the page again is for who may be typing in it. */
function tellUpgrade() {
  if (document.getElementById('upgraded') !== null) return;
  const link = document.createElement('a');
  link.id = 'upgraded';
  link.href = location.href.replace(/#.*/, '');
  link.textContent = 'The agent was upgraded: load this page again';
  linkLine().append(' ', link);
}

/** Ages go on while nothing comes: old data must look old. */
function tick() {
  const now = made.agent + performance.now() - made.ours;
  for (const time of document.querySelectorAll('time[data-ago]')) {
    const at = Date.parse(time.getAttribute('datetime') ?? '');
    const text = at > now ? `in ${span(at - now)}` : `${span(now - at)} ago`;
    if (time.textContent !== text) time.textContent = text;
  }
}
/** @param {number} ms */
function span(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  for (const [unit, length] of seconds) if (whole >= length) return `${Math.floor(whole / length)} ${unit}`;
  return `${whole} s`;
}

function tellState() {
  const age = performance.now() - made.ours;
  const at = `${new Date(made.agent).toISOString().slice(11, 19)} UTC`;
  const isUnanswered = failures > 0 || (isAsking && performance.now() - askedAt > HANGING_MS);
  const isStale = isUnanswered && age > STALE_MS;
  const state = isStale ? 'stale' : isUnanswered ? 'reconnecting' : 'live';
  const line = linkLine();
  const text = state === 'live' ? 'Live' : state === 'reconnecting' ? `Reconnecting… as of ${at}` : `Stale since ${at}`;
  if (line.dataset['state'] !== state || state !== 'live') {
    line.dataset['state'] = state;
    const words = document.getElementById('link-state');
    if (words !== null && words.textContent !== text) words.textContent = text;
  }
  document.documentElement.classList.toggle('stale', isStale);
  const gone = document.getElementById('gone');
  if (gone === null) return;
  if (!isStale) gone.replaceChildren();
  else if (gone.childElementCount === 0) {
    const warning = document.createElement('p');
    warning.textContent = `The agent does not answer since ${at}. What is below is what it said then; nobody knows how this host is now.`;
    const age = document.createElement('p');
    age.id = 'gone-age';
    // it changes all the time: nobody wants to hear that
    age.setAttribute('aria-live', 'off');
    gone.replaceChildren(warning, age);
    document.title = `Stale: ${document.title}`;
  }
  const counting = document.getElementById('gone-age');
  if (counting !== null) counting.textContent = `This is ${span(age)} old.`;
}

/**
 * Looks again whenever the agent tells of something; what exactly is in the page that comes then. A browser keeps six connections
 * to a host, for all of its tabs together: one that nobody sees takes none.
 */
async function follow() {
  if (document.hidden || following !== undefined) return;
  const mine = new AbortController();
  following = mine;
  try {
    const answer = await fetch('/api/v1/events/stream', { signal: mine.signal });
    // refused, such as when too many listen: the routine look goes on meanwhile
    if (!answer.ok || answer.body === null) throw new Error(String(answer.status));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let isFirst = true; ; isFirst = false) {
      const { done, value = '' } = await reader.read();
      if (done) break;
      // it begins with a comment: what came between the page and the stream is seen then
      if (isFirst || !/^(:[^\n]*\n\n)+$/.test(value)) lookIn(SETTLE_MS);
    }
  } catch {
    // however it ended, what follows is the same
  }
  if (following !== mine) return;
  following = undefined;
  lookIn(SETTLE_MS);
  setTimeout(() => void follow(), AGAIN_MS);
}
function unfollow() {
  const old = following;
  following = undefined;
  old?.abort();
}

/** @param {SubmitEvent} event */
async function send(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== 'post') return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.getAttribute('aria-busy') === 'true') return;
  button?.setAttribute('aria-busy', 'true');
  /** @type {[string, string][]} */
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (answer.ok) form.closest('details')?.removeAttribute('open');
    show(await answer.text());
    // the form is closed or gone: who works by keyboard goes on from what has come of it
    const notice = document.getElementById('notice');
    notice?.focus({ preventScroll: true });
    notice?.scrollIntoView({ block: 'nearest' });
  } catch {
    tell('The agent did not answer: nobody knows whether it was done.');
  } finally {
    button?.removeAttribute('aria-busy');
  }
}
/** @param {string} text */
function tell(text) {
  const line = document.createElement('p');
  line.className = 'notice bad';
  line.textContent = text;
  document.getElementById('notice')?.replaceChildren(line);
}

document.addEventListener('submit', (event) => void send(event));
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return unfollow();
  void follow();
  lookIn(0);
});
setInterval(() => {
  tick();
  tellState();
}, 1000);
void follow();
tellState();
lookIn(ROUTINE_MS);
