// A connection that died without a word is noticed.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, test } from "node:test";

import { reply, silence, warn } from "./server.mjs";
import { next, pause, record, setUp } from "./setup.mjs";

const ALERT = { ping_interval: 40, ping_timeout: 60, busy_timeout: 60, connect_timeout: 200 };

/** A page's window and document, as far as the client listens to them. */
let page;
beforeEach(() => {
  page = new EventTarget();
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"])
    globalThis[name] = page[name].bind(page);
  globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
});

afterEach(() => {
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent", "document"])
    delete globalThis[name];
});

const show = (visibilityState) => {
  document.visibilityState = visibilityState;
  document.dispatchEvent(new Event("visibilitychange"));
};

test("a silent server is probed, and the page hears nothing of it", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect(ALERT);
  const heard = record(tws, "*", "message", "reply", "close");
  await (await server.client()).probed(3);
  await tws.request("x").catch(() => {});
  assert.deepEqual(
    heard.map(([name]) => name),
    ["message"],
  );
  assert.equal(server.connections.length, 1);
});

test("a server of the old package proves its life by a warning, which the page does not hear", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = warn;
  const tws = connect(ALERT);
  const heard = record(tws, "warning");
  const client = await server.client();
  await client.probed(3);
  tws.emit("something else");
  await next(tws, "warning");
  assert.deepEqual(heard, [["warning", { message: 'There is no event "something else".' }]]);
  assert.equal(server.connections.length, 1);
});

test("who talks is not probed", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ ...ALERT, ping_interval: 100 });
  const client = await server.client();
  await next(tws, "open");
  for (let count = 0; count < 20; count += 1) {
    client.send("tick", {});
    await pause(10);
  }
  assert.equal(client.probes, 0);
});

test("a server that says nothing to a probe is given up", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect(ALERT);
  const { code, reason } = await next(tws, "close");
  assert.deepEqual([code, reason, tws.state], [1006, "The server fell silent.", "reconnecting"]);
});

test("what is emitted while a probe is out waits for its answer, and is not lost", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect(ALERT);
  const dropped = record(tws, "dropped");
  await (await server.client()).probed();
  await pause(5);
  tws.emit("a");
  tws.emit("b");
  await next(tws, "close");
  server.answer = reply;
  const client = await server.client(1);
  assert.deepEqual(
    (await client.got(2)).map(({ event }) => event),
    ["a", "b"],
  );
  assert.deepEqual(server.connections[0].frames, []);
  assert.deepEqual(dropped, []);
});

test("after silence the next connection has to speak before it counts as open", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect(ALERT);
  const heard = record(tws, "open", "close");
  tws.on("open", () => tws.emit("hello"));
  await next(tws, "close");
  tws.emit("waiting");
  // It accepts again, and again says nothing: nothing is handed over to it.
  await (await server.client(2)).probed();
  assert.deepEqual(
    heard.map(([name]) => name),
    ["open", "close"],
  );
  assert.deepEqual(server.connections[1].frames, []);

  server.answer = reply;
  await next(tws, "reconnected");
  const client = server.connections.at(-1);
  assert.deepEqual(
    (await client.got(2)).map(({ event }) => event),
    ["hello", "waiting"],
  );
});

test("a listener of open that closes hears nothing of what proved the connection", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect(ALERT);
  await next(tws, "close");
  const heard = record(tws, "message", "*");
  tws.on("open", () => tws.close());
  (await server.client(1)).send("news", {});
  await next(tws, "close");
  assert.deepEqual(heard, []);
});

test("a handler at work has more time than a server with nothing to do", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect({ ...ALERT, ping_timeout: 30, busy_timeout: 600_000 });
  const closed = record(tws, "close");
  const client = await server.client();
  tws.emit("work");
  await client.probed();
  await pause(100);
  assert.deepEqual(closed, []);
  client.send("reply", {}, { id: "ping" });
  await client.probed(2);
  await next(tws, "close");
});

test("a request has the time it was given", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect({ ...ALERT, ping_timeout: 10, busy_timeout: 10 });
  const asked = tws.request("work", {}, { timeout: 60000 });
  const client = await server.client();
  await client.probed();
  await pause(60);
  client.send("reply", { done: true }, { id: 1 });
  assert.deepEqual(await asked, { done: true });
});

test("with a ping_interval of 0 there are no probes", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ ...ALERT, ping_interval: 0 });
  const client = await server.client();
  await next(tws, "open");
  dispatchEvent(new Event("online"));
  dispatchEvent(new Event("offline"));
  show("visible");
  await pause(100);
  assert.equal(client.probes, 0);
});

for (const change of ["online", "offline"]) {
  test(`the connection is probed when the network goes ${change}`, async (t) => {
    const { server, connect } = await setUp(t);
    const tws = connect({ ...ALERT, ping_interval: 60000 });
    const client = await server.client();
    await next(tws, "open");
    dispatchEvent(new Event(change));
    await client.probed();
  });
}

test("what is emitted offline waits until the server is heard", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ ...ALERT, ping_interval: 60000, ping_timeout: 60000 });
  const client = await server.client();
  await next(tws, "open");
  server.answer = silence;
  dispatchEvent(new Event("offline"));
  await client.probed();
  tws.emit("a");
  await pause(20);
  assert.deepEqual(client.frames, []);
  client.send("anything", {});
  await client.got(1);
});

for (const wake of [
  () => dispatchEvent(new Event("online")),
  () => show("visible"),
  () => dispatchEvent(new Event("pageshow")),
]) {
  test(`waiting to reconnect ends with ${wake.toString().match(/"\w+"/)[0]}`, async (t) => {
    const { server, connect } = await setUp(t);
    const tws = connect({ reconnect_delay: 60000, reconnect_delay_max: 60000 });
    const reconnecting = next(tws, "reconnecting");
    (await server.client()).close(1011);
    await reconnecting;
    dispatchEvent(new Event("offline"));
    show("hidden");
    assert.equal(tws.websocket, null);
    wake();
    await next(tws, "reconnected");
  });
}

test("a page that wakes up has its connection probed, unless it was just heard", async (t) => {
  const { server, connect } = await setUp(t);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const tws = connect({ ...ALERT, ping_interval: 60000 });
  const client = await server.client();
  await next(tws, "open");
  show("visible");
  await tws.request("x").catch(() => {});
  assert.equal(client.probes, 0);
  t.mock.timers.setTime(Date.now() + 10_000);
  show("hidden");
  assert.equal(client.probes, 0);
  show("visible");
  await client.probed();
});

test("a timer that comes much too late is no proof of death", async (t) => {
  const { server, connect } = await setUp(t);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  server.answer = silence;
  const tws = connect({ ...ALERT, ping_interval: 60000 });
  const closed = record(tws, "close");
  const client = await server.client();
  await next(tws, "open");
  dispatchEvent(new Event("offline"));
  await client.probed();
  t.mock.timers.setTime(Date.now() + 3_600_000); // the machine slept for an hour
  await client.probed(2);
  assert.deepEqual(closed, []);
  t.mock.timers.setTime(Date.now() + 3_600_000);
  await next(tws, "close");
  assert.equal(client.probes, 2);
});

test("a closed client follows the page no longer", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const count = () =>
    getEventListeners(document, "visibilitychange").length + getEventListeners(page, "online").length;
  await next(tws, "open");
  assert.equal(count(), 2);
  (await server.client()).close(1011);
  await next(tws, "reconnected");
  assert.equal(count(), 2);
  tws.close();
  assert.equal(count(), 0);
});
