// What the names and values of 0.2 become under the new names.

import assert from "node:assert/strict";
import { test } from "node:test";

import { setUpPage } from "./old_pages.mjs";
import { TornadoWebSocket, next, pause, setUp } from "./setup.mjs";
import { ModuleProgressBar } from "../../tornado_websockets/static/tornado_websockets/src/progress_bar.mjs";

test("what is no object is sent as a message, and arrays as they are", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  for (const data of [42, 0, true, false, "", [1]]) tws.emit("x", data);
  const frames = await (await server.client()).got(6);
  assert.deepEqual(
    frames.map(({ data }) => data),
    [{ message: 42 }, { message: 0 }, { message: true }, { message: false }, { message: "" }, [1]],
  );
});

test("a module's name may bring its underscore", () => {
  class Named extends TornadoWebSocket.Module {}
  assert.equal(new Named("foo").prefix, "module_foo_");
  assert.equal(new Named("foo_").prefix, "module_foo_");
  assert.equal(new Named().prefix, "module__");
});

test("a progress bar needs no name", () => {
  assert.equal(new ModuleProgressBar().prefix, "module_progressbar_");
  assert.equal(new ModuleProgressBar("").prefix, "module_progressbar_");
  assert.equal(new ModuleProgressBar("foo").prefix, "module_progressbar_foo_");
});

test("_websocket is websocket, and the developer is told once", async (t) => {
  const told = [];
  const { page, at } = await setUpPage(t, ["tornadowebsocket.js"], { console: { warn: (text) => told.push(text) } });
  const tws = new page.TornadoWebSocket("/chat", at);
  await next(tws, "open");
  assert.ok(tws.websocket);
  assert.equal(tws._websocket, tws.websocket);
  assert.equal(tws._websocket, tws.websocket);
  assert.deepEqual(told, ['TornadoWebSocket: "_websocket" is called "websocket" now; the old name will go.']);
  tws.close();
});

test("with reconnect off it never comes back by itself", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ reconnect: false });
  let opens = 0;
  tws.on("open", () => (opens += 1));
  const closed = next(tws, "close");
  (await server.client()).socket.destroy();
  assert.equal((await closed).code, 1006);
  await pause(3000); // what must not happen has so long to do so
  assert.deepEqual([server.connections.length, opens, tws.state], [1, 1, "closed"]);
});
