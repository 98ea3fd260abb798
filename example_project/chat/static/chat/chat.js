// The chat's page: what its forms send, and what it shows of what the server says.

import { watched } from "../howto/frames.js";
import { $, begin, hide } from "../site/page.js";
import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs";
import { earlierName, rememberName, secret } from "./identity.js";
import { Log } from "./log.js";
import { People } from "./people.js";

/** @import { Chat, Person } from "websockets" */

const TYPING_PAUSE = 2_000;

const log = new Log($("log"), $("messages"), $("message"), $("jump"));
const people = new People($("people"), $("count"), $("typing"));
/** @type {Person | null} */
let me = null;
let lastTyped = 0;

// region shown
/** @type {TornadoWebSocket<Chat>} */
const server = new TornadoWebSocket("/chat", watched);

server.on("message_created", (message) => log.add([message]));
server.on("message_changed", (message) => log.replace(message));
server.on("message_deleted", ({ id }) => log.remove(id));

async function say(text) {
  const said = await ask(() => server.request("say", { text }));
  if (!said) giveBack(text);
}
// endregion

server.on("open", () => hint(""));
server.on("warning", ({ message }) => hint(message));
server.on("message_created", ({ person, name }) => people.add(person, name));
server.on("message_many", () => location.reload());

server.on("welcome", ({ people: present, messages, more }) => {
  people.reset(present);
  // Who was away for more than a page would see a gap: begin anew, the button leads back.
  const oldest = messages[0]?.id;
  if (more && !messages.some(({ id }) => log.has(id))) log.removeBefore(oldest);
  log.add(messages, { isNews: me !== null });
  if (log.oldestId === oldest) $("earlier").hidden = !more;
  if (me) join(me.name);
});

server.on("joined", ({ person, name }) => {
  const isNews = !people.has(person);
  people.add(person, name);
  if (isNews) log.note("joined", person, name);
});

server.on("left", ({ person, name }) => {
  people.remove(person);
  log.note("left", person, name);
});

server.on("typing", ({ person, name }) => {
  people.add(person, name);
  people.showTyping(person);
});

/** Say something about what was just tried, below it. */
function hint(text) {
  $("hint").textContent = text;
}

/**
 * Ask the server; of what it refuses, or can't be asked now, nothing comes back, and a hint says why. The client would
 * keep it until there is a connection again, but who talks wants to know, and may not mean it any more by then.
 *
 * @template T
 * @param {() => Promise<T>} request
 */
async function ask(request) {
  hint("");
  try {
    if (server.state === "open") return await request();
    hint("There is no connection right now. Try again in a moment.");
  } catch (error) {
    const isLost = error.code === "disconnected" || error.code === "timeout";
    hint(isLost ? "The connection was lost. Try again in a moment." : error.message);
  }
  return null;
}

async function join(name) {
  const joined = await ask(() => server.request("join", { name, secret }));
  if (!joined) return;
  const isFirst = !me;
  me = joined;
  people.add(me.person, me.name);
  log.reader = people.reader = me.person;
  rememberName(me.name);
  if (!isFirst) return;
  $("composer").hidden = false;
  $("entrance").hidden = true;
  $("text").focus();
}

/** What was not taken comes back, unless the next text was begun. */
function giveBack(text) {
  if (!$("text").value) $("text").value = text;
}

async function showEarlier() {
  const page = await ask(() => server.request("history", { before: log.oldestId }));
  if (!page) return;
  log.addEarlier(page.messages);
  if (!page.more) hide($("earlier"), $("log"));
}

$("entrance").addEventListener("submit", (submit) => {
  submit.preventDefault();
  join($("name").value);
});

$("composer").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const text = $("text").value;
  if (!text.trim()) return;
  $("text").value = "";
  lastTyped = 0;
  say(text);
});

$("text").addEventListener("keydown", (key) => {
  // Enter also ends a composition, as of Japanese: then it is not meant for us.
  if (key.key !== "Enter" || key.shiftKey || key.isComposing) return;
  key.preventDefault();
  $("composer").requestSubmit();
});

$("text").addEventListener("input", () => {
  if (!$("text").value || Date.now() - lastTyped < TYPING_PAUSE) return;
  lastTyped = Date.now();
  if (server.state === "open") server.emit("typing");
});

$("earlier").addEventListener("click", showEarlier);

// What was typed before this script came is left alone.
$("name").value ||= earlierName;
if (document.activeElement === document.body) $("name").select();
begin(server);
