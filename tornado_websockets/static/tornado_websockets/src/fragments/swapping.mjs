// What a fragment does to a page: it is freed of scripts and put in its place, and whoever reads or types stays there.
//
// This file is written by hand.

/** @typedef {{ target: string, swap?: string, html?: string }} Fragment what a server sends as "tws.html" */

/** @type {Record<string, string>} what an element does with what came, by the names that htmx has for them */
const SWAPS = {
  innerHTML: "replaceChildren",
  outerHTML: "replaceWith",
  beforebegin: "before",
  afterbegin: "prepend",
  beforeend: "append",
  afterend: "after",
  delete: "remove",
};

// Attributes whose value may be a script, and what it begins with then; browsers skip blanks and control characters.
const LINKS = ["href", "xlink:href", "src", "action", "formaction", "data"];
const HANDLER = /^on|^(data-)?hx-on/i;
const SCRIPT_LINK = /^[\s\u0000-\u001f]*j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*:/i;

// What shows another page, which may be within the link itself.
const FRAMES = ["iframe", "frame", "embed", "object", "use"];
const DATA_LINK = /^[\s\u0000-\u001f]*d\s*a\s*t\s*a\s*:/i;

/**
 * What an element has by itself: a form has its fields under their names, whatever else those mean ("id", "children").
 *
 * @returns {any}
 */
function own(/** @type {Element} */ element, /** @type {string} */ name) {
  return Reflect.get(Object.getPrototypeOf(element), name, element);
}

/** @type {{ createHTML(text: string): any } | undefined} */
let policy;

/** Where a page's Content Security Policy asks for it, text becomes HTML by a policy that has a name only. */
function trust(/** @type {string} */ text) {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  const asItIs = { createHTML: (/** @type {string} */ html) => html };
  if (!policy) policy = trustedTypes?.createPolicy("tornado_websockets", asItIs);
  return policy ? policy.createHTML(text) : text;
}

/** @returns {DocumentFragment} what `html` says, with nothing in it that runs */
function parse(/** @type {string} */ html) {
  const template = document.createElement("template"); // in which nothing is loaded, and rows need no table
  template.innerHTML = trust(html);
  disarm(template.content);
  return template.content;
}

/** @returns {Document} another page, in which nothing runs either */
function parsePage(/** @type {string} */ html) {
  const page = new DOMParser().parseFromString(trust(html), "text/html");
  disarm(page);
  return page;
}

/**
 * Take out whatever would run: scripts, handlers in attributes, links that are scripts, pages within the page; and what
 * says where other scripts come from.
 */
function disarm(/** @type {ParentNode} */ tree) {
  for (const element of tree.querySelectorAll("*")) {
    if (element.localName === "script" || element.localName === "base") element.remove();
    else if (element instanceof HTMLTemplateElement) disarm(element.content);
    for (const attribute of [...own(element, "attributes")]) {
      if (isScript(element, attribute)) own(element, "removeAttribute").call(element, attribute.name);
    }
  }
}

function isScript(/** @type {Element} */ { localName }, /** @type {Attr} */ { name, value }) {
  if (HANDLER.test(name) || name === "srcdoc") return true;
  if (name === "attributeName") return /href/i.test(value); // an animation, which may make a script of any link
  return LINKS.includes(name) && (SCRIPT_LINK.test(value) || (FRAMES.includes(localName) && DATA_LINK.test(value)));
}

/** @returns {Element | null} the element of that id within `root`, which may be itself */
function findById(/** @type {Element} */ root, /** @type {string} */ id) {
  return own(root, "id") === id ? root : root.querySelector(`#${CSS.escape(id)}`);
}

/** @returns {Element | null} the first that the selector `target` finds within `root`, else `root` if it is meant */
function findTarget(/** @type {Element} */ root, /** @type {string} */ target) {
  return root.querySelector(target) ?? (own(root, "matches").call(root, target) ? root : null);
}

function contains(/** @type {Element} */ element, /** @type {Node | null} */ node) {
  return own(element, "contains").call(element, node);
}

/** Whether a swap takes `element` away by itself. */
function takesAway(/** @type {string} */ swap, /** @type {Element | null} */ place, /** @type {Element} */ element) {
  if (swap === "innerHTML") return place !== element && !!place && contains(place, element);
  return swap === "outerHTML" && !!place && contains(place, element);
}

/**
 * Put a fragment into its place within `root`. Of its outermost elements those whose id is there already replace their
 * namesake; the swap is for the others. (One that replaces everything with more than namesakes replaces everything.)
 */
function swap(/** @type {Element} */ root, /** @type {Fragment} */ { target, swap: name = "beforeend", html = "" }) {
  const names = Object.keys(SWAPS);
  if (!names.includes(name)) throw new TypeError(`Expected swap to be one of ${names.join(", ")}, got ${name}.`);
  const came = parse(name === "delete" ? "" : html);
  const place = findTarget(root, target);
  const elements = [...came.children];
  const ids = elements.map((element) => own(element, "id"));
  const pairs = elements.map((element, index) => ({ element, old: ids[index] ? findById(root, ids[index]) : null }));
  const others = [...came.childNodes].filter((node) => !pairs.some(({ element, old }) => old && element === node));
  const isSwapped = others.some((node) => node instanceof Element || node.textContent?.trim()) || !elements.length;
  const replaced = pairs.filter(({ old }) => old && !(isSwapped && takesAway(name, place, old)));
  const isTaken = isSwapped && ["innerHTML", "outerHTML", "delete"].includes(name);
  const parts = replaced.map(({ old }) => /** @type {Element} */ (old)).concat(isTaken && place ? [place] : []);
  keepPlace(root, parts, () => {
    for (const { element } of replaced) {
      const old = findById(root, own(element, "id"));
      if (old) own(old, "replaceWith").call(old, element);
    }
    // What was replaced may have had the place in it.
    const placeNow = isSwapped && findTarget(root, target);
    if (placeNow) own(placeNow, SWAPS[name]).call(placeNow, came);
  });
  adopt(elements);
}

/** Give an element the content that its like has on another page. */
function takeContent(/** @type {Element} */ element, /** @type {Element} */ fresh) {
  keepPlace(element, [element], () => own(element, "replaceChildren").call(element, ...own(fresh, "childNodes")));
  adopt([...own(element, "children")]);
}

/** Let htmx have what has come, where a page uses it. */
function adopt(/** @type {Element[]} */ elements) {
  const { htmx } = /** @type {any} */ (globalThis);
  for (const element of elements) if (element.isConnected) htmx?.process(element);
}

// Who reads or types stays where he is.

/** Change `parts` of `root`, with the focus, what is being typed, and what is scrolled as they were. */
function keepPlace(/** @type {Element} */ root, /** @type {Element[]} */ parts, /** @type {() => void} */ change) {
  const scrolled = parts.flatMap((part) => [part, ...part.querySelectorAll("[id]")]).filter(isScrolled);
  const positions = scrolled.map((element) => ({
    id: own(element, "id"),
    top: element.scrollTop,
    left: element.scrollLeft,
  }));
  const focus = noteFocus(parts);
  change();
  const scope = root.isConnected ? root : document.documentElement; // it may have been replaced itself
  for (const { id, ...position } of positions) findById(scope, id)?.scrollTo({ ...position, behavior: "instant" });
  if (focus) restoreFocus(scope, focus);
}

const isScrolled = (/** @type {Element} */ element) => own(element, "id") && (element.scrollTop || element.scrollLeft);

/**
 * @typedef {object} Focus
 * @property {any} active the element that has it
 * @property {Element} part in which that is
 * @property {number[]} way from the part to the element, by the numbers of children
 * @property {string | null} typed what its value is, if it is not the page's
 * @property {[number | null, number | null, any]} selection
 */

/** @returns {Focus | null} the focus, if it is in one of the parts */
function noteFocus(/** @type {Element[]} */ parts) {
  /** @type {any} */
  const active = document.activeElement;
  const part = parts.find((each) => contains(each, active));
  if (!part) return null;
  const way = [];
  for (let element = active; element !== part; element = element.parentElement)
    way.unshift([...own(element.parentElement, "children")].indexOf(element));
  const isTyped = "defaultValue" in active && active.type !== "file" && active.value !== active.defaultValue;
  const selection = [active.selectionStart ?? null, active.selectionEnd, active.selectionDirection];
  return { active, part, way, typed: isTyped ? active.value : null, selection: /** @type {any} */ (selection) };
}

/** Give the focus back to the element that has come for the one that had it; if there is none, to `root`. */
function restoreFocus(/** @type {Element} */ root, /** @type {Focus} */ { active, part, way, typed, selection }) {
  if (active.isConnected) return;
  const heir = findHeir(root, active, part, way);
  const element = /** @type {any} */ (heir ?? root);
  if (!heir && !element.hasAttribute("tabindex")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  if (!heir) return;
  if (typed !== null && "defaultValue" in element) element.value = typed;
  if (selection[0] !== null && element.selectionStart !== null) element.setSelectionRange?.(...selection);
}

/** @returns {Element | null | undefined} what stands where `active` stood: by its id, its name, or its place */
function findHeir(
  /** @type {Element} */ root,
  /** @type {Element} */ active,
  /** @type {Element} */ part,
  /** @type {number[]} */ way,
) {
  if (active.id) return findById(root, active.id);
  const id = own(part, "id");
  const partNow = part.isConnected ? part : id ? findById(root, id) : null;
  const name = active.getAttribute("name");
  const named = name && partNow?.querySelector(`${active.localName}[name="${CSS.escape(name)}"]`);
  if (named) return named;
  /** @type {Element | undefined | null} */
  let element = partNow;
  for (const index of way) element = element && own(element, "children")[index];
  return element?.localName === active.localName ? element : null;
}

export { contains, findById, own, parsePage, swap, takeContent };
