// A form made of a JSON Schema, and the data that are typed into it.

import { element } from "./elements.mjs";

/** Objects and lists within each other that have fields of their own; what is deeper is typed in as JSON. */
const MOST_LEVELS = 4;

const REF = "#/$defs/";
const INPUT_TYPES = { email: "email", date: "date", time: "time", uri: "url" };
const NOT_GIVEN = Symbol("not given");

let made = 0;

/** What is typed in that cannot be sent; `path` is that of the field. */
export class Mistake extends Error {
  constructor(path, message) {
    super(message);
    this.path = path;
  }
}

/**
 * A form for data that fit `schema`. `element` is what is shown, `read()` returns the data or throws a `Mistake`, and
 * `show(fields)` puts what a server says of fields, `[{path, message}]`, beside them.
 */
export class SchemaForm {
  constructor(schema, definitions) {
    this._definitions = definitions;
    this._errors = new Map(); // by the paths that fields had when they were read
    const field = this._object(this._resolve(schema), 0);
    this.element = field.element;
    this._read = field.read;
  }

  /** Whether a form can be made: what is no object with named properties is typed in as JSON. */
  static fits(schema, definitions) {
    return Boolean(schema) && Boolean(resolve(schema, definitions).properties);
  }

  read() {
    this.show([]);
    this._errors.clear();
    return this._read("");
  }

  show(fields) {
    for (const error of this._errors.values()) error.textContent = "";
    for (const { path, message } of fields) {
      const error = this._errors.get(path);
      if (error) error.textContent = message;
    }
  }

  _resolve(schema) {
    return resolve(schema, this._definitions);
  }

  _object(schema, level) {
    const required = new Set(schema.required ?? []);
    const fields = Object.entries(schema.properties ?? {}).map(([name, inner]) => {
      return [name, this._field(inner, inner.title ?? name, level, required.has(name))];
    });
    return {
      element: element("div", { class: "fields" }, ...fields.map(([, field]) => field.element)),
      read(path) {
        const read = fields.map(([name, field]) => [name, field.read(path ? `${path}.${name}` : name)]);
        return Object.fromEntries(read.filter(([, value]) => value !== NOT_GIVEN));
      },
    };
  }

  _field(schema, title, level, isRequired) {
    const resolved = this._resolve(schema);
    const options = { ...resolved, description: schema.description ?? resolved.description, isRequired };
    const label = isRequired ? title : `${title}, optional`;
    if (options.const !== undefined) return this._choice(label, { ...options, enum: [options.const] });
    if (options.enum) return this._choice(label, options);
    if (options.type === "boolean") return this._choice(label, { ...options, enum: [true, false] });
    if (options.type === "integer" || options.type === "number") return this._number(label, options);
    if (options.type === "string") return this._string(label, options);
    if (level < MOST_LEVELS && options.properties) return this._group(label, options, level);
    if (level < MOST_LEVELS && options.type === "array" && options.items) return this._list(label, options, level);
    return this._json(label, options);
  }

  /** A label, what is typed in, what the schema says of it, and what the server does. */
  _labelled(label, control, { description }, read) {
    const id = `field-${++made}`;
    const error = element("p", { class: "error", id: `${id}-error`, role: "alert" });
    const hint = description ? element("p", { class: "soft", id: `${id}-hint` }, description) : "";
    control.id = id;
    control.setAttribute("aria-describedby", `${description ? `${id}-hint ` : ""}${id}-error`);
    return {
      element: element("div", { class: "field" }, element("label", { for: id }, label), control, hint, error),
      read: (path) => {
        this._errors.set(path, error);
        return read(path);
      },
    };
  }

  _choice(label, options) {
    const values = options.isRequired ? options.enum : [NOT_GIVEN, ...options.enum];
    const texts = values.map((value) => (value === NOT_GIVEN ? "not given" : String(value)));
    const select = element("select", {}, ...texts.map((text, at) => element("option", { value: at }, text)));
    const preset = values.indexOf(options.default);
    if (preset >= 0) select.value = preset;
    return this._labelled(label, select, options, () => values[select.value]);
  }

  _number(label, options) {
    const step = options.type === "integer" ? (options.multipleOf ?? 1) : "any";
    const input = element("input", { type: "number", step, value: options.default ?? undefined });
    return this._labelled(label, input, options, (path) => {
      if (input.validity.badInput) throw new Mistake(path, "Expected a number.");
      if (input.value !== "") return Number(input.value);
      if (options.isRequired) throw new Mistake(path, "Expected a number.");
      return NOT_GIVEN;
    });
  }

  _string(label, options) {
    const isLong = options.maxLength > 300;
    const type = INPUT_TYPES[options.format] ?? "text";
    const control = isLong
      ? element("textarea", { rows: 3 })
      : element("input", { type, autocomplete: "off", placeholder: options.format });
    control.value = options.default ?? "";
    const read = () => (control.value === "" && !options.isRequired ? NOT_GIVEN : control.value);
    return this._labelled(label, control, options, read);
  }

  _group(label, options, level) {
    const inner = this._object(options, level + 1);
    const group = element("fieldset", {}, element("legend", {}, label), inner.element);
    const isGiven = this._switch(group, inner.element, options.isRequired);
    return { element: group, read: (path) => (isGiven() ? inner.read(path) : NOT_GIVEN) };
  }

  /** What is optional has a box that says whether it is given. */
  _switch(group, inside, isRequired) {
    if (isRequired) return () => true;
    const box = element("input", { type: "checkbox" });
    group.insertBefore(element("label", { class: "check" }, box, " Give it"), inside);
    inside.hidden = true;
    box.addEventListener("change", () => (inside.hidden = !box.checked));
    return () => box.checked;
  }

  _list(label, options, level) {
    let items = [];
    const place = element("div", { class: "fields" });
    const add = element("button", { type: "button" }, "Add one");
    const group = element("fieldset", {}, element("legend", {}, label), place, add);
    add.addEventListener("click", () => {
      const item = this._field(options.items, `Number ${items.length + 1}`, level + 1, true);
      const remove = element("button", { type: "button" }, "Remove");
      const row = element("div", { class: "item" }, item.element, remove);
      items.push(item);
      place.append(row);
      remove.addEventListener("click", () => {
        items = items.filter((each) => each !== item);
        row.remove();
        items.forEach((each, index) => renumber(each.element, index + 1));
        add.focus();
      });
    });
    const readItems = (path) => items.map((item, index) => item.read(`${path}.${index}`));
    return { element: group, read: (path) => (items.length || options.isRequired ? readItems(path) : NOT_GIVEN) };
  }

  _json(label, options) {
    const control = element("textarea", { rows: 3, spellcheck: "false" });
    return this._labelled(`${label}, as JSON`, control, options, (path) => {
      if (control.value.trim() === "" && !options.isRequired) return NOT_GIVEN;
      try {
        return JSON.parse(control.value);
      } catch (error) {
        throw new Mistake(path, `Expected JSON: ${error.message}`);
      }
    });
  }
}

/** Give an item of a list the number that it has now. */
function renumber(item, number) {
  const title = item.querySelector("label, legend");
  title.textContent = title.textContent.replace(/\d+/, number);
}

/** The schema that another one means: what it refers to, or the one that is not null. */
function resolve(schema, definitions) {
  let found = schema;
  for (let step = 0; step < 20; step++) {
    const several = found.anyOf ?? found.oneOf;
    const [only, ...others] = several?.filter((each) => each.type !== "null") ?? found.allOf ?? [];
    if (found.$ref?.startsWith(REF)) found = { ...definitions[found.$ref.slice(REF.length)], ...without(found, "$ref") };
    else if (only && !others.length) found = { ...only, ...without(found, "anyOf", "oneOf", "allOf") };
    else break;
  }
  if (Array.isArray(found.type)) {
    const types = found.type.filter((type) => type !== "null");
    found = { ...found, type: types.length === 1 ? types[0] : undefined };
  }
  return found;
}

function without(object, ...names) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
