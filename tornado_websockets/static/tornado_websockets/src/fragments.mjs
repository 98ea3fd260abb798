// Fragments: an element with `data-websocket` shows what the server sends it as HTML, and its forms send events, with no
// JavaScript of the page's own.
//
// This file is written by hand, and what bundlers take. What pages load, fragments.js and fragments.mjs, is made from it,
// from what it imports, and from the client, by .ci/browser_client.py.

import { TornadoWebSocket } from "../tornadowebsocket.mjs";
import { listenToForms } from "./fragments/forms.mjs";
import { hasToRefresh, readAgain } from "./fragments/refreshing.mjs";
import { own, swap } from "./fragments/swapping.mjs";

/**
 * @typedef {import("./fragments/swapping.mjs").Fragment} Fragment
 */

const SELECTOR = "[data-websocket]";

// What changes the state of a connection, which the attribute data-websocket-state tells the page's style sheets.
const CHANGES = /** @type {const} */ (["open", "close", "reconnecting", "refused"]);

// What the server says in HTML.
const HTML_EVENT = "tws.html";

/** The connection of an element, which lives as long as that is on the page. */
class Line {
  constructor(/** @type {HTMLElement} */ root) {
    this.root = root;
    this.path = root.dataset.websocket ?? "";
    this.isClosed = false;
    this.isBehind = false; // what it has missed is not read again yet
    /** @type {Fragment[] | null} what came while the page is being fetched */
    this._held = null;
    /** @type {Set<Promise<any>>} */
    this._requests = new Set();
    this._tws = this._connect();
  }

  get isOpen() {
    return this._tws.state === "open";
  }

  request(/** @type {string} */ event, /** @type {object} */ data) {
    const tws = this._tws;
    const answer = tws.request(event, data).catch((error) => {
      // What was sent before its connection was lost is "disconnected": what times out without one was never sent.
      if (error.code === "timeout" && tws.state !== "open") error.code = "not_open";
      throw error;
    });
    const isOver = () => void this._requests.delete(answer);
    this._requests.add(answer);
    answer.then(isOver, isOver);
    return answer;
  }

  close() {
    this.isClosed = true;
    this._note();
    this._tws.close();
    const { dataset } = this.root;
    delete dataset.websocketState;
    // Where a path stands means nothing to another one.
    if (dataset.websocket !== this.path && dataset.since === this._noted) delete dataset.since;
  }

  hold() {
    if (!this._held) this._held = [];
  }

  /** Connect anew, to hear all that came after `since`; without that go on with what was held. */
  goOn(/** @type {string | undefined} */ since) {
    const held = this._held ?? [];
    this._held = null;
    if (since) {
      this.root.dataset.since = since;
      this._replace();
    } else {
      for (const fragment of held) this._show(fragment);
    }
  }

  _connect() {
    const { since } = this.root.dataset;
    this._noted = since;
    const tws = new TornadoWebSocket(this.path, since ? { since } : {});
    tws.on(HTML_EVENT, (fragment) => this._hear(fragment));
    tws.on("gap", () => readAgain(this));
    tws.on("reconnected", ({ recovered }) => {
      // On a path without history nobody knows what was missed: no reason to lose what a page holds by a reload.
      if (!recovered && hasToRefresh(this.root)) readAgain(this);
    });
    for (const change of CHANGES) tws.on(change, () => this._tell(tws.state));
    this._tell(tws.state);
    return tws;
  }

  /** Have another connection; the one before ends when what was asked of it is answered. */
  _replace() {
    const before = this._tws;
    for (const event of [HTML_EVENT, "gap", "reconnected", ...CHANGES]) before.off(event);
    Promise.all([...this._requests].map((request) => request.catch(() => {}))).then(() => before.close());
    this._tws = this._connect();
  }

  _tell(/** @type {string} */ state) {
    this.root.dataset.websocketState = state;
  }

  _hear(/** @type {Fragment} */ fragment) {
    if (this._held) this._held.push(fragment);
    else this._show(fragment);
  }

  _show(/** @type {Fragment} */ fragment) {
    this._note();
    try {
      swap(this.root, fragment);
    } catch (error) {
      console.error(this.root, fragment, error); // of the server: a selector that is none, say
    }
  }

  /**
   * Note on the element what it shows, for who takes it off and puts it back, or keeps a copy of the page: it is not to
   * go on from behind what was never read again.
   */
  _note() {
    const { position } = this._tws;
    const { dataset } = this.root;
    if (position && !this.isBehind && dataset.since === this._noted) dataset.since = this._noted = position;
  }
}

/** @type {Map<Element, Line>} */
const lines = new Map();

function connect(/** @type {HTMLElement} */ root) {
  try {
    if (root.dataset.websocket) lines.set(root, new Line(root));
  } catch (error) {
    console.error(root, error); // what is wrong with one element is no other's trouble
  }
}

function disconnect(/** @type {Element} */ root) {
  lines.get(root)?.close();
  lines.delete(root);
}

/** Follow what becomes of the page. An element that was only moved keeps its connection. */
function follow(/** @type {MutationRecord[]} */ records) {
  for (const [root, { path }] of lines) {
    if (!root.isConnected || root.getAttribute("data-websocket") !== path) disconnect(root);
  }
  for (const { type, target, addedNodes } of records) {
    for (const node of type === "attributes" ? [target] : addedNodes) if (node instanceof Element) look(node);
  }
}

/** Connect what is new, in a part of the page. */
function look(/** @type {Element} */ tree) {
  const roots = [...(own(tree, "matches").call(tree, SELECTOR) ? [tree] : []), ...tree.querySelectorAll(SELECTOR)];
  for (const root of roots) if (root.isConnected && !lines.has(root)) connect(/** @type {HTMLElement} */ (root));
}

/** @returns {Line | undefined} */
function findLine(/** @type {Element} */ element) {
  const root = element.closest(SELECTOR);
  return root ? lines.get(root) : undefined;
}

function start() {
  listenToForms(findLine);
  new MutationObserver(follow).observe(document, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-websocket"],
  });
  look(document.documentElement);
}

// A page may load this twice, as a script and as a module. The first one works.
const FRAGMENTS = Symbol.for("tornado_websockets.fragments");
/** @type {any} */
const scope = globalThis;
if (!scope[FRAGMENTS] && typeof document !== "undefined") {
  scope[FRAGMENTS] = true;
  // Before, an element may be there without what is in it.
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}
