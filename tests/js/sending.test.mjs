// What is emitted arrives once and in order, or the page is told.

import assert from "node:assert/strict";
import { test } from "node:test";

import { next, record, setUp } from "./setup.mjs";

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
  tws.websocket.close();
  tws.emit("x");
  await next(tws, "close");
  tws.connect();
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
