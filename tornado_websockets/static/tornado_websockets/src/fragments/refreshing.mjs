// What cannot be had any more is read again: the page is fetched anew, and `data-refresh` takes its new content.
//
// This file is written by hand.

import { own, parsePage, takeContent } from "./swapping.mjs";

/**
 * @typedef {object} Reader a connection that has missed something
 * @property {HTMLElement} root
 * @property {string} path
 * @property {boolean} isOpen
 * @property {boolean} isClosed for good
 * @property {boolean} isBehind what it has missed is not read again yet
 * @property {() => void} hold keep what comes until it is told to go on
 * @property {(since?: string) => void} goOn from there on, or else with what was held
 */

/** All times are in milliseconds. All pages of a server may have missed something at once: they do not come at once. */
const SPREAD = 1000;
const LONGEST_PAUSE = 60_000;
const FETCH_TIMEOUT = 30_000;

// Who has been well for so long begins with short pauses again.
const WELL = 300_000;

// A page that reloads forgets all but this.
const STORED = "tornado_websockets.reloads";

/** @type {Set<Reader>} */
const waiting = new Set();
let isAtWork = false;
let count = 0;
let lastAt = -Infinity;

/** Have the page read again what `reader` has missed. */
function readAgain(/** @type {Reader} */ reader) {
  reader.isBehind = true;
  waiting.add(reader);
  if (!isAtWork) work();
}

async function work() {
  isAtWork = true;
  try {
    while (waiting.size) await round();
  } finally {
    isAtWork = false;
  }
}

async function round() {
  if (!document.querySelector("[data-refresh]")) return reload();
  await pause(countRounds());
  const waited = takeWaiting();
  if (!waited.length) return;
  for (const reader of waited) reader.hold();
  const page = await fetchPage();
  const readers = waited.filter(({ isClosed }) => !isClosed);
  if (!readers.length) return;
  const positions = page && update(page, readers);
  readers.forEach((reader, index) => {
    reader.isBehind = !positions;
    reader.goOn(positions?.[index]);
  });
  if (positions) return;
  for (const reader of readers) waiting.add(reader);
  if (page !== undefined) await reload();
}

/** @returns {Reader[]} those who still want to read, and wait no longer */
function takeWaiting() {
  const readers = [...waiting].filter(({ isClosed }) => !isClosed);
  waiting.clear();
  return readers;
}

/** Reload while there is a connection: a server that is away again would make the page one of the browser's own. */
async function reload() {
  await pause(countReloads());
  for (let readers = takeWaiting(); readers.length; readers = takeWaiting()) {
    if (readers.some(({ isOpen }) => isOpen)) return location.reload();
    for (const reader of readers) waiting.add(reader);
    await pause(0);
  }
}

/**
 * @returns {Promise<Document | null | undefined>} the page as it is now; `null` where only a reload shows what has
 *   become of it, nothing where a later attempt may succeed
 */
async function fetchPage() {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), FETCH_TIMEOUT);
  try {
    const url = location.href.split("#")[0];
    const response = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store", signal: limit.signal });
    if (response.status >= 500 || response.status === 429) return undefined;
    return response.ok && !response.redirected ? parsePage(await response.text()) : null;
  } catch {
    return undefined; // no network, or no server
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Put in what a page has for those who read it again.
 *
 * @param {Document} page
 * @param {Reader[]} readers
 * @returns {(string | undefined)[] | null} where each of them goes on from; `null` where the page is another one
 */
function update(page, readers) {
  const all = [...document.querySelectorAll("[data-refresh]")];
  const pairs = all.map((element, index) => ({ element, fresh: findLike(page, element, index) }));
  // What belongs to a connection that has missed nothing is newer than the page that was fetched.
  const wanted = pairs.filter(({ element }) => readers.some(({ root }) => isFor(root, element)));
  if (!wanted.length || wanted.some(({ fresh }) => !fresh)) return null;
  const positions = readers.map(({ path }) => findPosition(page, path));
  for (const { element, fresh } of wanted) if (element.isConnected && fresh) takeContent(element, fresh);
  return positions;
}

/** Whether an element is read again when the connection of `root` has missed something. */
function isFor(/** @type {Element} */ root, /** @type {Element} */ element) {
  const owner = element.closest("[data-websocket]");
  return !owner || owner === root;
}

/** Whether there is anything on the page that is read again for the connection of `root`. */
function hasToRefresh(/** @type {Element} */ root) {
  return [...document.querySelectorAll("[data-refresh]")].some((element) => isFor(root, element));
}

/** @returns {Element | null | undefined} the element of another page that is this one: by its id, else its number */
function findLike(/** @type {Document} */ page, /** @type {Element} */ element, /** @type {number} */ index) {
  const id = own(element, "id");
  return id ? page.getElementById(id) : page.querySelectorAll("[data-refresh]")[index];
}

/** @returns {string | undefined} where a path stood when a page was made */
function findPosition(/** @type {Document} */ page, /** @type {string} */ path) {
  const elements = /** @type {HTMLElement[]} */ ([...page.querySelectorAll("[data-websocket][data-since]")]);
  return elements.find(({ dataset }) => dataset.websocket === path)?.dataset.since;
}

// Pauses grow, so that a store that is down makes no page read itself without end.

/** The first pause is a random one, the others are between half and all of 2 s, 4 s, ... */
function pause(/** @type {number} */ before) {
  const longest = Math.min(LONGEST_PAUSE, SPREAD * 2 ** before);
  const delay = before ? longest * (0.5 + Math.random() / 2) : Math.random() * longest;
  return new Promise((resolve) => setTimeout(resolve, delay));
}

/** @returns {number} how often the page was read anew lately */
function countRounds() {
  count = performance.now() - lastAt < WELL ? count + 1 : 0;
  lastAt = performance.now();
  return count;
}

/** The same of reloads. Where nothing can be stored it has to be supposed that there were many. */
function countReloads() {
  try {
    const { number, at } = JSON.parse(sessionStorage.getItem(STORED) ?? '{"number": -1, "at": 0}');
    const next = Math.abs(Date.now() - at) < WELL ? number + 1 : 0;
    sessionStorage.setItem(STORED, JSON.stringify({ number: next, at: Date.now() }));
    return next;
  } catch {
    return Infinity;
  }
}

export { hasToRefresh, readAgain };
