// What all pages do alike.

const TEXTS = { connecting: "Connecting", open: "Connected", reconnecting: "Reconnecting", closed: "Disconnected" };

/**
 * The element with this id.
 *
 * @returns {any} of the kind that the page's template has
 */
export const $ = (id) => document.getElementById(id);

/** The page's script is there: from now on its buttons do something, and the bar above tells the state of `server`. */
export function begin(server) {
  const show = () => {
    if ($("status").dataset.state === server.state) return;
    $("status").textContent = TEXTS[server.state];
    $("status").dataset.state = server.state;
  };
  for (const event of ["open", "close", "reconnecting"]) server.on(event, show);
  show();
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = document.querySelectorAll("button:disabled");
  for (const button of buttons) button.disabled = false;
}

/** Hide `element`; if the focus was there, `next` has it now, since otherwise nothing would. */
export function hide(element, next) {
  const hadFocus = element.contains(document.activeElement);
  element.hidden = true;
  if (hadFocus) next.focus();
}
