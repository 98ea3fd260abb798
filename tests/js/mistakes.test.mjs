// What the developer of a page is told.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { TornadoWebSocket } from "./setup.mjs";

/** What was written to the console. */
let told = [];
console.warn = (text) => told.push(text);
beforeEach(() => (told = []));

const make = (options = {}, path = "/chat") =>
  new TornadoWebSocket(path, { host: "example.com", auto_connect: false, ...options });

for (const [option, name] of [
  ["reconect", "reconnect"],
  ["reconnect_delay_mx", "reconnect_delay_max"],
  ["maxRefusals", "max_refusals"],
  ["queueSize", "queue_size"],
  ["autoConnect", "auto_connect"],
  ["hosts", "host"],
  ["Websocket", "WebSocket"],
])
  test(`the option ${option} is asked about once`, () => {
    make({ [option]: 1 });
    make({ [option]: 2 });
    assert.deepEqual(told, [`TornadoWebSocket: no option "${option}", but "${name}".`]);
  });

test("an option that is like no other is told of", () => {
  make({ debug: true, x: 1, "(": 1 });
  assert.deepEqual(
    told,
    ["debug", "x", "("].map((option) => `TornadoWebSocket: no option "${option}".`),
  );
});

test("nothing is told of the options that there are, and of those that say nothing", () => {
  const { options } = make();
  const others = { port: 1, secure: true, prefix: "", token: "t", protocols: [], since: null, WebSocket };
  make({ ...options, ...others, misspelt: undefined });
  assert.deepEqual(told, []);
});

test("a path below /ws/ is told of, and served where it says", () => {
  assert.equal(make({}, "/ws/chat").url, "ws://example.com/ws/ws/chat");
  make({}, "ws/other");
  make({}, "/wsx/ws/");
  assert.deepEqual(told, [
    'TornadoWebSocket: /ws/ comes before every path, "/ws/chat" too.',
    'TornadoWebSocket: /ws/ comes before every path, "ws/other" too.',
  ]);
});

test("what is no module is not bound", () => {
  for (const module of ["x", undefined, null, {}])
    assert.throws(() => make().bind(module), { name: "TypeError", message: `Expected a Module, got ${module}.` });
});

test("where there is no WebSocket, the options are named that are needed", (t) => {
  const { WebSocket } = globalThis;
  t.after(() => (globalThis.WebSocket = WebSocket));
  delete globalThis.WebSocket;
  const message = "Expected the options WebSocket and host, got undefined.";
  for (const options of [{}, { host: "example.com" }])
    assert.throws(() => new TornadoWebSocket("/chat", options), { name: "TypeError", message });
});
