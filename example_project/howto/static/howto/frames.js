// What goes over this tab's WebSocket, shown in the panel "How this is done".

import { $ } from "../site/page.js";

const KEPT = 50;
const SHOWN = 200; // characters of a frame

const list = $("frames");

class WatchedWebSocket extends WebSocket {
  constructor(url) {
    super(url);
    this.addEventListener("message", ({ data }) => show("received", data));
  }

  send(text) {
    super.send(text);
    show("sent", text);
  }
}

/** For `new TornadoWebSocket(path, watched)`: its frames are seen in the panel. */
export const watched = { WebSocket: WatchedWebSocket };

function show(direction, text) {
  const item = document.createElement("li");
  const arrow = document.createElement("span");
  const code = document.createElement("code");
  const rest = text.length - SHOWN;
  item.className = direction;
  arrow.className = "arrow";
  arrow.role = "img";
  arrow.ariaLabel = direction;
  code.textContent = rest > 0 ? `${text.slice(0, SHOWN)} … and ${rest.toLocaleString("en")} characters` : text;
  item.append(arrow, code);
  list.prepend(item);
  if (list.children.length > KEPT) list.lastElementChild.remove();
}

// Where there is room beside the page the panel is open, elsewhere it waits to be asked.
const wide = matchMedia("(width >= 70rem)");
const fold = () => ($("how").open = wide.matches);
wide.addEventListener("change", fold);
fold();
