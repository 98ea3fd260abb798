// Forms with `data-emit`: their fields are sent as an event, and a refusal is shown beside them.
//
// This file is written by hand.

import { contains, findById, own } from "./swapping.mjs";

/** @typedef {{ path: string, message: string }} Field what a server has against one field; "" is none of them */
/** @typedef {HTMLInputElement & { options?: HTMLOptionsCollection }} Control a field of a form, of whatever kind */
/**
 * @typedef {object} Line what forms need of a connection
 * @property {Element} root
 * @property {boolean} isOpen
 * @property {(event: string, data: object) => Promise<any>} request
 */

// Django's, for the form that is posted where there are no scripts. It is no field of the event.
const CSRF_TOKEN = "csrfmiddlewaretoken";

/** What is said of what the server has not said; `data-text-<code>` on the form, or around it, says it otherwise. */
const TEXTS = /** @type {Record<string, string>} */ ({
  waiting: "There is no connection. This is sent if there is one within half a minute.",
  not_open: "There is still no connection. This has not been sent.",
  files: "A file cannot be sent this way.",
  timeout: "There was no answer. Please see whether this has arrived before you send it again.",
  disconnected: "The connection was lost. Please see whether this has arrived before you send it again.",
  closed: "The connection has ended. Please load the page again.",
  queue_full: "Too much waits to be sent. Please try again later.",
});

/** @typedef {{ form: HTMLFormElement, event: string, line: Line }} Sent */

/** What is not answered yet. @type {Set<Sent>} */
const sending = new Set();

/** What takes back that which is shown of a form. @type {WeakMap<HTMLFormElement, (() => void)[]>} */
const shown = new WeakMap();

let lastId = 0;

/** Send what is submitted on this page. `findLine` finds a form's connection; one that has none the browser posts. */
function listenToForms(/** @type {(form: Element) => Line | undefined} */ findLine) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
    const name = form.getAttribute("data-emit");
    const line = name ? findLine(form) : undefined;
    if (!name || !line) return;
    event.preventDefault();
    submit(form, name, line, event.submitter);
  });
}

async function submit(
  /** @type {HTMLFormElement} */ form,
  /** @type {string} */ event,
  /** @type {Line} */ line,
  /** @type {any} */ submitter,
) {
  if ([...sending].some((each) => each.line === line && findFormNow(each) === form)) return; // a second click
  takeBack(form);
  const { data, files } = read(form, submitter);
  if (files.length) return refuse(form, findText(form, "files"), files);
  const before = new Map([...controls(form)].map(([place, control]) => [place, state(control)]));
  const sent = { form, event, line };
  sending.add(sent);
  form.setAttribute("aria-busy", "true");
  if (!line.isOpen) say(form, "status", findText(form, "waiting") ?? "");
  try {
    await line.request(event, data);
    const formNow = findFormNow(sent);
    takeBack(formNow);
    reset(formNow, before);
  } catch (/** @type {any} */ error) {
    const { code, details, message } = error;
    const formNow = findFormNow(sent);
    takeBack(formNow);
    refuse(formNow, findText(formNow, code) ?? message, Array.isArray(details?.fields) ? details.fields : []);
  } finally {
    sending.delete(sent);
    form.removeAttribute("aria-busy");
  }
}

/**
 * @returns {HTMLFormElement} the form, or what has come in its place: in the element whose id is that of the one that was
 *   taken away with it, the form of this event and number; where nothing had an id, the only form of this event
 */
function findFormNow(/** @type {Sent} */ { form, event, line: { root } }) {
  if (form.isConnected) return form;
  const selector = `form[data-emit="${CSS.escape(event)}"]`;
  /** @returns {any[]} */
  const findIn = (/** @type {Element | null} */ tree) =>
    tree ? [tree, ...tree.querySelectorAll(selector)].filter((each) => own(each, "matches").call(each, selector)) : [];
  const part = own(form, "closest").call(form, "[id]");
  const forms = findIn(part ? findById(root, own(part, "id")) : root);
  if (part) return forms[findIn(part).indexOf(form)] ?? form;
  return forms.length === 1 ? forms[0] : form;
}

/** @returns {{ data: object, files: Field[] }} the fields: texts, lists of them under a repeated name; and files */
function read(/** @type {HTMLFormElement} */ form, /** @type {any} */ submitter) {
  /** @type {Map<string, string[]>} */
  const values = new Map();
  const files = new Set();
  const entries = [...new FormData(form)];
  if (submitter?.name) entries.push([submitter.name, submitter.value]);
  for (const [name, value] of entries) {
    if (typeof value === "string") values.set(name, [...(values.get(name) ?? []), value]);
    else if (value.name || value.size) files.add(name);
  }
  values.delete(CSRF_TOKEN);
  const data = Object.fromEntries([...values].map(([name, all]) => [name, all.length > 1 ? all : all[0]]));
  const message = findText(form, "files") ?? "";
  return { data, files: [...files].map((path) => ({ path, message })) };
}

/** Empty the form, but for what was typed since it was sent. */
function reset(/** @type {HTMLFormElement} */ form, /** @type {Map<string, any>} */ before) {
  const changed = [...controls(form)].filter(([place, control]) => before.get(place) !== state(control));
  const states = changed.map(([, control]) => state(control));
  HTMLFormElement.prototype.reset.call(form); // a button may be named "reset"
  changed.forEach(([, control], index) => setState(control, states[index]));
}

/** @returns {Map<string, Control>} by their names, and their numbers among those of one name */
function controls(/** @type {HTMLFormElement} */ form) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  /** @type {Map<string, Control>} */
  const found = new Map();
  for (const control of own(form, "elements")) {
    const { name, type } = control;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (type !== "file") found.set(`${name} ${counts.get(name)}`, control);
  }
  return found;
}

const isChosen = (/** @type {Control} */ { type }) => type === "checkbox" || type === "radio";

/** @returns {any} what a user has made of a control, as something to compare */
function state(/** @type {Control} */ control) {
  if (isChosen(control)) return control.checked;
  return control.options ? [...control.options].map(({ selected }) => Number(selected)).join("") : control.value;
}

function setState(/** @type {Control} */ control, /** @type {any} */ value) {
  if (isChosen(control)) control.checked = value;
  else if (control.options) [...control.options].forEach((option, index) => (option.selected = value[index] === "1"));
  else control.value = value;
}

// What is shown of it.

/** @returns {string | undefined} what the page, or else this script, says of a code */
function findText(/** @type {HTMLFormElement} */ form, /** @type {string} */ code) {
  const attribute = `data-text-${CSS.escape(code)}`;
  return form.closest(`[${attribute}]`)?.getAttribute(`data-text-${code}`) ?? TEXTS[code];
}

/** Show what is wrong beside the field that it is about; what is about none that can be seen, for the whole form. */
function refuse(
  /** @type {HTMLFormElement} */ form,
  /** @type {string | undefined} */ message,
  /** @type {Field[]} */ fields,
) {
  const placed = fields.map((field) => ({ ...field, controls: findControls(form, field.path) }));
  const others = placed.filter((field) => !field.controls.length);
  const lines = others.map(({ path, message: text }) => (path ? `${path}: ${text}` : text));
  for (const [last, text] of group(placed)) mark(form, last, text);
  if (lines.length || !fields.length) say(form, "error", lines.join("\n") || message || "");
  const isThere = contains(form, document.activeElement) || document.activeElement === document.body;
  if (isThere) placed.find((field) => field.controls.length)?.controls[0].focus();
}

/** @returns {Map<Control[], string>} all that is said of the same controls, together */
function group(/** @type {(Field & { controls: Control[] })[]} */ fields) {
  const texts = new Map();
  for (const { controls: found, message } of fields) {
    const same = [...texts.keys()].find((each) => each[0] === found[0]) ?? found;
    if (same.length) texts.set(same, [texts.get(same), message].filter(Boolean).join(" "));
  }
  return texts;
}

/**
 * The controls that a path is about. For that of an item in a list, "items.0.price", they may be named so, as in Django's
 * formsets ("items-0-price"), or as the list.
 */
function findControls(/** @type {HTMLFormElement} */ form, /** @type {string} */ path) {
  /** @type {Control[]} */
  const all = /** @type {any} */ ([...own(form, "elements")]).filter((/** @type {Control} */ { type }) => type !== "hidden");
  const names = [path, path.replace(/\./g, "-"), path.split(".")[0]];
  const name = names.find((each) => each && all.some((control) => control.name === each));
  return name === undefined ? [] : all.filter((control) => control.name === name);
}

/** Show a text beside controls, and tell those who do not see it that it is theirs. */
function mark(/** @type {HTMLFormElement} */ form, /** @type {Control[]} */ marked, /** @type {string} */ text) {
  const last = marked[marked.length - 1];
  const place = makePlace(form, "error", marked[0].name, (made) => (last.closest("label") ?? last).after(made));
  if (!place.id) place.id = `tws-error-${(lastId += 1)}`;
  place.textContent = text;
  for (const control of marked) {
    const before = ["aria-invalid", "aria-describedby"].map((name) => [name, control.getAttribute(name)]);
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", [before[1][1], place.id].filter(Boolean).join(" "));
    note(form, () => before.forEach(([name, value]) => restore(control, String(name), value)));
  }
}

/** Show a text for the whole form, so that it is read out too. */
function say(
  /** @type {HTMLFormElement} */ form,
  /** @type {"error" | "status"} */ kind,
  /** @type {string} */ text,
) {
  const place = makePlace(form, kind, "", (made) => own(form, "append").call(form, made));
  if (!place.hasAttribute("role")) place.setAttribute("role", kind === "error" ? "alert" : "status");
  place.textContent = text;
}

/** The page's own place for it, `[data-error="<name>"]` or `[data-status=""]` in the form, else one that is made. */
function makePlace(
  /** @type {HTMLFormElement} */ form,
  /** @type {"error" | "status"} */ kind,
  /** @type {string} */ name,
  /** @type {(made: Element) => void} */ put,
) {
  const own = form.querySelector(`[data-${kind}="${CSS.escape(name)}"]`);
  const place = own ?? document.createElement("span");
  if (own) {
    note(form, () => (own.textContent = ""));
  } else {
    place.setAttribute(`data-${kind}`, name);
    put(place);
    note(form, () => place.remove());
  }
  return place;
}

function note(/** @type {HTMLFormElement} */ form, /** @type {() => void} */ undo) {
  shown.set(form, [...(shown.get(form) ?? []), undo]);
}

/** Take back whatever is shown of a form. */
function takeBack(/** @type {HTMLFormElement} */ form) {
  for (const undo of shown.get(form) ?? []) undo();
  shown.delete(form);
}

function restore(/** @type {Element} */ element, /** @type {string} */ name, /** @type {string | null} */ value) {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

export { listenToForms };
