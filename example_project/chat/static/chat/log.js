// The list of messages: each where its id belongs, with notes of who comes and goes in between.

import { hide } from "../site/page.js";
import { buildName, paint } from "./names.js";
import { Note } from "./notes.js";

/** @import { Message } from "websockets" */

const SAME_BREATH = 5 * 60_000;
const NEAR_END = 60;

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Log {
  #box;
  #list;
  #template;
  #jump;
  #reader = null;
  #note = new Note();
  #atEnd = true;

  /** `box` scrolls, `list` is in it, `template` is one message, `jump` the button that leads to the end. */
  constructor(box, list, template, jump) {
    this.#box = box;
    this.#list = list;
    this.#template = template;
    this.#jump = jump;
    jump.addEventListener("click", () => this.#toEnd());
    box.addEventListener("scroll", () => this.#onScroll());
    // A phone's keyboard or a growing text box takes room: stay at the end.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(box);
  }

  get oldestId() {
    return this.#ids[0];
  }

  /** Who reads: their own messages are shown as such. */
  set reader(person) {
    this.#reader = person;
    for (const item of this.#messages) item.classList.toggle("own", item.dataset.person === person);
    if (this.#atEnd) this.#toEnd();
  }

  has(id) {
    return this.#ids.includes(id);
  }

  /**
   * Show these where they belong: what is said now may come before the page of what was said earlier, which is no news
   * to one who has just arrived.
   *
   * @param {Message[]} messages
   */
  add(messages, { isNews = true } = {}) {
    if (!isNews) this.#hush();
    const fresh = messages.filter(({ id }) => !this.has(id));
    for (const message of fresh) this.#place(this.#build(message));
    if (this.#atEnd || fresh.some(({ person }) => person === this.#reader)) this.#toEnd();
    else if (fresh.length) this.#jump.hidden = false;
  }

  /**
   * Show an earlier page above, and keep what is being read where it is.
   *
   * @param {Message[]} messages
   */
  addEarlier(messages) {
    const below = this.#box.scrollHeight - this.#box.scrollTop;
    this.#hush();
    for (const message of messages) this.#place(this.#build(message));
    this.#box.scrollTop = this.#box.scrollHeight - below;
  }

  /** Say below the latest message that somebody "joined" or "left". */
  note(change, person, name) {
    if (this.#list.lastElementChild !== this.#note.element) this.#note = new Note();
    this.#note[change](person, name);
    if (this.#note.element.textContent) this.#list.append(this.#note.element);
    else this.#note.element.remove();
    if (this.#atEnd) this.#toEnd();
  }

  /**
   * Show a message as it is now, where it stands.
   *
   * @param {Message} message
   */
  replace(message) {
    const item = this.#find(message.id);
    if (!item) return;
    const changed = this.#build(message);
    item.replaceWith(changed);
    this.#group(changed);
    this.#group(changed.nextElementSibling);
  }

  remove(id) {
    const item = this.#find(id);
    const next = item?.nextElementSibling;
    item?.remove();
    this.#group(next);
  }

  /** Drop all that is older than the message `id`. */
  removeBefore(id) {
    for (const item of this.#messages) if (Number(item.dataset.id) < id) item.remove();
  }

  #find(id) {
    return this.#messages.find((one) => Number(one.dataset.id) === id);
  }

  get #messages() {
    return [...this.#list.querySelectorAll(".message")];
  }

  get #ids() {
    return this.#messages.map((item) => Number(item.dataset.id));
  }

  /** @param {Message} message */
  #build({ id, person, name, text, at }) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const said = new Date(at);
    const isToday = said.toDateString() === new Date().toDateString();
    Object.assign(item.dataset, { id, person, name, at: said.getTime() });
    item.classList.toggle("own", Boolean(person) && person === this.#reader);
    paint(item.querySelector(".avatar"), person, name);
    item.querySelector(".who").replaceWith(buildName(person, name));
    item.querySelector(".text").textContent = text;
    item.querySelector("time").textContent = (isToday ? time : dateAndTime).format(said);
    item.querySelector("time").dateTime = said.toISOString();
    return item;
  }

  #place(item) {
    const later = this.#messages.find((one) => Number(one.dataset.id) > Number(item.dataset.id));
    this.#list.insertBefore(item, later ?? null);
    this.#group(item);
    this.#group(item.nextElementSibling);
  }

  /** Who goes on talking needs no second introduction. */
  #group(item) {
    const before = item?.previousElementSibling?.dataset;
    const isSame = before?.person === item?.dataset.person && before?.name === item?.dataset.name;
    item?.classList.toggle("follows", isSame && item.dataset.at - before.at < SAME_BREATH);
  }

  /** A screen reader is to announce news, not what is shown now, which was said long ago. */
  #hush() {
    this.#box.ariaLive = "off";
    requestAnimationFrame(() => (this.#box.ariaLive = "polite"));
  }

  #toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  #onScroll() {
    this.#atEnd = this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < NEAR_END;
    if (this.#atEnd) hide(this.#jump, this.#box);
  }
}
