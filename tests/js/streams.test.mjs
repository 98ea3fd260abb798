// Answers in parts, taken one by one.

import assert from "node:assert/strict";
import { test } from "node:test";

import { reply } from "./server.mjs";
import { TornadoWebSocket, next, record, setUp } from "./setup.mjs";

/** A server that answers "count" by as many parts as it is asked for, and waits for the test with all else. */
async function setUpStreams(t) {
  const { server, connect } = await setUp(t);
  server.answer = (client, frame) => {
    if (frame.event !== "count") return frame.event.startsWith("tws.") && reply(client, frame);
    for (let part = 0; part < frame.data.to; part += 1) client.send("reply", undefined, { id: frame.id, part });
    client.send("reply", {}, { id: frame.id });
  };
  return { server, connect };
}

async function take(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

const part = (client, value, id = 1) => client.send("reply", undefined, { id, part: value });

test("a loop gets the parts in order, whatever they are, and ends with them", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const tws = connect();
  const heard = record(tws, "*", "reply");
  assert.deepEqual(await Promise.all([take(tws.stream("count", { to: 3 })), take(tws.stream("count", { to: 0 }))]), [
    [0, 1, 2],
    [],
  ]);
  const client = await server.client();
  assert.deepEqual(client.frames, [
    { event: "count", data: { to: 3 }, id: 1 },
    { event: "count", data: { to: 0 }, id: 2 },
  ]);
  const parts = take(tws.stream("other"));
  await client.got(3);
  for (const value of [null, false, "", [1], { a: 1 }]) part(client, value, 3);
  client.send("reply", {}, { id: 3 });
  assert.deepEqual(await parts, [null, false, "", [1], { a: 1 }]);
  assert.deepEqual(heard, []);
});

test("each part is there when it comes", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const stream = connect().stream("tell");
  const client = await server.client();
  await client.got(1);
  for (const value of ["a", "b"]) {
    const taken = stream.next();
    part(client, value);
    assert.deepEqual(await taken, { done: false, value });
  }
  const both = Promise.all([stream.next(), stream.next()]);
  client.send("reply", {}, { id: 1 });
  assert.deepEqual(await both, [
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
});

test("leaving the loop cancels, once, and what still comes is nobody's", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const tws = connect();
  const heard = record(tws, "*");
  const left = (async () => {
    for await (const value of tws.stream("tell")) if (value === 1) break;
  })();
  const client = await server.client();
  await client.got(1);
  for (const value of [0, 1, 2]) part(client, value);
  await left;
  assert.deepEqual(await client.got(2), [
    { event: "tell", data: {}, id: 1 },
    { event: "tws.cancel", id: 1 },
  ]);
  part(client, 3);
  client.send("reply", undefined, { id: 1, error: { code: "cancelled", message: "Cancelled." } });
  tws.emit("end");
  await client.got(3);
  client.send("end", {});
  await next(tws, "end");
  assert.deepEqual(heard, [["*", "end", {}]]);
});

test("a loop that throws cancels, too", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const stream = connect().stream("tell");
  const loop = (async () => {
    for await (const value of stream) throw new Error(value);
  })();
  const client = await server.client();
  await client.got(1);
  part(client, "of the page");
  await assert.rejects(loop, { message: "of the page" });
  assert.deepEqual((await client.got(2))[1], { event: "tws.cancel", id: 1 });
});

test("whoever holds the stream may leave it while a loop waits", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const stream = connect().stream("tell");
  const parts = take(stream);
  const client = await server.client();
  await client.got(1);
  assert.deepEqual(await stream.return("x"), { done: true, value: "x" });
  assert.deepEqual(await parts, []);
  await client.got(2);
  await stream.return();
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
  assert.equal(client.frames.length, 2);
});

test("a stream that is over is not cancelled", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const tws = connect();
  const stream = tws.stream("count", { to: 2 });
  await stream.next();
  await tws.request("count", { to: 0 }); // the end of the stream is here
  await stream.return();
  tws.emit("end");
  assert.deepEqual(
    (await (await server.client()).got(3)).map(({ event }) => event),
    ["count", "count", "end"],
  );
});

test("a refusal is thrown behind the parts that came before it, once", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const stream = connect().stream("tell");
  const client = await server.client();
  await client.got(1);
  part(client, "a");
  client.send("reply", undefined, { id: 1, error: { code: "rate_limited", message: "Too many.", limit: 8 } });
  const parts = [];
  const loop = (async () => {
    for await (const value of stream) parts.push(value);
  })();
  await assert.rejects(loop, { name: "RequestError", code: "rate_limited", message: "Too many.", details: { limit: 8 } });
  assert.deepEqual([parts, await stream.next()], [["a"], { done: true, value: undefined }]);
});

test("a line that is lost is thrown as disconnected", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const parts = take(connect().stream("tell"));
  const client = await server.client();
  await client.got(1);
  client.socket.destroy();
  await assert.rejects(parts, { code: "disconnected" });
});

test("without a connection it waits as all else does, and one that was left meanwhile is not sent", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const tws = connect({ auto_connect: false });
  const parts = take(tws.stream("count", { to: 1 }));
  await tws.stream("left").return();
  await assert.rejects(take(tws.stream("now", {}, { queue: false })), { code: "not_open" });
  tws.connect();
  assert.deepEqual(await parts, [0]);
  assert.equal((await server.client()).frames.length, 1);
  tws.close();
  await assert.rejects(take(tws.stream("late")), { code: "closed" });
});

test("1,000 parts are held for a loop that takes its time; more is lagging, and cancelled", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const tws = connect();
  assert.deepEqual((await lag(tws, "count", { to: 1000 })).length, 1000);
  const client = await server.client();
  client.frames.length = 0;
  await assert.rejects(lag(tws, "count", { to: 1001 }), { code: "lagging" });
  assert.deepEqual((await client.got(3))[2], { event: "tws.cancel", id: 3 });
});

/** The parts of a stream that is not looked at before all of it is here. */
async function lag(tws, event, data) {
  const stream = tws.stream(event, data);
  await tws.request("count", { to: 0 });
  return take(stream);
}

for (const letter of ["x", "é"]) {
  test(`a MiB of ${letter} is held; more is lagging`, async (t) => {
    const { server, connect } = await setUpStreams(t);
    const tws = connect();
    const stream = tws.stream("tell");
    const client = await server.client();
    await client.got(1);
    const text = letter.repeat(60_000 / Buffer.byteLength(letter));
    for (let count = 0; count < 18; count += 1) part(client, text);
    const parts = [];
    await client.got(2);
    await assert.rejects(
      (async () => {
        for await (const value of stream) parts.push(value);
      })(),
      { code: "lagging", event: "tell" },
    );
    assert.deepEqual(parts, Array(17).fill(text));
  });
}

test("a request whose handler answers in parts gets its end", async (t) => {
  const { connect } = await setUpStreams(t);
  assert.deepEqual(await connect().request("count", { to: 3 }), {});
});

test("a module has streams under its own name", async (t) => {
  const { server, connect } = await setUpStreams(t);
  const tws = connect();
  const module = new TornadoWebSocket.Module("m");
  tws.bind(module);
  const parts = take(module.stream("count", { to: 1 }));
  const client = await server.client();
  assert.deepEqual(await client.got(1), [{ event: "module_m_count", data: { to: 1 }, id: 1 }]);
  part(client, "a");
  client.send("reply", {}, { id: 1 });
  assert.deepEqual(await parts, ["a"]);
});
