// Who the client is, told by subprotocols at each handshake.

import assert from "node:assert/strict";
import { test } from "node:test";

import { next, record, setUp } from "./setup.mjs";

const offered = async (server, index = 0) => (await server.client(index)).offered;

test("a token is offered behind its marker, and what else is offered before", async (t) => {
  const { server, connect } = await setUp(t);
  connect({ token: "abc.DEF-1_2" });
  assert.deepEqual(await offered(server), ["bearer", "abc.DEF-1_2"]);
  connect({ token: "abc", protocols: ["v2.chat", "v1.chat"] });
  assert.deepEqual(await offered(server, 1), ["v2.chat", "v1.chat", "bearer", "abc"]);
  connect({ protocols: "v2.chat", token: null });
  assert.deepEqual(await offered(server, 2), ["v2.chat"]);
  connect({ token: async () => null });
  assert.equal(await offered(server, 3), undefined);
});

test("a token that cannot be offered as it is is written in base64url", async (t) => {
  const { server, connect } = await setUp(t);
  for (const [index, token] of ["a=/b:?>", "päss wörd"].entries()) {
    connect({ token });
    const [marker, text] = await offered(server, index);
    assert.equal(marker, "bearer.b64");
    assert.match(text, /^[\w-]+$/);
    assert.equal(Buffer.from(text, "base64url").toString(), token);
  }
});

test("a function is asked for the token at each attempt, and after 4401", async (t) => {
  const { server, connect } = await setUp(t);
  let count = 0;
  const tws = connect({ token: async () => `token${(count += 1)}` });
  await next(tws, "open");
  server.connections[0].socket.destroy();
  await next(tws, "reconnected");
  server.connections[1].close(4401);
  await next(tws, "reconnected");
  assert.deepEqual(
    server.connections.map((connection) => connection.offered[1]),
    ["token1", "token2", "token3"],
  );
  server.connections[2].close(4403);
  await next(tws, "close");
  assert.equal(tws.state, "closed");
});

test("a token that is text does not change, so 4401 is the end of it", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ token: "abc" });
  await next(tws, "open");
  server.connections[0].close(4401);
  await next(tws, "close");
  assert.equal(tws.state, "closed");
});

test("no token is an attempt that failed, and the page hears why", async (t) => {
  const { server, connect } = await setUp(t);
  const seen = [];
  globalThis.reportError = (error) => seen.push(error.message);
  t.after(() => delete globalThis.reportError);
  let count = 0;
  const tws = connect({
    token: () => {
      count += 1;
      if (count === 1) throw new Error("at once");
      return count === 2 ? Promise.reject(new Error("later")) : "abc";
    },
  });
  const heard = record(tws, "close");
  await next(tws, "reconnected");
  assert.deepEqual(seen, ["at once", "later"]);
  assert.deepEqual(
    heard.map(([, { code, reason }]) => [code, reason]),
    [[1006, "There is no token."]],
  );
  assert.equal(server.connections.length, 1);
});

test("a token that comes after the client was closed opens nothing", async (t) => {
  const { server, connect } = await setUp(t);
  let give;
  const tws = connect({ token: () => new Promise((resolve) => (give = resolve)) });
  tws.connect(); // it is at it
  tws.close();
  give("late");
  await null;
  assert.equal(tws.websocket, null);
  tws.options.token = "new";
  tws.connect();
  await next(tws, "open");
  assert.deepEqual(server.connections.map((connection) => connection.offered[1]), ["new"]);
});

test("a token that never comes is given up as a server is", async (t) => {
  const { connect } = await setUp(t);
  const tws = connect({ connect_timeout: 20, token: () => new Promise(() => {}) });
  assert.equal((await next(tws, "close")).reason, "The server did not answer.");
});
