// The chat's page: what its forms send, and what it shows of what the server says.

import { showStatus } from "../site/status.js";
import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs";
import { Log } from "./log.js";
import { People } from "./people.js";

const EARLIER_NAME = "chat.name";
const TYPING_PAUSE = 2_000;

const $ = (id) => document.getElementById(id);

const log = new Log($("log"), $("messages"), $("message"), $("jump"));
const people = new People($("people"), $("count"), $("typing"), $("already-here"));
let ownName = null;
let lastTyped = 0;

const events = {
  welcome({ you, people: present, messages, more }) {
    people.reset(you, present);
    // Who was away for more than a page would see a gap: begin anew, the button leads back.
    const oldest = messages[0]?.id;
    if (more && !messages.some(({ id }) => log.has(id))) log.removeBefore(oldest);
    log.add(messages);
    if (log.oldestId === oldest) $("earlier").hidden = !more;
    if (ownName) join(ownName);
  },
  joined({ person, name }) {
    people.add(person, name);
    if (!people.isMe(person)) log.note(`${name} joined`);
  },
  left({ person, name }) {
    people.remove(person);
    log.note(`${name} left`);
  },
  message(message) {
    people.add(message.person, message.name);
    log.add([message]);
  },
  typing({ person, name }) {
    people.add(person, name);
    people.showTyping(person);
  },
  removed({ id }) {
    log.remove(id);
  },
  warning({ message }) {
    hint(message);
  },
};

const server = new TornadoWebSocket("/chat");
// All of them by "*": under "message" the client tells what comes as it came.
server.on("*", (event, data) => events[event]?.(data));
server.on("open", () => hint(""));
showStatus(server, $("status"));

/** Say something about what was just tried, next to it. */
function hint(text) {
  $(ownName ? "text-hint" : "name-hint").textContent = text;
}

/**
 * Ask the server; what it refuses or can't be asked now comes back empty, and a hint says why. The client would keep it
 * until there is a connection again, but who talks wants to know, and may not mean it any more by then.
 */
async function ask(event, data) {
  hint("");
  try {
    if (server.state === "open") return await server.request(event, data);
    hint("There is no connection right now. Try again in a moment.");
  } catch (error) {
    const isLost = error.code === "disconnected" || error.code === "timeout";
    hint(isLost ? "The connection was lost. Try again in a moment." : error.message);
  }
  return {};
}

async function join(name) {
  const joined = await ask("join", { name });
  if (!joined.name || ownName) return;
  ownName = joined.name;
  localStorage.setItem(EARLIER_NAME, ownName);
  $("entrance").hidden = true;
  $("room").hidden = false;
  log.ownName = ownName;
  $("text").focus();
}

async function say(text) {
  $("text").value = "";
  lastTyped = 0;
  const said = await ask("message", { text });
  // Give back what was not taken, unless the next text was begun.
  if (!said.id && !$("text").value) $("text").value = text;
}

async function showEarlier() {
  const page = await ask("history", { before: log.oldestId });
  if (!page.messages) return;
  log.addEarlier(page.messages);
  $("earlier").hidden = !page.more;
  if (!page.more) $("log").focus();
}

$("entrance").addEventListener("submit", (submit) => {
  submit.preventDefault();
  join($("name").value);
});

$("composer").addEventListener("submit", (submit) => {
  submit.preventDefault();
  if ($("text").value.trim()) say($("text").value);
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

$("name").value = localStorage.getItem(EARLIER_NAME) ?? "";
$("name").select();
