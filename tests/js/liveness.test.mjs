// A connection that died without a word is noticed.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, test } from "node:test";

import { pong, reply, silence, warn } from "./server.mjs";
import { next, pause, putOnPage, record, setUp } from "./setup.mjs";

const ALERT = { ping_interval: 40, ping_timeout: 60, busy_timeout: 60, connect_timeout: 200 };

let page;
beforeEach(() => (page = putOnPage()));
afterEach(() => page.remove());

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

test("a server of version 1.0.0 proves its life by a warning, which the page does not hear", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = warn;
  const tws = connect(ALERT);
  const heard = record(tws, "warning", "*", "message");
  const client = await server.client();
  await client.probed(3);
  assert.deepEqual(heard, []);
  tws.emit("something else");
  const { code, message } = await next(tws, "warning");
  assert.deepEqual([code, message], ["unknown_event", "There is no event 'something else' here."]);
  assert.equal(server.connections.length, 1);
});

test("a ping is what the protocol says, and frames of the protocol are nobody's", async (t) => {
  const { server, connect } = await setUp(t);
  const sent = [];
  server.answer = (connection, frame) => {
    if (frame.event === "tws.ping") sent.push(frame);
    reply(connection, frame);
  };
  const tws = connect(ALERT);
  const heard = record(tws, "tws.pong", "tws.later", "*", "message");
  const client = await server.client();
  await client.probed();
  client.send("tws.later", {});
  client.send("end", {});
  await next(tws, "end");
  assert.deepEqual(sent[0], { event: "tws.ping" });
  assert.deepEqual(heard.map(([name]) => name), ["message", "*"]);
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

test("a handler at work is no dead line: pings are answered out of turn", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = pong;
  const tws = connect(ALERT);
  const closed = record(tws, "close");
  tws.request("work", {}, { timeout: 0 }).catch(() => {});
  await (await server.client()).probed(5);
  assert.deepEqual(closed, []);
});

test("whatever was sent before, a dead line is noticed in the same time", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect({ ...ALERT, busy_timeout: 600_000 });
  tws.request("work", {}, { timeout: 600_000 }).catch(() => {});
  tws.emit("more work");
  await next(tws, "close");
});

test("the times of people notice a dead line within 45 s", async (t) => {
  const { server, connect } = await setUp(t);
  const { options } = connect({ ping_interval: undefined, auto_connect: false });
  assert.ok(options.ping_interval + options.ping_timeout <= 44_000); // what finds it out takes a moment, too
});

test("a handler at work has more time where the server answers in turn", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = warn;
  const tws = connect({ ...ALERT, busy_timeout: 600_000 });
  const closed = record(tws, "close");
  const client = await server.client();
  await client.probed();
  server.answer = silence;
  tws.emit("work");
  await client.probed(2);
  await pause(200);
  assert.deepEqual(closed, []);
  warn(client, { event: "tws.ping" });
  await client.probed(3);
  await next(tws, "close");
});

test("where the server answers in turn, a request has the time it was given", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = warn;
  const tws = connect(ALERT);
  const client = await server.client();
  await client.probed();
  server.answer = silence;
  const asked = tws.request("work", {}, { timeout: 60000 });
  await client.probed(2);
  await pause(200);
  client.send("reply", { done: true }, { id: 1 });
  assert.deepEqual(await asked, { done: true });
});

test("a line that is busy with what it was given is no dead line", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect(ALERT);
  const closed = record(tws, "close");
  const client = await server.client();
  await next(tws, "open");
  // What a browser tells of a slow line: it takes a piece from time to time.
  let backlog = 10_000;
  Object.defineProperty(tws.websocket, "bufferedAmount", { get: () => backlog });
  await client.probed();
  for (let count = 0; count < 20; count += 1) {
    await pause(10);
    backlog -= 100;
  }
  assert.deepEqual(closed, []);
  await next(tws, "close");
});

test("with a ping_interval of 0 there are no probes", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ ...ALERT, ping_interval: 0 });
  const client = await server.client();
  await next(tws, "open");
  for (const change of Object.values(page.changes)) change();
  page.show("visible");
  await pause(100);
  assert.equal(client.probes, 0);
});

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

test("a page that wakes up has its connection probed, unless it was just heard", async (t) => {
  const { server, connect } = await setUp(t);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const tws = connect({ ...ALERT, ping_interval: 60000 });
  const client = await server.client();
  await next(tws, "open");
  page.show("visible");
  await tws.request("x").catch(() => {});
  assert.equal(client.probes, 0);
  t.mock.timers.setTime(Date.now() + 10_000);
  page.show("hidden");
  assert.equal(client.probes, 0);
  page.show("visible");
  await client.probed();
});

for (const [way, milliseconds] of [
  ["back", -30 * 24 * 3_600_000],
  ["forward", 30 * 24 * 3_600_000],
]) {
  test(`a clock that is set ${way} neither stops the probes nor makes them many`, async (t) => {
    const { server, connect } = await setUp(t);
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    connect({ ...ALERT, ping_interval: 100, ping_timeout: 1000 });
    const client = await server.client();
    await client.probed();
    t.mock.timers.setTime(Date.now() + milliseconds);
    await pause(450);
    assert.ok(client.probes >= 3 && client.probes <= 7, `${client.probes}`);
  });
}

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
    getEventListeners(document, "visibilitychange").length +
    getEventListeners(page.window, "online").length +
    getEventListeners(page.network, "change").length;
  await next(tws, "open");
  assert.equal(count(), 3);
  (await server.client()).close(1011);
  await next(tws, "reconnected");
  assert.equal(count(), 3);
  tws.close();
  assert.equal(count(), 0);
});
