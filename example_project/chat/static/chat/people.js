// Who is here, and who is typing.

import { paint } from "./log.js";

const TYPING_SHOWN = 4_000;

const listed = new Intl.ListFormat("en");

export class People {
  #list;
  #count;
  #typing;
  #greeting;
  #me = null;
  #names = new Map();
  #timers = new Map();

  /** `list` and `count` show who is here, `typing` who writes, `greeting` tells it one who has not joined. */
  constructor(list, count, typing, greeting) {
    this.#list = list;
    this.#count = count;
    this.#typing = typing;
    this.#greeting = greeting;
  }

  /** Begin anew, on a new connection: `me` is its id there, `present` who else is here. */
  reset(me, present) {
    this.#me = me;
    this.#names = new Map(present.map(({ person, name }) => [person, name]));
    this.#show();
  }

  isMe(person) {
    return person === this.#me;
  }

  /** Note that `person` is here; whoever speaks is, and is not typing any more. */
  add(person, name) {
    this.#stopTyping(person);
    if (this.#names.has(person)) return;
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

  #show() {
    const present = [...this.#names].sort(([, one], [, other]) => one.localeCompare(other));
    this.#list.replaceChildren(...present.map(([person, name]) => this.#build(person, name)));
    this.#count.textContent = present.length;
    const names = present.map(([, name]) => name);
    this.#greeting.textContent = names.length
      ? `${listed.format(names)} ${names.length > 1 ? "are" : "is"} here.`
      : "Nobody is here yet. Be the first!";
  }

  #build(person, name) {
    const item = document.createElement("li");
    const avatar = document.createElement("span");
    const label = document.createElement("span");
    const shown = document.createElement("span");
    avatar.className = "avatar";
    avatar.ariaHidden = "true";
    paint(avatar, name);
    shown.className = "name";
    shown.dir = "auto";
    shown.textContent = name;
    label.append(shown, this.isMe(person) ? " (you)" : "");
    item.append(avatar, label);
    return item;
  }

  #showTyping() {
    const names = [...this.#timers.keys()].map((person) => this.#names.get(person));
    this.#typing.textContent = names.length
      ? `${listed.format(names)} ${names.length > 1 ? "are" : "is"} typing…`
      : "";
  }
}
