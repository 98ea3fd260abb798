// Renders a component as a server does, and fails if that connects or says anything but what is to come.

import assert from "node:assert/strict";

import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { useTornadoWebSocket } from "django-tornado-websockets-channels/react";

globalThis.WebSocket = class {
  constructor() {
    assert.fail("A server connects to nobody.");
  }
};

function Page() {
  const { last, status, people } = useTornadoWebSocket("/room", { host: "example.com" });
  return createElement("p", null, `${status} ${last("said")} ${people.size}`);
}

assert.equal(renderToString(createElement(Page)), "<p>connecting undefined 0</p>");
