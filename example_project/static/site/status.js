// Whether there is a connection, said in the bar above.

const TEXTS = { connecting: "Connecting", open: "Connected", reconnecting: "Reconnecting", closed: "Disconnected" };

/** Let `element` show the state of `server` from now on. */
export function showStatus(server, element) {
  const show = () => {
    if (element.dataset.state === server.state) return;
    element.textContent = TEXTS[server.state];
    element.dataset.state = server.state;
  };
  for (const event of ["open", "close", "reconnecting"]) server.on(event, show);
  show();
}
