// The assistant's page: what was asked, and the answers as they come.

import { watched } from "../howto/frames.js";
import { $, begin } from "../site/page.js";
import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs";

/** @import { Assistant } from "websockets" */

/** @type {TornadoWebSocket.Stream<string> | null} of the answer that is coming */
let words = null;

// region shown
/** @type {TornadoWebSocket<Assistant>} */
const server = new TornadoWebSocket("/assistant", watched);

async function show(question, answer) {
  words = server.stream("ask", { question });
  for await (const word of words) answer.append(word, " ");
}

const stop = () => words?.return();

server.answer("confirm", ({ question }) => confirmed(question));

const forget = () => server.request("forget", {}, { timeout: Infinity });
// endregion

$("asking").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  if (words || !question) return;
  $("question").value = "";
  ask(question);
});
$("stop").addEventListener("click", () => stop());
$("forget").addEventListener("click", async () => {
  try {
    if (await forget()) clear();
  } catch (error) {
    complain(error);
  }
});

begin(server);
showState();

async function ask(question) {
  const item = document.createElement("li");
  const [asked, answer] = ["asked", "answer"].map((name) => {
    const text = document.createElement("p");
    text.className = name;
    item.append(text);
    return text;
  });
  asked.textContent = question;
  answer.setAttribute("aria-busy", "true");
  $("talk").append(item);
  $("problem").textContent = "";
  try {
    const shown = show(question, answer);
    showState();
    await shown;
  } catch (error) {
    complain(error);
  } finally {
    words = null;
    answer.removeAttribute("aria-busy");
    showState();
  }
}

/** Ask the person; whether they agree. */
function confirmed(question) {
  const dialog = $("confirm");
  $("confirm-question").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function clear() {
  stop();
  $("talk").replaceChildren();
  showState();
  $("question").focus();
}

function complain(error) {
  $("problem").textContent = error.message;
}

function showState() {
  $("nothing").hidden = $("talk").childElementCount > 0;
  // Not `disabled`, which would take the focus away from who has just pressed it.
  $("ask").setAttribute("aria-disabled", words !== null);
  $("stop").setAttribute("aria-disabled", words === null);
}
