// Two thousand clients lose their server together, and do not come back together.

import assert from "node:assert/strict";
import { test } from "node:test";

import { next, setUp, TornadoWebSocket } from "./setup.mjs";

const CLIENTS = 2000;
const OUTAGE = 10_000;
const SLICE = 100;
const STEP = 10;

/** A network that takes no time: its sockets open when the server is there, and fail when it is not. */
class Network {
  sockets = [];
  attempts = [];
  isThere = true;
  time = 0;

  constructor() {
    const network = this;
    this.WebSocket = class {
      readyState = 0;
      bufferedAmount = 0;

      constructor() {
        network.attempts.push(network.time);
        network.sockets.push(this);
      }

      send() {}

      close() {}
    };
  }

  /** Let everybody know who has asked, or was connected when the server closes. */
  settle(closing = []) {
    for (const socket of closing) this.#end(socket);
    for (const socket of this.sockets.filter(({ readyState }) => readyState === 0)) {
      socket.readyState = 1;
      if (this.isThere) socket.onopen({ type: "open" });
      else this.#end(socket);
    }
    this.sockets = this.sockets.filter(({ readyState }) => readyState === 1);
  }

  #end(socket) {
    socket.readyState = 3;
    socket.onclose(this.closing ?? { type: "close", code: 1006, reason: "", wasClean: false });
  }
}

/** Let `CLIENTS` lose their server for a while. @returns what they did, in milliseconds since then */
function suffer(t, closing) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const network = new Network();
  const clients = Array.from(
    { length: CLIENTS },
    () => new TornadoWebSocket("/chat", { host: "localhost", WebSocket: network.WebSocket, ping_interval: 0 }),
  );
  network.settle();
  assert.ok(clients.every(({ state }) => state === "open"));
  network.attempts = [];
  const back = [];
  const first = [];
  for (const tws of clients) tws.once("reconnecting", ({ delay }) => first.push(delay));
  for (const tws of clients) tws.once("open", () => back.push(network.time));
  network.isThere = false;
  network.closing = closing;
  network.settle([...network.sockets]);
  network.closing = undefined;
  while (back.length < CLIENTS && network.time < 120_000) {
    network.time += STEP;
    network.isThere = network.time >= OUTAGE;
    t.mock.timers.tick(STEP);
    network.settle();
  }
  for (const tws of clients) tws.close();
  assert.equal(back.length, CLIENTS);
  return { first, attempts: network.attempts, back: Math.max(...back) };
}

/** The part of `moments` in the fullest slice of time, wherever that begins. */
function peak(moments) {
  const sorted = [...moments].sort((a, b) => a - b);
  let [most, first] = [0, 0];
  for (const [index, moment] of sorted.entries()) {
    while (moment - sorted[first] >= SLICE) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most / moments.length;
}

for (const [title, retry, closing] of [
  ["that was killed", 1000, undefined],
  ["that asked for five seconds", 5000, { type: "close", code: 1012, reason: "retry=5000", wasClean: true }],
]) {
  test(`a server ${title} is not run over by its clients`, (t) => {
    const { first, attempts, back } = suffer(t, closing);
    assert.ok(Math.max(...first) <= retry, `the last first attempt after ${Math.max(...first)} ms`);
    // Were they spread evenly it would be SLICE / retry; the rest is chance, which adds more once in 10,000 runs.
    assert.ok(peak(first) <= SLICE / retry + 0.03, `${peak(first)} of the first attempts within ${SLICE} ms`);
    assert.ok(peak(attempts) <= 0.055, `${peak(attempts)} of the attempts within ${SLICE} ms`);
    assert.ok(attempts.length <= 6 * CLIENTS, `${attempts.length} attempts`);
    assert.ok(back <= OUTAGE + 15_000, `all back after ${back} ms`);
  });
}

test("a hundred real clients are spread over what their server asked for, and all come back", async (t) => {
  const { server, connect } = await setUp(t);
  const clients = Array.from({ length: 100 }, () => connect());
  await Promise.all(clients.map((tws) => next(tws, "open")));
  const begunAt = performance.now();
  const back = clients.map(async (tws) => {
    const { delay } = await next(tws, "reconnecting");
    await next(tws, "reconnected");
    return [delay, performance.now() - begunAt];
  });
  for (const connection of [...server.connections]) connection.close(1012, "retry=2000");
  const moments = await Promise.all(back);
  assert.equal(server.connections.length, 200);
  // Timers may come a millisecond early.
  assert.ok(moments.every(([delay, took]) => delay <= 2000 && took >= delay - 2), `${moments}`);
  // 25 are to be expected in each quarter; fewer than 8 come once in some 50,000 runs.
  for (const quarter of [0, 1, 2, 3]) {
    const count = moments.filter(([delay]) => Math.min(3, Math.floor(delay / 500)) === quarter).length;
    assert.ok(count >= 8, `${count} in quarter ${quarter}`);
  }
});
