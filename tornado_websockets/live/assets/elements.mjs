// Elements of the page: made of text alone, and changed in place, so that focus stays where it is.

/** An element with attributes and children; a child that is no node is text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** The element with an id. */
export const byId = (id) => document.getElementById(id);

/** Change a text where it is another one: what is selected stays selected. */
export function setText(where, text) {
  if (where.textContent !== String(text)) where.textContent = text;
}

/**
 * A table in `place`. Each column is `{title, text(row), number, button(row)}`. On phones it is a list of cards, which is
 * why it says its roles itself: a browser forgets them where a row is no row any more.
 */
export class Table {
  constructor(place, label, columns, empty) {
    this._columns = columns;
    this._rows = new Map();
    this._body = element("tbody", { role: "rowgroup" });
    const titles = columns.map(({ title, number }) =>
      element("th", { scope: "col", role: "columnheader", class: number ? "number" : undefined }, title),
    );
    const head = element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...titles));
    this._table = element("table", { role: "table", "aria-label": label }, head, this._body);
    this._empty = element("p", { class: "soft" }, empty);
    place.replaceChildren(this._table, this._empty);
    this.show([], String);
  }

  /** Show these rows, in their order; `keyOf` tells one from another. */
  show(rows, keyOf) {
    const keys = new Set();
    let before = null;
    for (const row of rows) {
      const key = keyOf(row);
      if (keys.has(key)) continue;
      keys.add(key);
      let shown = this._rows.get(key);
      if (shown === undefined) this._rows.set(key, (shown = this._make(row)));
      this._fill(shown, row);
      const place = before === null ? this._body.firstChild : before.nextSibling;
      if (place !== shown) this._body.insertBefore(shown, place);
      before = shown;
    }
    for (const [key, shown] of this._rows) {
      if (keys.has(key)) continue;
      shown.remove();
      this._rows.delete(key);
    }
    this._table.hidden = keys.size === 0;
    this._empty.hidden = keys.size > 0;
  }

  _make(row) {
    const cells = this._columns.map(({ title, number, button }) => {
      const cell = element("td", { role: "cell", "data-title": title, class: number ? "number" : undefined });
      if (button) cell.append(button(row));
      return cell;
    });
    return element("tr", { role: "row" }, ...cells);
  }

  _fill(shown, row) {
    this._columns.forEach(({ text, tone, button }, at) => {
      const cell = shown.children[at];
      if (!button) setText(cell, text(row));
      if (tone) cell.dataset.tone = tone(row) ?? "";
    });
  }
}

/** A number for people: 12,345 or 1.5. */
export function number(value) {
  if (!Number.isFinite(value)) return "–";
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}
