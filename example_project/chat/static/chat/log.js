// The list of messages: each where its id belongs, with notes of who comes and goes in between.

const SAME_BREATH = 5 * 60_000;
const NEAR_END = 60;

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Log {
  #box;
  #list;
  #template;
  #jump;
  #ownName = null;
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

  /** Whose messages are the reader's own. */
  set ownName(name) {
    this.#ownName = name;
    for (const item of this.#messages) item.classList.toggle("own", item.dataset.name === name);
    this.#toEnd();
  }

  has(id) {
    return this.#ids.includes(id);
  }

  /** Show these where they belong: what is said now may come before the page of what was said earlier. */
  add(messages) {
    const fresh = messages.filter(({ id }) => !this.has(id));
    for (const message of fresh) this.#place(this.#build(message));
    if (this.#atEnd || fresh.some(({ name }) => name === this.#ownName)) this.#toEnd();
    else if (fresh.length) this.#jump.hidden = false;
  }

  /** Show an earlier page above, and keep what is being read where it is. */
  addEarlier(messages) {
    const below = this.#box.scrollHeight - this.#box.scrollTop;
    // A screen reader is to announce news, not what was said long ago.
    this.#box.ariaLive = "off";
    for (const message of messages) this.#place(this.#build(message));
    this.#box.scrollTop = this.#box.scrollHeight - below;
    requestAnimationFrame(() => (this.#box.ariaLive = "polite"));
  }

  note(text) {
    const item = document.createElement("li");
    item.className = "note";
    item.textContent = text;
    this.#list.append(item);
    if (this.#atEnd) this.#toEnd();
  }

  remove(id) {
    const item = this.#messages.find((one) => Number(one.dataset.id) === id);
    const next = item?.nextElementSibling;
    item?.remove();
    this.#group(next);
  }

  /** Drop all that is older than the message `id`. */
  removeBefore(id) {
    for (const item of this.#messages) if (Number(item.dataset.id) < id) item.remove();
  }

  get #messages() {
    return [...this.#list.querySelectorAll(".message")];
  }

  get #ids() {
    return this.#messages.map((item) => Number(item.dataset.id));
  }

  #build({ id, name, text, at }) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const said = new Date(at);
    const isToday = said.toDateString() === new Date().toDateString();
    Object.assign(item.dataset, { id, name, at: said.getTime() });
    item.classList.toggle("own", name === this.#ownName);
    paint(item.querySelector(".avatar"), name);
    item.querySelector(".name").textContent = name;
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
    item?.classList.toggle(
      "follows",
      before?.name === item.dataset.name && item.dataset.at - before?.at < SAME_BREATH,
    );
  }

  #toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  #onScroll() {
    this.#atEnd = this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < NEAR_END;
    if (this.#atEnd) this.#jump.hidden = true;
  }
}

/** Make `element` the sign of `name`: its initial, in a colour that stays its own. */
export function paint(element, name) {
  const hue = [...name].reduce((sum, char) => (sum * 31 + char.codePointAt(0) * 137) % 360, 0);
  element.style.setProperty("--hue", hue);
  element.textContent = [...name][0].toUpperCase();
}
