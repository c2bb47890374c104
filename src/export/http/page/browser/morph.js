/**
 * Makes `now` look like `next` by changing as little as possible, so that focus, scroll positions, open details and what
 * somebody is typing stay. Children are matched by id, others by their order.
 * @param {Element} now
 * @param {Element} next
 */
export function morph(now, next) {
  if (now.isEqualNode(next)) return;
  takeAttributes(now, next);
  const byId = new Map([...now.children].filter(({ id }) => id !== '').map((child) => [child.id, child]));
  const kept = new Set([...next.children].map(({ id }) => id).filter((id) => id !== ''));
  /** @type {ChildNode | null} */
  let place = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    // what will not be there any more must not be taken for what follows it
    while (place instanceof Element && place.id !== '' && !kept.has(place.id)) place = dropped(place);
    const known = wanted instanceof Element && wanted.id !== '' ? byId.get(wanted.id) : undefined;
    if (known !== undefined && wanted instanceof Element && known.localName === wanted.localName) {
      if (known === place) place = place.nextSibling;
      else now.insertBefore(known, place);
      morph(known, wanted);
    } else if (place !== null && isAlike(place, wanted)) {
      const next = place.nextSibling;
      if (place instanceof Element && wanted instanceof Element) morph(place, wanted);
      else if (place.nodeValue !== wanted.nodeValue) place.nodeValue = wanted.nodeValue;
      place = next;
    } else now.insertBefore(document.importNode(wanted, true), place);
  }
  while (place !== null) place = dropped(place);
}

/** @param {ChildNode} node */
function dropped(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/**
 * @param {Node} a
 * @param {Node} b
 */
function isAlike(a, b) {
  if (a.nodeType !== b.nodeType) return false;
  return !(a instanceof Element && b instanceof Element) || (a.localName === b.localName && a.id === '' && b.id === '');
}

/**
 * The reader opens and closes details; a page that comes anew does not know.
 * @param {Element} now
 * @param {Element} next
 */
function takeAttributes(now, next) {
  const isReaders = (/** @type {string} */ name) => name === 'open' && now.localName === 'details';
  for (const { name } of [...now.attributes])
    if (!next.hasAttribute(name) && !isReaders(name)) now.removeAttribute(name);
  for (const { name, value } of [...next.attributes]) {
    if (now.getAttribute(name) !== value && !isReaders(name)) now.setAttribute(name, value);
  }
}
