// Who is here, and who is typing.

import { buildName, listNames, paint } from "./names.js";

/** @import { Person } from "websockets" */

const TYPING_SHOWN = 4_000;
const TYPING_NAMED = 2;

const order = new Intl.Collator();

export class People {
  #list;
  #count;
  #typing;
  #reader = null;
  /** @type {number | null} */
  #painting = null;
  #names = new Map();
  #timers = new Map();

  /** `list` and `count` show who is here, `typing` who writes. */
  constructor(list, count, typing) {
    this.#list = list;
    this.#count = count;
    this.#typing = typing;
  }

  /** Who reads: the one in the list that is called "you". */
  set reader(person) {
    this.#reader = person;
    this.#show();
  }

  /**
   * Begin anew, on a new connection.
   *
   * @param {Person[]} present
   */
  reset(present) {
    this.#names = new Map(present.map(({ person, name }) => [person, name]));
    this.#show();
  }

  has(person) {
    return this.#names.has(person);
  }

  /** Note that `person` is here; whoever speaks is, and is not typing any more. */
  add(person, name) {
    this.#stopTyping(person);
    if (this.#names.get(person) === name) return;
    this.#names.set(person, name);
    this.#show();
  }

  remove(person) {
    this.#stopTyping(person);
    this.#names.delete(person);
    this.#show();
  }

  showTyping(person) {
    this.#timers.set(person, setTimeout(() => this.#stopTyping(person), TYPING_SHOWN));
    this.#showTyping();
  }

  #stopTyping(person) {
    clearTimeout(this.#timers.get(person));
    if (this.#timers.delete(person)) this.#showTyping();
  }

  /** Once for all who come and go before the browser paints next. */
  #show() {
    this.#painting ??= requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#painting = null;
    const present = [...this.#names].sort(([, one], [, other]) => order.compare(one, other));
    this.#list.replaceChildren(...present.map(([person, name]) => this.#build(person, name)));
    this.#count.textContent = present.length;
  }

  #build(person, name) {
    const item = document.createElement("li");
    const avatar = document.createElement("span");
    const label = document.createElement("span");
    avatar.className = "avatar";
    avatar.ariaHidden = "true";
    paint(avatar, person, name);
    label.append(buildName(person, name), person === this.#reader ? " (you)" : "");
    item.append(avatar, label);
    return item;
  }

  #showTyping() {
    const names = [...this.#timers.keys()].map((person) => this.#names.get(person));
    const who = names.length > TYPING_NAMED ? `${names.length} people` : listNames(names);
    this.#typing.textContent = names.length ? `${who} ${names.length > 1 ? "are" : "is"} typing…` : "";
  }
}
