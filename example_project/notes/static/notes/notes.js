// The notes' page: to whom, what came, and a moderator's form.

import { watched } from "../howto/frames.js";
import { $, begin } from "../site/page.js";
import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs";
import { hang } from "./bell.js";

/** @import { Bell } from "websockets" */

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

// region shown
/** @type {TornadoWebSocket<Bell>} */
const server = new TornadoWebSocket("/bell", watched);

hang(server); // as on every page
server.on("note", (note) => add(note));
server.on("presence", () => showWhoIsHere(server.people));
server.on("unread", ({ count }) => count || forgetNews());

const write = (data) => server.request("write", data);
const kick = (data) => server.request("kick", data);
// endregion

server.on("unread", ({ count }) => ($("read").disabled = !count));
server.on("note", () => ($("read").disabled = false));
$("read").addEventListener("click", () => {
  server.emit("read");
  $("notes").focus(); // the button has done its work
});

send($("write"), write, $("hint"), $("sent"), (name) => `${name} has your note.`);
if ($("kick")) send($("kick"), kick, $("kick-hint"), $("kick-done"), (name) => `${name} is disconnected.`);
begin(server);
$("read").disabled = $("unread").textContent === "0";
for (const each of $("notes").querySelectorAll("time")) each.textContent = time.format(new Date(each.dateTime));

function add({ sender, text, at }) {
  const item = $("note").content.firstElementChild.cloneNode(true);
  const [who, when, what] = item.children;
  who.textContent = sender;
  when.textContent = time.format(new Date(at));
  when.dateTime = at;
  what.textContent = text;
  $("notes").prepend(item);
}

function forgetNews() {
  for (const item of $("notes").querySelectorAll(".new")) item.classList.remove("new");
}

/** In each list of people: who is here is said to be, and who has come since the page was loaded is there, too. */
function showWhoIsHere(people) {
  for (const select of document.querySelectorAll("select")) {
    for (const { id, info } of people.values()) {
      const isMissing = ![...select.options].some(({ value }) => value === id);
      if (isMissing && select.name === "recipient" && info.name !== $("notes-title").lastElementChild.textContent) {
        const option = new Option(info.name, id);
        option.dataset.name = info.name;
        select.add(option);
      }
    }
    for (const option of select.options) {
      const { name } = option.dataset;
      if (name) option.textContent = people.has(option.value) ? `${name} · here` : name;
    }
  }
}

/** Send a form by `ask`, and say below it what has become of that. */
function send(form, ask, hint, done, describe) {
  const [select, input] = form.querySelectorAll("select, input:not([type=hidden])");
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const { name } = select.selectedOptions[0].dataset;
    const data = Object.fromEntries([select, input].map(({ name, value }) => [name, value]));
    hint.textContent = done.textContent = "";
    try {
      await ask(data);
      input.value = "";
      done.textContent = describe(name);
    } catch (error) {
      hint.textContent = error.details?.fields?.[0]?.message ?? error.message;
    }
  });
}
