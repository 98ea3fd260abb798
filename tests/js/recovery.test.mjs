// What was missed while there was no connection: the hello, its welcome, and what is told of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { silence, warn } from "./server.mjs";
import { TornadoWebSocket, names, next, record, setUp } from "./setup.mjs";

const written = (position) => Buffer.from(JSON.stringify(position)).toString("base64url");
const read = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

const said = (number, at) => ({ event: "said", data: { number }, at });
const tell = (client, frame) => client.sendText(JSON.stringify(frame));

/** Wait until what the server sent so far has been heard, the answer to the hello too. */
async function end(tws, client) {
  const heard = next(tws, "end");
  await client.greeted();
  client.send("end", {});
  await heard;
}

/** Send a frame, and wait until it has arrived, whatever becomes of it then. */
async function hand(tws, client, frame) {
  const { websocket } = tws;
  const { onmessage } = websocket;
  const arrived = new Promise((resolve) => {
    websocket.onmessage = (event) => {
      websocket.onmessage = onmessage;
      onmessage.call(websocket, event);
      resolve();
    };
  });
  tell(client, frame);
  await arrived;
}

/** A client at home on a path with history, which stands at A:5; the server says nothing to its hellos any more. */
async function settle(t, options) {
  const { server, connect } = await setUp(t);
  server.greet = () => ({ id: "first", at: { e: 1, A: 5 }, recovered: false, events: [] });
  const tws = connect(options);
  await end(tws, await server.client());
  server.answer = silence;
  return { server, tws, heard: record(tws, "said", "reconnected", "gap", "warning") };
}

/** Lose the line, and come back. @returns the new connection, whose hello is here */
async function comeBack(server, tws) {
  const opened = next(tws, "open");
  server.connections.at(-1).socket.destroy();
  await opened;
  const client = server.connections.at(-1);
  await client.greeted();
  return client;
}

const welcome = (client, events, more = {}) =>
  client.send("tws.welcome", { id: "second", at: { e: 1, A: 8 }, recovered: true, events, ...more });

const numbers = (heard) => heard.filter(([name]) => name === "said").map(([, { number }]) => number);

test("it says hello at each open, before anything else, and learns its id", async (t) => {
  const { server, connect } = await setUp(t);
  const sent = [];
  const { answer } = server;
  server.answer = (client, frame) => {
    sent.push(frame.event);
    answer(client, frame);
  };
  const tws = connect();
  assert.deepEqual([tws.id, tws.headers, tws.position], [null, {}, null]);
  tws.on("open", () => tws.emit("of open"));
  tws.emit("waited");
  const client = await server.client();
  await client.got(2);
  assert.deepEqual(sent, ["tws.hello", "of open", "waited"]);
  assert.deepEqual(await client.greeted(), { since: null, ids: [] });
  await end(tws, client);
  assert.deepEqual([tws.id, tws.headers, tws.position], ["c1", { "X-WebSocket-ID": "c1" }, null]);

  const again = await comeBack(server, tws);
  assert.deepEqual(await again.greeted(), { since: null, ids: ["c1"] });
  await end(tws, again);
  assert.equal(tws.id, "c2");
});

test("where there is no history, nothing waits for the welcome, and nothing is told of it", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect();
  const heard = record(tws, "*", "message", "gap", "reconnected");
  await end(tws, await server.client());
  const reconnected = next(tws, "reconnected");
  const client = await comeBack(server, tws);
  assert.deepEqual(await reconnected, { attempts: 1, recovered: false, replayed: 0 });
  await end(tws, client);
  client.send("tws.welcome", { id: "c2" });
  await end(tws, client);
  assert.deepEqual(
    names(heard).filter((name) => name !== "message"),
    ["*", "reconnected", "*", "*"],
  );
  assert.deepEqual([tws.id, tws.position], ["c2", null]);
});

test("a server that knows no hello is left alone with it", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = warn;
  const tws = connect();
  const heard = record(tws, "warning", "*", "message", "gap");
  const reconnected = next(tws, "reconnected");
  await next(tws, "open");
  await comeBack(server, tws);
  assert.deepEqual(await reconnected, { attempts: 1, recovered: false, replayed: 0 });
  tws.emit("something else");
  assert.match((await next(tws, "warning")).message, /something else/);
  assert.deepEqual(names(heard), ["message", "warning", "*"]);
  assert.equal(tws.id, null);
});

test("what was missed comes first, then what came meanwhile, and nothing twice", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  assert.deepEqual(await client.greeted(), { since: { e: 1, A: 5 }, ids: ["first"] });
  tell(client, said(9, "A.9")); // live, before the welcome
  tell(client, said(7, "A.7")); // which the welcome has too
  tell(client, said(5, "A.5")); // before the hello, so it was shown
  tell(client, said("of no place"));
  welcome(client, [said(6, "A.6"), said(7, "A.7"), said(8, "A.8")], { at: { e: 1, A: 9 } });
  tell(client, said(8, "A.8")); // late by a slow layer
  tell(client, said(10, "A.10"));
  await end(tws, client);
  assert.deepEqual(numbers(heard), [6, 7, 8, 9, "of no place", 10]);
  assert.deepEqual(
    heard.filter(([name]) => name !== "said"),
    [["reconnected", { attempts: 1, recovered: true, replayed: 3 }]],
  );
  assert.deepEqual(names(heard).indexOf("reconnected"), 5);
  assert.deepEqual(read(tws.position), { e: 1, A: 10 });
});

test("what came meanwhile is heard though the welcome counts it, and before later ones of its sender", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  tell(client, said(7, "A.7"));
  welcome(client, [said(6, "A.6"), said(8, "A.8")]);
  await end(tws, client);
  assert.deepEqual(numbers(heard), [6, 7, 8]);
  assert.deepEqual(read(tws.position), { e: 1, A: 8 });
});

test("the numbers of each sender ascend, and the others keep their slots", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  tell(client, said("B3", "B.3"));
  tell(client, said("of no place"));
  tell(client, said("A10", "A.10"));
  tell(client, said("C1", "C.1"));
  tell(client, said("A9", "A.9"));
  tell(client, said("of no place either"));
  tell(client, said("B1", "B.1"));
  welcome(client, [said("A8", "A.8"), said("A11", "A.11"), said("B2", "B.2"), said("A12", "A.12")]);
  await end(tws, client);
  // The slots of A are 1, 2, 4, 7 and 9.
  const shown = ["A8", "A9", "B1", "A10", "B2", "of no place", "A11", "C1", "A12", "of no place either", "B3"];
  assert.deepEqual(numbers(heard), shown);
  assert.deepEqual(read(tws.position), { e: 1, A: 12, B: 3, C: 1 });
});

test("a listener that closes between them misses nothing that comes again", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  tws.on("said", ({ number }) => number === 7 && tws.close());
  tell(client, said(7, "A.7"));
  const closed = next(tws, "close");
  welcome(client, [said(6, "A.6"), said(8, "A.8")]);
  await closed;
  assert.deepEqual([numbers(heard), read(tws.position)], [[6, 7], { e: 1, A: 7 }]);
});

test("what came meanwhile is in order without a replay, too", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  tell(client, said(9, "A.9"));
  tell(client, said(8, "A.8"));
  welcome(client, [], { recovered: false });
  await end(tws, client);
  assert.deepEqual(numbers(heard), [8, 9]);
});

test("the first welcome counts what may still come", async (t) => {
  const { server, connect } = await setUp(t);
  server.greet = () => ({ id: "first", at: { A: 5 }, recovered: false, events: [] });
  const tws = connect();
  const heard = record(tws, "said", "gap");
  const client = await server.client();
  await end(tws, client);
  tell(client, said(5, "A.5"));
  tell(client, said(6, "A.6"));
  await end(tws, client);
  assert.deepEqual([numbers(heard), read(tws.position)], [[5, 6], { A: 6 }]);
  assert.ok(!names(heard).includes("gap"));
});

test("of two numbers the larger one is kept", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect();
  const client = await server.client();
  await client.greeted();
  tell(client, said(7, "A.7"));
  await end(tws, client);
  assert.equal(tws.position, null); // as the hello said
  welcome(client, [], { at: { A: 6, B: 2 }, recovered: false });
  tell(client, said(1, "B.1")); // late; it has not been shown
  await end(tws, client);
  assert.deepEqual(read(tws.position), { A: 7, B: 2 });
});

test("a sender that the welcome names no more is forgotten, unless it was heard since", async (t) => {
  const { server, tws } = await settle(t);
  const client = await comeBack(server, tws);
  tell(client, said(1, "C.D.1"));
  welcome(client, [said(1, "B.1")], { at: { e: 2 } });
  await end(tws, client);
  assert.deepEqual(read(tws.position), { e: 2, "C.D": 1, B: 1 });
});

test("who loses the line before its welcome stands where it stood, and has shown nothing", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  await hand(tws, client, said(9, "A.9"));
  await hand(tws, client, said("for this client alone"));
  const again = await comeBack(server, tws);
  assert.deepEqual(await again.greeted(), { since: { e: 1, A: 5 }, ids: ["first"] });
  assert.deepEqual(heard, [["said", { number: "for this client alone" }]]);
  welcome(again, [6, 7, 8, 9].map((number) => said(number, `A.${number}`)), { at: { e: 1, A: 9 } });
  await end(tws, again);
  assert.deepEqual(numbers(heard).slice(1), [6, 7, 8, 9]);
});

for (const [title, answer] of [
  ["says so", (client) => welcome(client, [], { recovered: false })],
  ["keeps none any more", (client) => client.send("tws.welcome", { id: "second" })],
  ["knows no hello", (client) => warn(client, { event: "tws.hello" })],
]) {
  test(`a server that cannot give what was missed and ${title}: the page reads its data again`, async (t) => {
    const { server, tws, heard } = await settle(t);
    const client = await comeBack(server, tws);
    tell(client, said(9, "A.9"));
    answer(client);
    await end(tws, client);
    assert.deepEqual(heard, [
      ["said", { number: 9 }],
      ["reconnected", { attempts: 1, recovered: false, replayed: 0 }],
      ["gap", {}],
    ]);
    assert.deepEqual(tws.position && read(tws.position), title === "says so" ? { e: 1, A: 9 } : null);
  });
}

test("after a gap the number is the server's, not the larger one that nobody knows", async (t) => {
  const { server, tws } = await settle(t);
  const client = await comeBack(server, tws);
  welcome(client, [], { at: { e: 2, A: 3 }, recovered: false });
  tell(client, said(4, "A.4"));
  await end(tws, client);
  assert.deepEqual(read(tws.position), { e: 2, A: 4 });
});

test("who comes back before its first welcome, and finds a history, has a gap", async (t) => {
  const { server, connect } = await setUp(t);
  server.answer = silence;
  const tws = connect();
  const heard = record(tws, "gap");
  await next(tws, "open");
  const client = await comeBack(server, tws);
  welcome(client, [], { recovered: false });
  await end(tws, client);
  assert.deepEqual(heard, [["gap", {}]]);
});

test("the server may tell of a gap at any time", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await server.client();
  client.send("tws.gap", {});
  await end(tws, client);
  assert.deepEqual(heard, [["gap", {}]]);
});

for (const since of [written({ e: 1, A: 5 }), { e: 1, A: 5 }]) {
  test(`with the option since as ${typeof since} it gets everything from there on`, async (t) => {
    const { server, connect } = await setUp(t);
    server.greet = () => ({ id: "first", at: { e: 1, A: 6 }, recovered: true, events: [said(6, "A.6")] });
    const tws = connect({ since });
    assert.equal(tws.position, written({ e: 1, A: 5 }));
    const heard = record(tws, "said", "reconnected", "gap");
    const client = await server.client();
    tell(client, said(5, "A.5"));
    assert.deepEqual(await client.greeted(), { since: { e: 1, A: 5 }, ids: [] });
    await end(tws, client);
    assert.deepEqual([heard, read(tws.position)], [[["said", { number: 6 }]], { e: 1, A: 6 }]);
  });
}

test("a position that nobody knows is a gap from the beginning", async (t) => {
  const { server, connect } = await setUp(t);
  server.greet = () => ({ id: "first", at: { e: 1 }, recovered: false, events: [] });
  const tws = connect({ since: written({ nobody: 1 }) });
  await next(tws, "gap");
  assert.deepEqual(read(tws.position), { e: 1 });
});

test("the position of one client is where the next one begins", async (t) => {
  const { server, connect } = await setUp(t);
  server.greet = () => ({ id: "first", at: { e: 1, A: 6 }, recovered: false, events: [] });
  const tws = connect();
  await end(tws, await server.client());
  connect({ since: tws.position });
  assert.deepEqual((await (await server.client(1)).greeted()).since, { e: 1, A: 6 });
});

for (const since of ["no base64!", written("text"), written({ A: "7" }), written({ A: -1 }), Buffer.from("{").toString("base64url")]) {
  test(`${since} is no position`, () => {
    const make = () => new TornadoWebSocket("/chat", { host: "localhost", auto_connect: false, since });
    assert.throws(make, { name: "TypeError", message: /Expected the option since as .*, got / });
  });
}

test("who listens to messages hears what is replayed, too", async (t) => {
  const { server, tws } = await settle(t);
  const messages = record(tws, "message");
  const client = await comeBack(server, tws);
  welcome(client, [said(6, "A.6")]);
  await end(tws, client);
  assert.deepEqual(
    messages.map(([, { data }]) => JSON.parse(data)),
    [said(6, "A.6"), { event: "end", data: {} }],
  );
});

test("a reply keeps its place behind what was missed", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  const asked = tws.request("x").then(() => heard.push(["reply"]));
  const { id } = (await client.got(1))[0];
  client.send("reply", {}, { id });
  welcome(client, [said(6, "A.6")]);
  await asked;
  assert.deepEqual(names(heard), ["said", "reconnected", "reply"]);
});

test("a listener that closes hears no more, and the client stands at what it has shown", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  tws.once("said", () => tws.close());
  tell(client, said(9, "A.9"));
  const closed = next(tws, "close");
  welcome(client, [said(6, "A.6"), said(7, "A.7")]);
  await closed;
  assert.deepEqual([numbers(heard), read(tws.position)], [[6], { e: 1, A: 6 }]);
  tws.connect();
  assert.deepEqual(await (await server.client(2)).greeted(), { since: { e: 1, A: 6 }, ids: ["first", "second"] });
});

test("what is held is bounded: too much of it is shown, with a gap, and a late welcome brings nothing", async (t) => {
  const { server, tws, heard } = await settle(t);
  const client = await comeBack(server, tws);
  const count = 10_001;
  const gap = next(tws, "gap");
  for (let number = 9; number < 9 + count; number += 1) tell(client, said(number, `A.${number}`));
  await gap;
  welcome(client, [said(6, "A.6")], { at: { e: 1, A: 9 } });
  await end(tws, client);
  assert.deepEqual([numbers(heard).length, numbers(heard)[0]], [count, 9]);
  assert.deepEqual(read(tws.position), { e: 1, A: 8 + count });
  assert.deepEqual(names(heard).slice(-2), ["reconnected", "gap"]);
});

test("a welcome that never comes is waited for half a minute", async (t) => {
  const { server, tws, heard } = await settle(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  server.connections[0].socket.destroy();
  await next(tws, "reconnecting");
  const opened = next(tws, "open");
  t.mock.timers.tick(100);
  await opened;
  await hand(tws, server.connections[1], said(9, "A.9"));
  t.mock.timers.tick(29_000);
  assert.deepEqual(heard, []);
  t.mock.timers.tick(1000);
  assert.deepEqual(names(heard), ["said", "reconnected", "gap"]);
});

test("what it remembers of a long life is bounded", async (t) => {
  const { server, connect } = await setUp(t);
  server.greet = () => ({ id: "first", at: { e: 1 }, recovered: false, events: [] });
  const tws = connect();
  const client = await server.client();
  await end(tws, client);
  for (let sender = 0; sender < 1500; sender += 1) tell(client, said(1, `s${sender}.1`));
  for (let id = 0; id < 150; id += 1) client.send("tws.welcome", { id: `c${id}` , at: JSON.parse("{}") });
  await end(tws, client);
  server.answer = silence;
  const { since, ids } = await (await comeBack(server, tws)).greeted();
  assert.equal(Object.keys(since).length, 1000);
  assert.equal(since.s1499, 1);
  assert.deepEqual([ids.length, ids[99]], [100, "c149"]);
});

test("with recover off there is no hello, and a gap is nobody's", async (t) => {
  const { server, connect } = await setUp(t);
  const tws = connect({ recover: false });
  const heard = record(tws, "gap", "*");
  const client = await server.client();
  tws.emit("x");
  await client.got(1);
  client.send("tws.gap", {});
  client.send("end", {});
  await next(tws, "end");
  assert.deepEqual([client.hellos, names(heard), tws.id], [[], ["*"], null]);
});

test("a page hears of HTML by its name alone, and what it has heard it does not miss", async (t) => {
  const { server, tws } = await settle(t);
  const heard = record(tws, "tws.html", "message", "*");
  const html = { target: "#list", swap: "beforeend", html: "<li>" };
  tell(server.connections.at(-1), { event: "tws.html", data: html, at: "A.6" });
  await end(tws, server.connections.at(-1));
  assert.deepEqual(heard[0], ["tws.html", html]);
  assert.equal(heard.filter((each) => JSON.stringify(each).includes("tws.html")).length, 1);
  assert.deepEqual(read(tws.position), { e: 1, A: 6 });
});
