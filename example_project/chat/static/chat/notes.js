// Who came and went between two messages: one line, however many they were.

import { listNames } from "./names.js";

export class Note {
  element = document.createElement("li");
  #joined = new Map();
  #left = new Map();
  #visited = new Map();

  constructor() {
    this.element.className = "note";
  }

  joined(person, name) {
    this.#visited.delete(person);
    // Who is back, as after a lost connection, is no news.
    if (!this.#left.delete(person)) this.#joined.set(person, name);
    this.#show();
  }

  left(person, name) {
    (this.#joined.delete(person) ? this.#visited : this.#left).set(person, name);
    this.#show();
  }

  #show() {
    /** @type {[Map<string, string>, string][]} */
    const phrases = [
      [this.#joined, "joined"],
      [this.#left, "left"],
      [this.#visited, "came and went"],
    ];
    this.element.textContent = phrases
      .filter(([people]) => people.size)
      .map(([people, verb]) => `${listNames([...people.values()])} ${verb}`)
      .join(" · ");
  }
}
