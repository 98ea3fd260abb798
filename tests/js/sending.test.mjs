// What is emitted arrives once and in order, or the page is told.

import assert from "node:assert/strict";
import { test } from "node:test";

import { pong, reply, silence, warn } from "./server.mjs";
import { next, pause, record, setUp } from "./setup.mjs";

const events = (frames) => frames.map(({ event }) => event);

test("data are an object, a string, or nothing", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  tws.emit("object", { a: [1] });
  tws.emit("string", "hello");
  tws.emit("nothing");
  tws.emit("null", null);

  assert.deepEqual(await (await server.client()).got(4), [
    { event: "object", data: { a: [1] } },
    { event: "string", data: { message: "hello" } },
    { event: "nothing", data: {} },
    { event: "null", data: {} },
  ]);
});

test("an event has a name", async (t) => {
  const { connect } = await setUp(t);
  const tws = connect();
  assert.throws(() => tws.emit(), /Expected the name of an event, got undefined/);
  assert.throws(() => tws.emit("", {}), TypeError);
  await assert.rejects(tws.request(7), TypeError);
});

test("what is emitted before open is sent on open, once and in order", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ auto_connect: false });
  const data = { count: 1 };
  assert.equal(tws.emit("a", data), true);
  data.count = 2;
  tws.emit("b");
  tws.connect();
  tws.emit("c");

  const frames = await (await server.client()).got(3);
  assert.deepEqual(events(frames), ["a", "b", "c"]);
  assert.deepEqual(frames[0].data, { count: 1 });
  tws.emit("d");
  assert.deepEqual(events(await server.connections[0].got(4)), ["a", "b", "c", "d"]);
});

test("what open sends comes before what waited", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  tws.emit("waited");
  tws.on("open", () => tws.emit("hello"));

  assert.deepEqual(events(await (await server.client()).got(2)), ["hello", "waited"]);
});

test("what is emitted while the server is away arrives once, after it is back", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  await next(tws, "open");
  await server.stop();
  await next(tws, "close");
  for (const number of [1, 2, 3]) tws.emit(`number ${number}`);

  await server.start();
  const client = await server.client(1);
  await client.got(3);
  tws.emit("last");
  assert.deepEqual(events(await client.got(4)), ["number 1", "number 2", "number 3", "last"]);
});

test("the queue is bounded: the newest is refused, and the page told", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ queue_size: 2 });
  const dropped = record(tws, "dropped");

  assert.deepEqual([tws.emit("a"), tws.emit("b"), tws.emit("c", "text")], [true, true, false]);
  assert.deepEqual(dropped, [["dropped", { event: "c", data: { message: "text" }, reason: "queue_full" }]]);
  await assert.rejects(tws.request("d"), { code: "queue_full" });
  assert.deepEqual(events(await (await server.client()).got(2)), ["a", "b"]);
});

test("what was sent just before the connection was lost is reported, as it may be lost", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const dropped = record(tws, "dropped");
  const client = await server.client();
  tws.emit("heard");
  await client.got(1);
  client.send("thanks", {});
  await next(tws, "thanks");
  tws.emit("perhaps", { a: 1 });
  await client.got(2);
  client.socket.destroy();

  await next(tws, "reconnecting");
  assert.deepEqual(dropped, [["dropped", { event: "perhaps", data: { a: 1 }, reason: "disconnected" }]]);
});

/** Times in which the client asks for receipts, and does not give the server up. */
const PATIENT = { ping_interval: 60_000, ping_timeout: 60_000 };

const reasons = (dropped) => dropped.map(([, { event, reason }]) => [event, reason]);

test("what the server has is not reported, though it never said a word about it", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = pong;
  const tws = connect(PATIENT);
  const dropped = record(tws, "dropped");
  const client = await server.client();
  for (let count = 0; count < 50; count += 1) tws.emit("arrived");
  await client.probed();
  await pause(20); // until the pong is there
  server.answer = silence;
  tws.emit("perhaps");
  await client.got(51);
  client.socket.destroy();
  await next(tws, "reconnecting");
  assert.deepEqual(reasons(dropped), [["perhaps", "disconnected"]]);
  assert.equal(client.probes, 1);
});

test("other news of the server are no proof that it has what was sent", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect(PATIENT);
  const dropped = record(tws, "dropped");
  tws.emit("swallowed");
  const client = await server.client();
  await client.got(1);
  client.send("news", {});
  await next(tws, "news");
  client.socket.destroy();
  await next(tws, "reconnecting");
  assert.deepEqual(reasons(dropped), [["swallowed", "disconnected"]]);
});

test("a reply proves that the server has what was sent before", async (t) => {
  const { server, connect } = await setUp(t);
  server.handlers.ask = () => ({});
  const tws = connect({ ...PATIENT, queue_size: 0 });
  const dropped = record(tws, "dropped");
  const client = await server.client();
  await next(tws, "open");
  tws.emit("before");
  const asked = tws.request("ask");
  tws.emit("after 1");
  tws.emit("after 2");
  await asked;
  client.socket.destroy();
  await next(tws, "reconnecting");
  // All that was lost, however little may wait.
  assert.deepEqual(reasons(dropped), [
    ["after 1", "disconnected"],
    ["after 2", "disconnected"],
  ]);
});

test("nobody is asked for receipts that nobody wants", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect(PATIENT);
  const client = await server.client();
  tws.emit("x");
  await client.got(1);
  await pause(300); // longer than the client waits for more to confirm
  assert.equal(client.probes, 0);
});

test("a server of version 1.0.0 is asked once, and then believed when it says anything", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = warn;
  const tws = connect(PATIENT);
  const dropped = record(tws, "dropped");
  const client = await server.client();
  tws.emit("a");
  await client.probed();
  for (const event of ["b", "c"]) {
    tws.emit(event);
    await pause(300);
  }
  assert.equal(client.probes, 1);
  server.answer = silence;
  tws.emit("perhaps");
  await client.got(4);
  client.socket.destroy();
  await next(tws, "reconnecting");
  assert.deepEqual(reasons(dropped), [["perhaps", "disconnected"]]);
});

test("the queue is bounded in bytes, too", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ queue_bytes: 100 });
  const dropped = record(tws, "dropped");
  const frame = JSON.stringify({ event: "a", data: { message: "" } }).length;
  assert.equal(tws.emit("a", "é".repeat((100 - frame) / 2)), true); // two bytes each
  assert.equal(tws.emit("b"), false);
  assert.deepEqual(reasons(dropped), [["b", "queue_full"]]);
  await (await server.client()).got(1);
  await server.stop();
  await next(tws, "close");
  assert.equal(tws.emit("c"), true); // there is room again
});

test("by default eight megabytes may wait", async (t) => {
  const { connect } = await setUp(t);
  const tws = connect({ auto_connect: false });
  const megabyte = "x".repeat(1_000_000 - 40);
  const taken = Array.from({ length: 9 }, () => tws.emit("a", megabyte));
  assert.deepEqual(taken, [...Array(8).fill(true), false]);
});

test("with a queue_size of 0 nothing waits for a connection, but a probe is no obstacle", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect({ queue_size: 0, ping_interval: 20, ping_timeout: 60_000 });
  const dropped = record(tws, "dropped");
  assert.equal(tws.emit("too early"), false);
  const client = await server.client();
  await client.probed();
  assert.equal(tws.emit("x"), true);
  assert.deepEqual(events(await client.got(1)), ["x"]);
  assert.deepEqual(reasons(dropped), [["too early", "queue_full"]]);
});

test("what may not wait is dropped where there is no open connection", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const dropped = record(tws, "dropped");
  assert.equal(tws.emit("cancel", {}, { queue: false }), false); // connecting
  await next(tws, "open");
  assert.equal(tws.emit("open", {}, { queue: false }), true);
  await (await server.client()).got(1);
  await server.stop();
  await next(tws, "close");
  assert.equal(tws.emit("cancel", { job: 1 }, { queue: false }), false);
  await assert.rejects(tws.request("cancel", {}, { queue: false }), { code: "not_open" });
  assert.deepEqual(dropped.at(-1), ["dropped", { event: "cancel", data: { job: 1 }, reason: "not_open" }]);
  await server.start();
  await next(tws, "open");
  tws.emit("end");
  assert.deepEqual(events(await (await server.client(1)).got(1)), ["end"]);
});

test("what may not wait is held for the answer to a probe, but for no other connection", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect({ ping_interval: 20, ping_timeout: 200 });
  const dropped = record(tws, "dropped");
  const client = await server.client();
  await client.probed();
  assert.equal(tws.emit("answered", {}, { queue: false }), true);
  client.send("tws.pong", {});
  assert.deepEqual(events(await client.got(1)), ["answered"]);

  await client.probed(2);
  assert.equal(tws.emit("stale", {}, { queue: false }), true);
  const asked = tws.request("stale, too", {}, { queue: false });
  tws.emit("waits");
  await assert.rejects(asked, { code: "not_open" });
  server.answer = reply;
  const frames = await (await server.client(1)).got(1);
  assert.deepEqual(events(frames), ["waits"]);
  assert.deepEqual(reasons(dropped), [
    ["answered", "disconnected"],
    ["stale", "not_open"],
  ]);
});

test("what is too old when it could go is dropped", async (t) => {
  const { server, connect } = await setUp(t);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const tws = connect({ auto_connect: false });
  const dropped = record(tws, "dropped");
  tws.emit("old", {}, { maxAge: 1000 });
  tws.emit("young", {}, { maxAge: 100_000 });
  const asked = tws.request("old, too", {}, { maxAge: 1000 });
  t.mock.timers.setTime(Date.now() + 10_000); // a machine that slept, whose steady clock stood still
  tws.connect();
  await assert.rejects(asked, { code: "expired" });
  assert.deepEqual(events(await (await server.client()).got(1)), ["young"]);
  assert.deepEqual(reasons(dropped), [["old", "expired"]]);
  tws.emit("now", {}, { maxAge: 0 });
  assert.deepEqual(events(await server.connections[0].got(2)), ["young", "now"]);
});

for (const [title, options, end] of [
  ["the server closed for good with 1000", {}, (client) => client.close(1000)],
  ["the server closed for good with 4401", {}, (client) => client.close(4401)],
  ["a client that does not reconnect lost its line", { reconnect: false }, (client) => client.socket.destroy()],
  ["it closed itself", {}, (_client, tws) => tws.close()],
]) {
  test(`nothing is taken any more once ${title}`, async (t) => {
    const { server, connect } = await setUp(t);
    const tws = connect(options);
    const dropped = record(tws, "dropped");
    const client = await server.client();
    await next(tws, "open");
    const closed = next(tws, "close");
    end(client, tws);
    await closed;
    assert.equal(tws.emit("a"), false);
    await assert.rejects(tws.request("b"), { code: "closed" });
    assert.deepEqual(reasons(dropped), [["a", "closed"]]);

    tws.connect();
    tws.emit("c");
    assert.deepEqual(events(await (await server.client(1)).got(1)), ["c"]);
  });
}

test("what waited when the end came is dropped, and what a listener of close sends is not", async (t) => {
  const { server, connect } = await setUp(t);
  await server.stop();
  const tws = connect({ reconnect: false });
  const heard = record(tws, "close", "dropped");
  tws.emit("waited");
  const asked = tws.request("waited, too");
  tws.once("close", () => {
    tws.connect();
    tws.emit("again");
  });
  await server.start();
  await assert.rejects(asked, { code: "closed" });
  assert.deepEqual(events(await (await server.client()).got(1)), ["again"]);
  assert.deepEqual(
    heard.map(([name, { event }]) => event ?? name),
    ["close", "waited"],
  );
});

test("closing drops what waits, and says so", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = record(tws, "dropped", "close");
  tws.emit("a");
  const asked = tws.request("b");
  tws.close();

  assert.deepEqual(heard, [
    ["dropped", { event: "a", data: {}, reason: "closed" }],
    ["close", { type: "close", code: 1000, reason: "", wasClean: true }],
  ]);
  await assert.rejects(asked, { code: "closed" });
  tws.connect();
  tws.emit("c");
  const { frames } = server.connections.at(-1) ?? (await server.client());
  await next(tws, "open");
  await server.connections.at(-1).got(1);
  assert.deepEqual(
    events([...frames, ...server.connections.at(-1).frames]).filter((event) => event !== "c"),
    [],
  );
});

test("closing with a code that is none changes nothing", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  await next(tws, "open");
  assert.throws(() => tws.close(1006), { name: "InvalidAccessError" });
  tws.emit("x");
  assert.deepEqual(events(await (await server.client()).got(1)), ["x"]);
});

test("what is emitted while the connection is being closed waits for the next", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  await next(tws, "open");
  tws.websocket.close(4008);
  tws.emit("x");
  assert.deepEqual(events(await (await server.client(1)).got(1)), ["x"]);
});

test("what is emitted before close still goes out", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  await next(tws, "open");
  tws.emit("goodbye");
  tws.close();
  assert.deepEqual(events(await (await server.client()).got(1)), ["goodbye"]);
});
