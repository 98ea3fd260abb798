// Who is called back, and when.

import assert from "node:assert/strict";
import { test } from "node:test";

import { TornadoWebSocket, names, next, record, setUp } from "./setup.mjs";

test("a client connects by itself, and hears the server's events", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  assert.equal(tws.state, "connecting");
  const heard = next(tws, "my_event");
  tws.on("open", (event) => {
    assert.equal(event.type, "open");
    assert.equal(tws.state, "open");
    tws.emit("hello", { name: "x" });
  });

  const client = await server.client();
  assert.equal(client.path, "/ws/chat");
  assert.deepEqual(await client.got(1), [{ event: "hello", data: { name: "x" } }]);
  client.send("my_event", { a: 1 });
  assert.deepEqual(await heard, { a: 1 });
});

test("with auto_connect off it waits for connect", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ auto_connect: false });
  assert.equal(tws.state, "closed");
  assert.equal(tws.websocket, null);

  tws.connect();
  const socket = tws.websocket;
  tws.connect();
  assert.equal(tws.websocket, socket);
  await next(tws, "open");
  tws.connect();
  assert.equal(server.connections.length, 1);
});

test("several callbacks hear an event, each function once", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = [];
  const twice = () => heard.push("twice");
  tws
    .on("x", () => heard.push("first"))
    .on("x", twice)
    .on("x", twice)
    .on("x", () => heard.push("last"));

  (await server.client()).send("x", {});
  await next(tws, "x");
  assert.deepEqual(heard, ["first", "twice", "last"]);
});

test("on returns a function that takes the listener off", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const module = new TornadoWebSocket.Module("m");
  tws.bind(module);
  const heard = [];
  tws.on("x", () => heard.push("stays"));
  const takeOff = [
    tws.on("x", () => heard.push("gone")),
    tws.once("x", () => heard.push("gone")),
    module.on("x", () => heard.push("gone")),
  ];
  for (const take of takeOff) assert.equal(take(), undefined);
  takeOff[0](); // once more does nothing

  const client = await server.client();
  for (const event of ["x", "module_m_x", "end"]) client.send(event, {});
  await next(tws, "end");
  assert.deepEqual(heard, ["stays"]);
});

test("once is once, and off is never again", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = [];
  const gone = () => heard.push("gone");
  tws
    .once("x", () => heard.push("once"))
    .on("x", gone)
    .on("x", () => heard.push("stays"))
    .on("y", gone)
    .on("y", gone);
  tws.off("x", gone).off("y").off("never heard of");

  const client = await server.client();
  for (const event of ["x", "x", "y", "end"]) client.send(event, {});
  await next(tws, "end");
  assert.deepEqual(heard, ["once", "stays", "stays"]);
});

test("a callback that is taken away by another is not called", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const second = () => assert.fail("called");
  tws.on("x", () => tws.off("x", second)).on("x", second);

  (await server.client()).send("x", {});
  await next(tws, "x");
});

test("a star hears all that the server sends", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = record(tws, "*");

  const client = await server.client();
  client.send("x", { a: 1 });
  client.send("constructor", {});
  client.send("end", {});
  await next(tws, "end");
  assert.deepEqual(heard, [
    ["*", "x", { a: 1 }],
    ["*", "constructor", {}],
    ["*", "end", {}],
  ]);
});

test("the connection's own names stay its own", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = record(tws, "open", "close", "error", "message", "*");

  const client = await server.client();
  for (const event of ["open", "close", "error", "message", "*"]) client.send(event, {});
  client.send("end", {});
  await next(tws, "end");
  assert.deepEqual(
    names(heard).filter((name) => name === "open"),
    ["open"],
  );
  assert.deepEqual(names(heard).filter((name) => name === "message").length, 6);
  assert.deepEqual(
    heard.filter(([name]) => name === "*").map(([, event]) => event),
    ["open", "close", "error", "message", "*", "end"],
  );
  assert.ok(!names(heard).includes("close") && !names(heard).includes("error"));
  assert.equal(heard.find(([name]) => name === "message")[1].data, '{"event":"open","data":{}}');
});

test("what is no frame is heard as a message only", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = record(tws, "message", "*");

  const client = await server.client();
  for (const text of ["no JSON", "null", "[]", '{"data": {}}', '{"event": 7}']) client.sendText(text);
  client.send("end", {});
  await next(tws, "end");
  assert.deepEqual(names(heard), ["message", "message", "message", "message", "message", "message", "*"]);
});

test("a callback that throws stops no other, and its error is seen", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const seen = new Promise((resolve) => (globalThis.reportError = resolve));
  t.after(() => delete globalThis.reportError);
  tws.on("x", () => {
    throw new Error("of the page");
  });

  (await server.client()).send("x", {});
  await next(tws, "x");
  assert.equal((await seen).message, "of the page");
});

test("a callback has to be a function", () => {
  const tws = new TornadoWebSocket("/chat", { auto_connect: false });
  assert.throws(() => tws.on("x"), /Expected a function for x, got undefined/);
  assert.throws(() => tws.once("x", {}), TypeError);
});

test("listeners that open adds are not heard twice after a reconnection", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = [];
  tws.on("x", () => heard.push("from the beginning"));
  tws.on("open", () => {
    tws.on("x", () => heard.push("one"));
    for (const name of ["two", "three"]) tws.on("x", () => heard.push(name));
    tws.once("y", () => {});
  });
  tws.once("open", () => tws.on("x", () => heard.push("once")));

  for (let index = 0; index < 3; index += 1) {
    const client = await server.client(index);
    client.send("x", {});
    await next(tws, "x");
    assert.deepEqual(heard.splice(0), ["from the beginning", "one", "two", "three", "once"]);
    client.socket.destroy();
  }
});

test("what an async open adds after an await is not heard twice either", async (t) => {
  const { server, connect } = await setUp(t);
  server.handlers.hello = () => ({ name: "Ana" });
  const tws = connect();
  const heard = [];
  const others = () => tws.on("x", () => heard.push("elsewhere"));
  tws.on("x", () => heard.push("from the beginning"));
  tws.on("open", async () => {
    tws.on("x", () => heard.push("at once"));
    const { name } = await tws.request("hello");
    tws.on("x", () => heard.push(name));
    for (const name of ["two", "three"]) tws.on("x", () => heard.push(`after an await: ${name}`));
    await null;
    tws.emit("ready");
  });

  for (let index = 0; index < 3; index += 1) {
    const client = await server.client(index);
    await client.got(2);
    if (index === 0) others(); // not by "open": those are added, as ever
    client.send("x", {});
    client.send("end", {});
    await next(tws, "end");
    assert.deepEqual(
      heard.splice(0).sort(),
      ["Ana", "after an await: three", "after an await: two", "at once", "elsewhere", "from the beginning"],
    );
    client.socket.destroy();
  }
});

test("listeners of one text that were not added by open stay, each of them", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const heard = [];
  const add = (name) => tws.on("x", () => heard.push(name));
  add("before");
  tws.on("open", () => tws.on("x", () => heard.push("by open")));
  tws.on("x", () => heard.push("by open")); // not by it: it has not run yet
  for (let index = 0; index < 2; index += 1) {
    const client = await server.client(index);
    await next(tws, "open");
    add(index);
    if (index === 1) break;
    client.socket.destroy();
  }
  server.connections[1].send("x", {});
  await next(tws, "x");
  assert.deepEqual(heard.sort(), [0, 1, "before", "by open", "by open"].sort());
});
