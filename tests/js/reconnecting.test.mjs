// The connection is lost, and comes back.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";

import { names, next, pause, putOnPage, record, setUp } from "./setup.mjs";

const EVENTS = ["open", "close", "error", "reconnecting", "reconnected"];

test("a server that restarts gets its clients back", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = record(tws, ...EVENTS);
  await next(tws, "open");

  await server.stop();
  const { code, wasClean } = await next(tws, "close");
  assert.deepEqual([code, wasClean, tws.state], [1006, false, "reconnecting"]);
  await next(tws, "reconnecting");
  await next(tws, "reconnecting");
  await server.start();
  const { attempts } = await next(tws, "reconnected");
  assert.equal(tws.state, "open");

  const tried = heard.filter(([name]) => name === "reconnecting").map(([, { attempt }]) => attempt);
  assert.deepEqual(
    tried,
    Array.from({ length: attempts }, (_, index) => index + 1),
  );
  // What failed in between is not told as if it were news.
  assert.deepEqual(
    names(heard).filter((name) => !["reconnecting", "error"].includes(name)),
    ["open", "close", "open", "reconnected"],
  );
});

test("the first attempt may fail, too", async (t) => {
  const { server, connect } = await setUp(t);
  await server.stop();
  const tws = connect();
  const heard = record(tws, ...EVENTS);
  await next(tws, "reconnecting");
  await next(tws, "reconnecting");
  await server.start();
  await next(tws, "reconnected");
  assert.deepEqual(
    names(heard).filter((name) => name !== "reconnecting"),
    ["error", "close", "open", "reconnected"],
  );
});

test("pauses double up to the longest; the first is spread over all of it, the others over half", async (t) => {
  const { server, connect } = await setUp(t);
  await server.stop();
  const tws = connect({ reconnect_delay: 8, reconnect_delay_max: 40 });
  const delays = [];
  for (let count = 0; count < 5; count += 1) delays.push((await next(tws, "reconnecting")).delay);
  for (const [index, longest] of [8, 16, 32, 40, 40].entries()) {
    const shortest = index ? longest / 2 : 0;
    assert.ok(delays[index] >= shortest && delays[index] <= longest, `${delays}`);
  }
});

test("attempts that never open are told from the third on, and then made less often", async (t) => {
  const { server, connect } = await setUp(t);
  server.isRefusing = true;
  const tws = connect({ reconnect_delay: 2, reconnect_delay_max: 10 });
  const heard = record(tws, "refused", "reconnecting");
  while (server.refused < 9) await next(tws, "reconnecting");
  const told = heard.filter(([name]) => name === "refused").map(([, { attempts }]) => attempts);
  assert.deepEqual(told, [3, 4, 5, 6, 7, 8, 9]);
  const delays = heard.filter(([name]) => name === "reconnecting").map(([, { delay }]) => delay);
  assert.ok(Math.max(...delays.slice(0, 5)) <= 10, `${delays}`);
  assert.ok(Math.min(...delays.slice(6)) >= 20 && Math.max(...delays) <= 40, `${delays}`);

  server.isRefusing = false;
  await next(tws, "reconnected");
  server.isRefusing = true;
  heard.length = 0;
  server.connections[0].socket.destroy();
  while (server.refused < 11) await next(tws, "reconnecting");
  assert.ok(!names(heard).includes("refused")); // counted anew
});

for (const max_refusals of [1, 4]) {
  test(`max_refusals ends it after ${max_refusals}`, async (t) => {
    const { server, connect } = await setUp(t);
    server.isRefusing = true;
    const tws = connect({ max_refusals, reconnect_delay: 2, reconnect_delay_max: 4 });
    const states = record(tws, "refused");
    const dropped = next(tws, "dropped");
    const asked = tws.request("b");
    tws.emit("a");
    await assert.rejects(asked, { code: "closed" });
    assert.deepEqual(await dropped, { event: "a", data: {}, reason: "closed" });
    assert.equal(tws.state, "closed");
    await pause(60);
    assert.equal(server.refused, max_refusals);
    assert.deepEqual(states.at(-1), ["refused", { attempts: max_refusals }]);

    server.isRefusing = false;
    tws.connect();
    await next(tws, "open");
  });
}

test("without a network nobody refuses", async (t) => {
  const page = putOnPage();
  t.after(() => page.remove());
  const { server, connect } = await setUp(t);
  await server.stop();
  page.navigator.onLine = false;
  const tws = connect({ max_refusals: 5, reconnect_delay: 2, reconnect_delay_max: 4 });
  const refused = record(tws, "refused");
  const seeAttempts = async (count) => {
    for (let seen = 0; seen < count; seen += 1) await next(tws, "reconnecting");
  };
  await seeAttempts(6);
  assert.deepEqual(refused, []);
  page.navigator.onLine = true;
  await seeAttempts(4);
  page.navigator.onLine = false;
  await seeAttempts(4);
  page.navigator.onLine = true;
  while (tws.state !== "closed") await next(tws, "refused");
  assert.deepEqual(refused.map(([, { attempts }]) => attempts), [3, 4, 5]);
});

test("pauses grow against a server that lets in and closes at once", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  for (const expected of [1, 2, 3]) {
    const reconnecting = next(tws, "reconnecting");
    (await server.client(expected - 1)).close(1011);
    assert.equal((await reconnecting).attempt, expected);
  }
});

test("pauses begin anew after a connection that lasted", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ reconnect_delay_max: 30 });
  for (const index of [0, 1]) {
    const client = await server.client(index);
    await pause(60);
    const reconnecting = next(tws, "reconnecting");
    client.socket.destroy();
    assert.equal((await reconnecting).attempt, 1);
  }
});

for (const code of [1000, 4001, 0]) {
  test(`a server that closes with ${code || "no code"} means it`, async (t) => {
    const { server, connect } = await setUp(t);
    const tws = connect();
    const heard = record(tws, ...EVENTS, "dropped");
    const closed = next(tws, "close");
    (await server.client()).close(code);
    assert.equal((await closed).code, code || 1005);
    assert.equal(tws.state, "closed");
    await pause(60);
    assert.deepEqual(names(heard), ["open", "close"]);
    tws.connect();
    await next(tws, "open");
  });
}

for (const [code, reason, longest] of [
  [1012, "retry=2000", 2000],
  [1001, "Restarting, retry=2000", 2000],
  [1012, "", 4],
  [1012, "retry=soon", 4],
  [1011, "retry=2000", 4],
]) {
  test(`a server that closes with ${code} and "${reason}" meets its clients within ${longest} ms`, async (t) => {
    const { server, connect } = await setUp(t);
    const delays = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const tws = connect({ reconnect_delay: 4, reconnect_delay_max: 4 });
        await next(tws, "open");
        const reconnecting = next(tws, "reconnecting");
        (await server.client(index)).close(code, reason);
        const { delay } = await reconnecting;
        tws.close();
        return delay;
      }),
    );
    assert.ok(Math.max(...delays) <= longest && Math.max(...delays) >= longest / 4, `${delays}`);
    assert.ok(Math.min(...delays) <= longest / 4, `${delays}`);
  });
}

for (const code of [1001, 1011, 1012, 4008]) {
  test(`a server that closes with ${code} is asked again`, async (t) => {
    const { server, connect } = await setUp(t);
    const tws = connect();
    const reconnected = next(tws, "reconnected");
    (await server.client()).close(code);
    await reconnected;
  });
}

test("reconnection can be switched off", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ reconnect: false });
  const heard = record(tws, ...EVENTS);
  const client = await server.client();
  await next(tws, "open");
  client.socket.destroy();
  await next(tws, "close");
  assert.equal(tws.state, "closed");
  await pause(60);
  assert.equal(server.connections.length, 1);
  assert.deepEqual(
    names(heard).filter((name) => name !== "error"),
    ["open", "close"],
  );
});

test("close ends all attempts", async (t) => {
  const { server, connect } = await setUp(t);
  await server.stop();
  const tws = connect();
  const heard = record(tws, ...EVENTS);
  await next(tws, "reconnecting");
  tws.close();
  assert.equal(tws.state, "closed");
  await server.start();
  await pause(100);
  assert.equal(server.connections.length, 0);
  assert.deepEqual(names(heard), ["error", "close", "reconnecting"]);
});

test("a listener of close may close for good", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = record(tws, ...EVENTS);
  tws.on("close", () => tws.close());
  (await server.client()).close(1011);
  await next(tws, "close");
  await pause(60);
  assert.deepEqual([tws.state, ...names(heard)], ["closed", "open", "close"]);
});

test("a listener of open may close at once", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  tws.emit("too late");
  const dropped = next(tws, "dropped");
  tws.on("open", () => tws.close());
  assert.equal((await dropped).reason, "closed");
  assert.deepEqual((await server.client()).frames, []);
});

test("connect does not wait for the next attempt", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ reconnect_delay: 60000, reconnect_delay_max: 60000 });
  const reconnecting = next(tws, "reconnecting");
  (await server.client()).close(1011);
  await reconnecting;
  tws.connect();
  await next(tws, "reconnected");
});

test("a server that accepts no handshake is given up, and asked again", async (t) => {
  const { connect } = await setUp(t);
  const deaf = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
  await once(deaf, "listening");
  t.after(() => deaf.close());
  const tws = connect({ port: deaf.address().port, connect_timeout: 30 });
  const heard = record(tws, "close");
  await next(tws, "reconnecting");
  await next(tws, "reconnecting");
  assert.deepEqual(heard, [
    ["close", { type: "close", code: 1006, reason: "The server did not answer.", wasClean: false }],
  ]);
  tws.close();
});
