// Whatever happens to lines, layer and welcomes: each event is shown once, or the page is told to read its data again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { TornadoWebSocket } from "./setup.mjs";

const RUNS = 300;
const STEPS = 120;
const SENDERS = ["A", "B.C"];
const KEPT = 15; // events in the history

/** Numbers from 0 to 1 that are the same for a seed. */
function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A server with a history, which learns of events only some time after they are in the store, answers hellos some time
 * after they came, and sends over lines that may break before what they carry has arrived.
 */
class World {
  lasts = Object.fromEntries(SENDERS.map((sender) => [sender, 0]));
  store = [];
  layer = Object.fromEntries(SENDERS.map((sender) => [sender, []]));
  line = null;
  lines = 0;

  constructor() {
    const world = this;
    this.WebSocket = class {
      readyState = 0;
      bufferedAmount = 0;
      told = new Set(); // live
      hello = null;
      way = [];

      constructor() {
        world.line = this;
        world.lines += 1;
      }

      send(text) {
        const { event, data } = JSON.parse(text);
        if (event === "tws.hello") this.hello = { ...data, told: new Set(this.told) };
      }

      close() {}
    };
  }

  get position() {
    return { epoch: 0, ...this.lasts };
  }

  open() {
    if (this.line.readyState === 0) {
      this.line.readyState = 1;
      this.line.onopen({ type: "open" });
    }
  }

  publish(sender) {
    const at = `${sender}.${(this.lasts[sender] += 1)}`;
    const frame = { event: "said", data: { at }, at };
    this.store.push(frame);
    this.layer[sender].push(frame);
  }

  /** Hear the next of a sender from the layer. */
  hear(sender) {
    const frame = this.layer[sender].shift();
    if (!frame || this.line.readyState !== 1) return;
    this.line.told.add(frame.at);
    this.line.way.push(frame);
  }

  answer() {
    const { hello, way } = this.line;
    this.line.hello = null;
    if (!hello) return;
    const isMissed = ({ at }) => {
      const dot = at.lastIndexOf(".");
      return Number(at.slice(dot + 1)) > (hello.since[at.slice(0, dot)] ?? 0) && !hello.told.has(at);
    };
    const missed = hello.since ? this.store.filter(isMissed) : [];
    const recovered = hello.since !== null && missed.every((frame) => this.store.slice(-KEPT).includes(frame));
    const data = { id: `c${this.lines}`, at: this.position, recovered, events: recovered ? missed : [] };
    way.push({ event: "tws.welcome", data });
  }

  arrive(count) {
    for (const frame of this.line.way.splice(0, count)) this.line.onmessage({ data: JSON.stringify(frame) });
  }

  cut() {
    this.line.readyState = 3;
    this.line.onclose({ type: "close", code: 1006, reason: "", wasClean: false });
  }

  settle() {
    this.open();
    for (const sender of SENDERS) while (this.layer[sender].length) this.hear(sender);
    this.answer();
    this.arrive(Infinity);
  }
}

function live(seed) {
  const random = chance(seed);
  const world = new World();
  const { WebSocket } = world;
  const since = Buffer.from(JSON.stringify(world.position)).toString("base64url");
  const options = { host: "localhost", WebSocket, since, ping_interval: 0, reconnect_delay: 1e9, reconnect_delay_max: 1e9 };
  const tws = new TornadoWebSocket("/chat", options);
  const shown = [];
  const isRead = new Set();
  let gaps = 0;
  tws.on("said", ({ at }) => shown.push(at));
  tws.on("gap", () => {
    gaps += 1;
    for (const { at } of world.store) isRead.add(at);
  });
  for (let step = 0; step < STEPS; step += 1) {
    const sender = SENDERS[Math.floor(random() * SENDERS.length)];
    const dice = random();
    if (dice < 0.3) world.publish(sender);
    else if (dice < 0.5) world.hear(sender);
    else if (dice < 0.6) world.answer();
    else if (dice < 0.8) world.arrive(1 + Math.floor(random() * 3));
    else if (dice < 0.9) world.open();
    else if (dice < 0.93 && tws.state === "open") {
      world.cut();
      tws.connect();
    }
  }
  world.settle();
  tws.close();
  const all = world.store.map(({ at }) => at);
  const twice = shown.filter((at, index) => shown.indexOf(at) !== index);
  const missing = all.filter((at) => !shown.includes(at) && !isRead.has(at));
  return { twice, missing, gaps, lines: world.lines };
}

test("each event is shown once, or may be read again", () => {
  const runs = Array.from({ length: RUNS }, (_, seed) => ({ seed, ...live(seed) }));
  for (const { seed, twice, missing } of runs) assert.deepEqual({ seed, twice, missing }, { seed, twice: [], missing: [] });
  // It says something only if lines were lost, and most of what was missed could be had.
  assert.ok(runs.filter(({ lines, gaps }) => lines > 2 && gaps === 0).length > RUNS / 4);
  assert.ok(runs.filter(({ gaps }) => gaps > 0).length > RUNS / 20);
});
