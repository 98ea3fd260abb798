// The network comes, goes, or is another one.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, beforeEach, test } from "node:test";

import { silence } from "./server.mjs";
import { next, pause, putOnPage, record, setUp } from "./setup.mjs";

let page;
beforeEach(() => (page = putOnPage()));
afterEach(() => page.remove());

const NAMES = ["online", "offline", "change"];

for (const name of NAMES) {
  test(`the connection is probed at once on ${name}, and has four seconds`, async (t) => {
    const { server, connect } = await setUp(t);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const tws = connect({ ping_interval: 60_000 });
    const client = await server.client();
    await next(tws, "open");
    page.changes[name]();
    await client.probed();
    await tws.request("x").catch(() => {});
    assert.equal(tws.state, "open");

    server.answer = silence;
    page.changes[name]();
    await client.probed(2);
    for (const milliseconds of [2000, 1999]) t.mock.timers.tick(milliseconds);
    assert.equal(tws.state, "open");
    t.mock.timers.tick(1);
    assert.equal(tws.state, "reconnecting");
  });
}

test("a network that comes and goes does not put the end off", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect({ ping_interval: 60_000, ping_timeout: 200 });
  await next(tws, "open");
  const flapping = setInterval(() => Object.values(page.changes).forEach((change) => change()), 20);
  t.after(() => clearInterval(flapping));
  await next(tws, "close");
});

test("a silence that is being probed has to end sooner once the network is gone", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const tws = connect({ ping_interval: 25_000 });
  const client = await server.client();
  await next(tws, "open");
  t.mock.timers.tick(25_000);
  await client.probed();
  page.changes.offline();
  await client.probed(2);
  for (const milliseconds of [2000, 2000]) t.mock.timers.tick(milliseconds);
  assert.equal(tws.state, "reconnecting");
});

for (const name of ["online", "change"]) {
  test(`an attempt that hangs is begun anew on ${name}`, async (t) => {
    const { server, connect } = await setUp(t);
    const deaf = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
    await once(deaf, "listening");
    t.after(() => deaf.close());
    const tws = connect({ port: deaf.address().port, connect_timeout: 60_000 });
    const heard = record(tws, "close", "error", "reconnecting");
    await once(deaf, "connection");
    await pause(110); // as long as the client takes what it hears for one change
    tws.options.port = server.port; // the way is another one now
    page.changes[name]();
    await next(tws, "open");
    assert.deepEqual(heard, []);
  });
}

test("pauses begin anew on another network", async (t) => {
  const { server, connect } = await setUp(t);
  await server.stop();
  const tws = connect({ reconnect_delay: 10, reconnect_delay_max: 60_000 });
  for (let attempt = 0; attempt < 6; ) ({ attempt } = await next(tws, "reconnecting"));
  page.changes.online();
  const { attempt, delay } = await next(tws, "reconnecting");
  assert.equal(attempt, 7);
  assert.ok(delay <= 10, `${delay}`);
});

for (const wake of [
  () => dispatchEvent(new Event("online")),
  () => page.show("visible"),
  () => dispatchEvent(new Event("pageshow")),
]) {
  test(`waiting to reconnect ends with ${wake.toString().match(/"\w+"/)[0]}`, async (t) => {
    const { server, connect } = await setUp(t);
    const tws = connect({ reconnect_delay: 60000, reconnect_delay_max: 60000 });
    const reconnecting = next(tws, "reconnecting");
    (await server.client()).close(1011);
    await reconnecting;
    dispatchEvent(new Event("offline"));
    page.show("hidden");
    assert.equal(tws.websocket, null);
    wake();
    await next(tws, "reconnected");
  });
}
