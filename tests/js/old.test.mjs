// The scripts of old names do what they did then.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import { ES6, GLOBAL, load, ours, setUpPage } from "./old_pages.mjs";
import { pause } from "./setup.mjs";

const LINES = [
  ["0.1", GLOBAL],
  ["0.2", ES6],
];

/** Resolved when the server's last event so far has been heard: callbacks were called before. */
const end = (tws, client) =>
  new Promise((resolve) => {
    tws.on("end", resolve);
    client.send("end", {});
  });

const opened = (tws) => new Promise((resolve) => tws.on("open", resolve));

test("0.1: the scripts define TornadoWebSocket, tws and ProgressBarModule, in any order", () => {
  for (const scripts of [GLOBAL, [...GLOBAL].reverse()]) {
    const page = load(scripts);
    for (const name of ["TornadoWebSocket", "tws", "ProgressBarModule"]) assert.equal(typeof page[name], "function");
  }
});

test("0.1: the globals are there beside an AMD loader and CommonJS, and a tws of the page's own stays", () => {
  const tws = () => "mine";
  const page = load(GLOBAL, { define: Object.assign(() => {}, { amd: {} }), module: { exports: {} }, tws });
  assert.equal(typeof page.TornadoWebSocket, "function");
  assert.equal(page.tws, tws);
});

test("0.2: the scripts define TornadoWebSocket and ModuleProgressBar", () => {
  const page = load(ES6);
  assert.equal(typeof page.TornadoWebSocket, "function");
  assert.ok(new page.ModuleProgressBar("foo") instanceof page.TornadoWebSocket.Module);
});

test("0.2: as CommonJS modules they can be required", () => {
  const require = createRequire(import.meta.url);
  const [TornadoWebSocket, ModuleProgressBar] = ES6.map((name) =>
    require(`../../tornado_websockets/static/tornado_websockets/${name}`),
  );
  assert.ok(new ModuleProgressBar("foo") instanceof TornadoWebSocket.Module);
});

test("0.2: as AMD modules one names the other as it did", () => {
  const needs = [];
  load(ES6, { define: Object.assign((names) => needs.push(ours(names)), { amd: {} }) });
  assert.deepEqual(needs, [[], ["tornadowebsocket-es6"]]);
});

for (const [line, scripts] of LINES) {
  test(`${line}: it never comes back by itself`, async (t) => {
    const { server, page, at } = await setUpPage(t, scripts);
    const tws = new page.TornadoWebSocket("/chat", at);
    let opens = 0;
    const closed = new Promise((resolve) => tws.on("close", resolve));
    tws.on("open", () => (opens += 1));
    (await server.client()).socket.destroy();
    assert.equal((await closed).code, 1006);
    await pause(3000); // what must not happen has so long to do so
    assert.deepEqual([server.connections.length, opens], [1, 1]);
  });

  test(`${line}: a page comes back in close, and its callbacks hear once`, async (t) => {
    const { server, page, at } = await setUpPage(t, scripts);
    const tws = new page.TornadoWebSocket("/chat", at);
    const heard = [];
    tws.on("open", () => tws.on("x", (data) => heard.push(data.number)));
    tws.on("close", () => tws.connect());
    (await server.client()).socket.destroy();
    const client = await server.client(1);
    client.send("x", { number: 1 });
    await end(tws, client);
    assert.deepEqual([heard, server.connections.length], [[1], 2]);
    tws.on("close", () => {});
    tws.close();
  });

  test(`${line}: another callback takes the place of the one before, also of a connection's event`, async (t) => {
    const { server, page, at } = await setUpPage(t, scripts);
    const tws = new page.TornadoWebSocket("/chat", at);
    const heard = [];
    for (const event of ["open", "x"])
      for (const number of [1, 2]) assert.equal(tws.on(event, () => heard.push(event + number)), undefined);
    const client = await server.client();
    client.send("x", {});
    await end(tws, client);
    assert.deepEqual(heard, ["open2", "x2"]);
    assert.throws(() => tws.on("x", "no function"), { name: "TypeError" });
    client.send("x", {});
    await end(tws, client);
    assert.deepEqual(heard, ["open2", "x2", "x2"]);
    tws.close();
  });

  test(`${line}: what is no object is sent as a message, and arrays as they are`, async (t) => {
    const { server, page, at } = await setUpPage(t, scripts);
    const tws = new page.TornadoWebSocket("/chat", at);
    for (const data of [42, 0, true, false, "", [1]]) tws.emit("x", data);
    const frames = await (await server.client()).got(6);
    assert.deepEqual(
      frames.map(({ data }) => data),
      [{ message: 42 }, { message: 0 }, { message: true }, { message: false }, { message: "" }, [1]],
    );
    tws.close();
  });

  test(`${line}: host and port are the page's, and blanks around a path are none of it`, () => {
    const location = { protocol: "http:", hostname: "example.com", port: "8080" };
    const page = load(scripts, { location });
    const url = (path) => new page.TornadoWebSocket(path, { auto_connect: false }).url;
    assert.equal(url("  my_chat "), "ws://example.com:8080/ws/my_chat");
    assert.equal(url(""), "ws://example.com:8080/ws/");
    assert.throws(() => url(undefined), { name: "TypeError" });
  });

  test(`${line}: nothing is sent that the page has not emitted`, async (t) => {
    const { server, page, at } = await setUpPage(t, scripts);
    const tws = new page.TornadoWebSocket("/chat", at);
    await opened(tws);
    const { ping_interval, connect_timeout } = tws.options;
    assert.deepEqual([ping_interval, connect_timeout > 86_400_000], [0, true]);
    const client = await server.client();
    tws.emit("x");
    await client.got(1);
    assert.deepEqual([client.probes, client.hellos], [0, []]);
    tws.close();
  });
}

test("0.1: it may be made without new, and by tws", async (t) => {
  const { server, page, at } = await setUpPage(t, GLOBAL);
  const { TornadoWebSocket, tws } = page;
  const made = [TornadoWebSocket("/chat", at), tws("/chat", at), new TornadoWebSocket("/chat", at)];
  for (const one of made) {
    assert.ok(one instanceof TornadoWebSocket);
    one.emit("hello");
  }
  for (const index of [0, 1, 2]) await (await server.client(index)).got(1);
  for (const one of made) one.close();
});

test("0.2: it takes new, as then", () => {
  assert.throws(() => load(ES6).TornadoWebSocket("/chat"), { name: "TypeError" });
});

test("0.1: message is an event of the server", async (t) => {
  const { server, page, at } = await setUpPage(t, GLOBAL);
  const tws = page.tws("/chat", at);
  const heard = [];
  tws.on("message", () => heard.push("replaced"));
  tws.on("message", (...given) => heard.push(given));
  const client = await server.client();
  client.send("x", {});
  client.send("message", { text: "Hello" });
  await end(tws, client);
  assert.deepEqual(ours(heard), [[{ text: "Hello" }]]);
  assert.throws(() => tws.on("message", 7), /Expected a function for message, got number/);
  tws.close();
});

test("0.2: message is what the connection brings, as it came", async (t) => {
  const { server, page, at } = await setUpPage(t, ES6);
  const tws = new page.TornadoWebSocket("/chat", at);
  const heard = [];
  tws.on("message", (event) => heard.push(event.data));
  const client = await server.client();
  client.send("message", { text: "Hello" });
  await end(tws, client);
  assert.deepEqual(heard.map(JSON.parse), [
    { event: "message", data: { text: "Hello" } },
    { event: "end", data: {} },
  ]);
  tws.close();
});

test("0.2: modules speak under their names, and one callback hears an event", async (t) => {
  const { server, page, at } = await setUpPage(t, ES6);
  const tws = new page.TornadoWebSocket("/chat", at);
  class Notes extends page.TornadoWebSocket.Module {
    constructor(name) {
      super(name + "_");
    }
  }
  const notes = new Notes("notes");
  tws.bind(notes);
  assert.equal(notes._websocket, tws);
  const heard = [];
  for (const number of [1, 2]) notes.on("added", ({ text }) => heard.push(text + number));
  notes.emit("add", { text: "a" });
  const client = await server.client();
  assert.deepEqual(await client.got(1), [{ event: "module_notes_add", data: { text: "a" } }]);
  client.send("module_notes_added", { text: "a" });
  await end(tws, client);
  assert.deepEqual(heard, ["a2"]);
  tws.close();
});
