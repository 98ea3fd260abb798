// Requests: an answer, or an error with a code.

import assert from "node:assert/strict";
import { test } from "node:test";

import { silence } from "./server.mjs";
import { next, record, setUp, TornadoWebSocket } from "./setup.mjs";

test("a request gets what the handler returns", async (t) => {
  const { server, connect } = await setUp(t);
  server.handlers.double = ({ n }) => ({ n: n * 2 });
  server.handlers.nothing = () => {};
  const tws = connect();
  const heard = record(tws, "*", "reply");

  assert.deepEqual(await Promise.all([tws.request("double", { n: 2 }), tws.request("double", { n: 4 })]), [
    { n: 4 },
    { n: 8 },
  ]);
  assert.deepEqual(await tws.request("nothing"), {});
  assert.deepEqual(heard, []);
});

test("a refusal rejects with its code and message", async (t) => {
  const { connect } = await setUp(t);
  const error = await connect()
    .request("unheard of")
    .catch((error) => error);
  assert.ok(error instanceof TornadoWebSocket.RequestError);
  assert.deepEqual([error.code, error.event, error.message], ["unknown_event", "unheard of", "unheard of"]);
});

test("whatever else the server says of a refusal is in its details", async (t) => {
  const { server, connect } = await setUp(t);
  const fields = [{ path: "name", message: "Too long." }];
  server.answer = (client, { id }) =>
    client.send("reply", undefined, { id, error: { code: "invalid_data", message: "No.", fields, limit: 3 } });
  const error = await connect()
    .request("save")
    .catch((error) => error);
  assert.deepEqual([error.code, error.message, error.details], ["invalid_data", "No.", { fields, limit: 3 }]);
});

test("an error of the client's own has no details", async (t) => {
  const { connect } = await setUp(t);
  const tws = connect({ auto_connect: false, queue_size: 0 });
  await assert.rejects(tws.request("x"), { code: "queue_full", details: {} });
});

test("no answer in time rejects, and an answer that comes later is nobody's", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect();
  await assert.rejects(tws.request("x", {}, { timeout: 20 }), {
    code: "timeout",
    message: "The request x failed: timeout.",
  });

  const heard = record(tws, "*");
  const client = await server.client();
  client.send("reply", {}, { id: 1 });
  client.send("end", {});
  await next(tws, "end");
  assert.deepEqual(heard, [["*", "end", {}]]);
});

test("the default of the timeout is an option", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  await assert.rejects(connect({ request_timeout: 20 }).request("x"), { code: "timeout" });
});

test("losing the connection rejects what was sent", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect();
  const asked = tws.request("x", {}, { timeout: 0 });
  const client = await server.client();
  await client.got(1);
  client.socket.destroy();
  await assert.rejects(asked, { code: "disconnected" });
});

test("losing the connection rejects what was sent, though others were heard meanwhile", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect();
  const asked = tws.request("x", {}, { timeout: 0 });
  const client = await server.client();
  await client.got(1);
  client.send("news", {});
  await next(tws, "news");
  client.socket.destroy();
  await assert.rejects(asked, { code: "disconnected" });
});

test("what was asked while offline is sent on open, and answered", async (t) => {
  const { server, connect } = await setUp(t);
  server.handlers.x = () => ({ a: 1 });
  const tws = connect();
  await next(tws, "open");
  await server.stop();
  await next(tws, "close");
  const asked = tws.request("x");
  await next(tws, "reconnecting");
  await next(tws, "reconnecting");
  await server.start();
  assert.deepEqual(await asked, { a: 1 });
});

test("what timed out while offline is not sent any more", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ auto_connect: false });
  await assert.rejects(tws.request("too late", {}, { timeout: 10 }), { code: "timeout" });
  tws.emit("x");
  tws.connect();
  assert.deepEqual(await (await server.client()).got(1), [{ event: "x", data: {} }]);
});

test("an event that is called reply, and has no id, is an event", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = next(tws, "reply");
  (await server.client()).send("reply", { a: 1 });
  assert.deepEqual(await heard, { a: 1 });
});
