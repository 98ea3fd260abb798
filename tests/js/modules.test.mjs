// Modules, and what the progress bar makes of the server's events.

import assert from "node:assert/strict";
import { test } from "node:test";

import { next, record, setUp, TornadoWebSocket } from "./setup.mjs";
import { ModuleProgressBar } from "../../tornado_websockets/static/tornado_websockets/src/progress_bar.mjs";

/** An engine that keeps what it is told to show. */
class Recorder {
  shown = [];

  update({ percent, current, label, indeterminate, is_done }) {
    this.shown.push([percent, current, label, indeterminate, is_done]);
  }
}

/** A bar with an engine, bound to a client, and the server's end of it. */
async function setUpBar(t, path) {
  const { server, connect } = await setUp(t);
  const tws = connect({}, path);
  const progress = new ModuleProgressBar("foo");
  const engine = new Recorder();
  tws.bind(progress.set_engine(engine));
  const client = await server.client();
  /** Send events, and wait until they are heard. */
  const tell = async (...events) => {
    const heard = next(tws, "end");
    for (const [event, data] of [...events, ["end", {}]]) client.send(event, data ?? {});
    await heard;
  };
  return { server, tws, progress, engine, client, tell };
}

const prefixed = (...events) => events.map(([event, data]) => [`module_progressbar_foo_${event}`, data]);
const INIT = { indeterminate: false, min: 0, max: 4, current: 0 };

test("a module speaks under its own names", async (t) => {
  const { server, connect } = await setUp(t);
  server.handlers.module_notes_add = ({ text }) => ({ text });
  const tws = connect();
  class Notes extends TornadoWebSocket.Module {
    constructor() {
      super("notes");
    }
  }
  const notes = new Notes();
  const heard = record(notes, "added", "*");
  tws.bind(notes);
  const outside = next(tws, "module_notes_added");
  notes.emit("say", "hello");
  assert.deepEqual(await notes.request("add", { text: "a" }), { text: "a" });

  const client = await server.client();
  assert.deepEqual((await client.got(1))[0], { event: "module_notes_say", data: { message: "hello" } });
  client.send("added", { another: "event" });
  client.send("module_notes_*", {});
  client.send("module_notes_added", { text: "a" });
  assert.deepEqual(await outside, { text: "a" });
  assert.deepEqual(heard, [
    ["*", "*", {}],
    ["added", { text: "a" }],
    ["*", "added", { text: "a" }],
  ]);
});

test("a module says what may wait as its client does", async (t) => {
  const { connect } = await setUp(t);
  const tws = connect({ auto_connect: false });
  const dropped = record(tws, "dropped");
  const module = new TornadoWebSocket.Module("m");
  tws.bind(module);
  assert.equal(module.emit("cancel", {}, { queue: false }), false);
  await assert.rejects(module.request("cancel", {}, { queue: false }), { code: "not_open" });
  assert.deepEqual(dropped, [["dropped", { event: "module_m_cancel", data: {}, reason: "not_open" }]]);
});

test("a module has to be bound before it can speak", () => {
  const module = new TornadoWebSocket.Module("notes");
  assert.throws(() => module.emit("x"), /Bind the module notes first/);
  assert.throws(() => module.request("x"), /Bind the module notes first/);
});

test("a module that is bound twice hears once", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const module = new TornadoWebSocket.Module("m");
  const heard = record(module, "x");
  tws.bind(module).bind(module);
  (await server.client()).send("module_m_x", {});
  await next(tws, "module_m_x");
  (await server.client()).send("end", {});
  await next(tws, "end");
  assert.equal(heard.length, 1);
});

test("a module that open binds takes the place of the one before", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = [];
  let count = 0;
  tws.on("open", () => {
    const module = new TornadoWebSocket.Module("m");
    const number = (count += 1);
    module.on("x", () => heard.push(number));
    tws.bind(module);
    module.on("x", () => heard.push(-number));
  });
  for (const index of [0, 1, 2]) {
    const client = await server.client(index);
    client.send("module_m_x", {});
    client.send("end", {});
    await next(tws, "end");
    client.socket.destroy();
  }
  assert.deepEqual(heard, [1, -1, 2, -2, 3, -3]);
});

test("two modules of one name both hear", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const modules = [new TornadoWebSocket.Module("m"), new TornadoWebSocket.Module("m")];
  for (const module of modules) tws.bind(module);
  const heard = Promise.all(modules.map((module) => next(module, "x")));
  (await server.client()).send("module_m_x", { a: 1 });
  assert.deepEqual(await heard, [{ a: 1 }, { a: 1 }]);
});

test("a progress bar shows what the server tells, from init on", async (t) => {
  const { progress, engine, tell } = await setUpBar(t);
  const heard = record(
    progress,
    "before_init",
    "init",
    "after_init",
    "before_update",
    "update",
    "after_update",
    "done",
  );
  await tell(...prefixed(["update", { current: 3, label: "" }], ["done"]));
  assert.deepEqual([engine.shown.splice(0), heard.splice(0).length], [[], 2]);

  await tell(...prefixed(["before_init"], ["init", INIT], ["after_init"]));
  await tell(...prefixed(["before_update"], ["update", { current: 1, label: "One" }], ["after_update"]));
  await tell(...prefixed(["update", { current: 4 }], ["done"]));
  assert.deepEqual(engine.shown, [
    [0, 0, "", false, false],
    [25, 1, "One", false, false],
    [100, 4, "One", false, false],
    [100, 4, "One", false, true],
  ]);
  assert.deepEqual(
    heard.map(([name]) => name),
    [...["before_init", "init", "after_init", "before_update", "update", "after_update", "update", "done"]],
  );
  assert.deepEqual(heard[4], ["update", { current: 1, label: "One" }]);
  assert.deepEqual([progress.min, progress.max, progress.current, progress.is_done], [0, 4, 4, true]);
});

test("who comes late sees how far it is", async (t) => {
  const { progress, tell } = await setUpBar(t);
  await tell(...prefixed(["init", { ...INIT, current: 4 }]));
  assert.deepEqual([progress.percent, progress.is_done], [100, true]);
  const late = new Recorder();
  progress.set_engine(late);
  assert.deepEqual(late.shown, [[100, 4, "", false, true]]);
  await tell(...prefixed(["init", INIT]));
  assert.deepEqual([progress.percent, progress.is_done], [0, false]);
});

test("a bar that is set back after its end goes on", async (t) => {
  const { progress, tell } = await setUpBar(t);
  await tell(...prefixed(["init", INIT], ["update", { current: 4 }], ["done"], ["update", { current: 4 }]));
  assert.deepEqual([progress.outcome, progress.is_done], ["done", true]);
  await tell(...prefixed(["update", { current: 1 }]));
  assert.deepEqual([progress.outcome, progress.is_done], [null, false]);
});

test("a percentage is whole, within bounds, and 100 only in the end", async (t) => {
  const { progress, tell } = await setUpBar(t);
  await tell(...prefixed(["init", { ...INIT, min: -50, max: 950, current: -50 }]));
  const percents = [];
  for (const current of [-51, -50, 520, 949, 950, 2000]) {
    await tell(...prefixed(["update", { current }]));
    percents.push(progress.percent);
  }
  assert.deepEqual(percents, [0, 0, 57, 99, 100, 100]);
});

test("a label stays until another comes", async (t) => {
  const { progress, tell } = await setUpBar(t);
  const labels = [];
  await tell(...prefixed(["init", INIT]));
  for (const label of ["One", undefined, null, 2, ""]) {
    await tell(...prefixed(["update", { current: 1, label }]));
    labels.push(progress.label);
  }
  assert.deepEqual(labels, ["One", "One", "One", "2", ""]);
});

test("an indeterminate bar ends full", async (t) => {
  const { engine, tell } = await setUpBar(t);
  await tell(
    ...prefixed(
      ["init", { indeterminate: true, min: 0, max: 0, current: 0 }],
      ["update", { label: "Still" }],
      ["done"],
    ),
  );
  assert.deepEqual(engine.shown, [
    [100, 0, "", true, false],
    [100, 0, "Still", true, false],
    [100, 0, "Still", false, true],
  ]);
});

test("the server's older form has no prefix, and calls the current value value", async (t) => {
  const { client, progress, engine, tell } = await setUpBar(t, "/module/progress_bar/my_bar");
  assert.equal(client.path, "/ws/module/progress_bar/my_bar");
  progress.emit("start_progression");
  assert.deepEqual(await client.got(1), [{ event: "start_progression", data: {} }]);
  await tell(["init", { indeterminate: false, min: 0, max: 4, value: 1 }], ["update", { value: 2, label: "Two" }]);
  assert.deepEqual(engine.shown, [
    [25, 1, "", false, false],
    [50, 2, "Two", false, false],
  ]);
});

test("an engine has to be one", () => {
  assert.throws(() => new ModuleProgressBar("foo").set_engine({}), /Expected an engine with a method update/);
});

test("the progress bar is found on the client, too", () => {
  assert.equal(TornadoWebSocket.ModuleProgressBar, ModuleProgressBar);
});

test("a job tells its stage, its log, and how it ends", async (t) => {
  const { progress, tell } = await setUpBar(t);
  const state = () => [progress.stage?.name, progress.log, progress.run, progress.outcome, progress.is_done];
  await tell(...prefixed(["init", INIT]));
  assert.deepEqual(state(), [undefined, [], null, null, false]);

  await tell(...prefixed(["init", { ...INIT, run: "r1", outcome: null, log: [] }]));
  const stage = { name: "parse", index: 1, of: 2 };
  await tell(...prefixed(["stage", stage], ["init", { ...INIT, current: 4, run: "r1", outcome: null, stage }]));
  await tell(...prefixed(["log", { line: "one" }], ["log", { line: "two" }]));
  assert.deepEqual(state(), ["parse", ["one", "two"], "r1", null, false]);

  await tell(...prefixed(["failed", {}]));
  assert.deepEqual(state(), ["parse", ["one", "two"], null, "failed", false]);
  await tell(...prefixed(["init", { ...INIT, run: "r1", outcome: null, stage, label: "Row" }]));
  assert.deepEqual([progress.label, ...state()], ["Row", "parse", ["one", "two"], "r1", null, false]);
  await tell(...prefixed(["cancelled", {}]));
  assert.deepEqual(state(), ["parse", ["one", "two"], null, "cancelled", false]);

  await tell(...prefixed(["init", { indeterminate: true, outcome: "done", log: ["last"] }]));
  assert.deepEqual([progress.percent, ...state()], [100, undefined, ["last"], null, "done", true]);
});

test("a log keeps its last hundred lines", async (t) => {
  const { progress, tell } = await setUpBar(t);
  await tell(...prefixed(["init", INIT], ...Array.from({ length: 120 }, (_, line) => ["log", { line }])));
  assert.deepEqual([progress.log.length, progress.log[0], progress.log[99]], [100, "20", "119"]);
});

test("cancel names the run, once there is one", async (t) => {
  const { server, progress, tell } = await setUpBar(t);
  const heard = [];
  server.handlers.module_progressbar_foo_cancel = (data) => heard.push(data) && {};
  await tell(...prefixed(["init", INIT]));
  await progress.cancel();
  await tell(...prefixed(["init", { ...INIT, run: "r1", outcome: null }]));
  await progress.cancel();
  await tell(...prefixed(["done", {}]));
  await progress.cancel();
  assert.deepEqual(heard, [{ run: "r1" }]);
});
