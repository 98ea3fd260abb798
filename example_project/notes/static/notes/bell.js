// The bell in the header of every page: how many notes wait, what the newest says, and the word of a moderator.

import { $ } from "../site/page.js";

/**
 * @import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs"
 * @import { Bell } from "websockets"
 */

const SHOWN = 10_000;
const KICKED = 4403;

let fading;

/**
 * Let the bell ring for what the server says.
 *
 * @param {TornadoWebSocket<Bell>} server the connection to `/bell`
 */
export function hang(server) {
  server.on("unread", ({ count }) => show(count));
  server.on("note", ({ sender, text, unread }) => {
    show(unread);
    ring(`${sender}: ${text}`);
  });
  server.on("close", ({ code, reason }) => {
    if (code === KICKED) tell(reason);
  });
  $("return").addEventListener("click", () => location.reload());
}

function show(count) {
  $("unread").textContent = count;
  $("bell").classList.toggle("waiting", count > 0);
}

function ring(text) {
  clearTimeout(fading);
  $("rung").textContent = text;
  $("bell").classList.remove("ringing");
  requestAnimationFrame(() => $("bell").classList.add("ringing"));
  fading = setTimeout(() => ($("rung").textContent = ""), SHOWN);
}

/** The client does not come back by itself from a code of an application's: whoever reads this may. */
function tell(reason) {
  $("kicked-reason").textContent = reason;
  $("kicked").hidden = false;
  $("return").focus();
}
