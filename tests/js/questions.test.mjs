// What the server asks, and what the page answers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { TornadoWebSocket, next, record, setUp } from "./setup.mjs";

const ask = (client, event, data, id = "s1") => client.send(event, data, { id });

/** A client, its connection, and what is said of errors. */
async function setUpQuestions(t) {
  const { server, connect } = await setUp(t);
  const tws = connect();
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  t.after(() => delete globalThis.reportError);
  await next(tws, "open");
  return { tws, client: await server.client(), server, reported };
}

test("a question is answered by what the callback returns, later too", async (t) => {
  const { tws, client } = await setUpQuestions(t);
  tws.answer("confirm", async ({ text }) => ({ text, isSure: await Promise.resolve(true) }));
  tws.answer("count", () => 0);
  tws.answer("nothing", () => {});
  const heard = record(tws, "confirm", "*");
  ask(client, "confirm", { text: "Sure?" });
  assert.deepEqual(await client.got(1), [
    { event: "tws.reply", id: "s1", data: { text: "Sure?", isSure: true } },
  ]);
  ask(client, "count", {}, "s2");
  ask(client, "nothing", {}, "s3");
  assert.deepEqual((await client.got(3)).slice(1), [
    { event: "tws.reply", id: "s2", data: 0 },
    { event: "tws.reply", id: "s3", data: null },
  ]);
  assert.deepEqual(heard, [
    ["*", "confirm", { text: "Sure?" }],
    ["*", "count", {}],
    ["*", "nothing", {}],
  ]);
});

test("a callback that throws refuses by the code of what it threw", async (t) => {
  const { tws, client, reported } = await setUpQuestions(t);
  tws.answer("one", () => {
    throw new TornadoWebSocket.RequestError("one", "declined", "Not now.", { until: 7, code: "other" });
  });
  tws.answer("two", async () => {
    throw Object.assign(new Error("No."), { code: "never" });
  });
  ask(client, "one", {});
  await client.got(1);
  ask(client, "two", {}, "s2");
  assert.deepEqual(await client.got(2), [
    { event: "tws.reply", id: "s1", error: { code: "declined", message: "Not now.", until: 7 } },
    { event: "tws.reply", id: "s2", error: { code: "never", message: "No." } },
  ]);
  assert.deepEqual(reported, []);
});

test("a callback that fails is an error of the page's, and of the answer", async (t) => {
  const { tws, client, reported } = await setUpQuestions(t);
  tws.answer("fails", () => {
    throw new TypeError("of the page");
  });
  tws.answer("throws", () => {
    throw "a text";
  });
  tws.answer("big", () => 1n);
  for (const [index, event] of ["fails", "throws", "big"].entries()) {
    ask(client, event, {}, index);
    await client.got(index + 1);
  }
  const errors = client.frames.map(({ error }) => error);
  assert.deepEqual(errors.map(({ code }) => code), ["handler_error", "handler_error", "handler_error"]);
  assert.deepEqual(errors.slice(0, 2).map(({ message }) => message), ["of the page", "a text"]);
  assert.deepEqual(reported.slice(0, 1), ["of the page"]);
  assert.equal(reported.length, 3);
});

test("what nobody answers is refused at once", async (t) => {
  const { tws, client } = await setUpQuestions(t);
  const takeBack = tws.answer("confirm", () => true);
  takeBack();
  ask(client, "confirm", {});
  assert.deepEqual(await client.got(1), [
    { event: "tws.reply", id: "s1", error: { code: "unknown_event", message: "The page has no answer to confirm." } },
  ]);
});

test("there is one answer to each, and an old one takes back no newer one", async (t) => {
  const { tws, client } = await setUpQuestions(t);
  const takeBack = tws.answer("confirm", () => 1);
  tws.answer("confirm", () => 2);
  takeBack();
  ask(client, "confirm", {});
  assert.equal((await client.got(1))[0].data, 2);
  assert.throws(() => tws.answer("confirm"), /Expected a function that answers confirm, got undefined/);
});

test("an answer goes to the connection that asked, or nowhere", async (t) => {
  const { tws, client, server } = await setUpQuestions(t);
  let give;
  tws.answer("confirm", () => new Promise((resolve) => (give = resolve)));
  ask(client, "confirm", {});
  await next(tws, "*");
  client.socket.destroy();
  await next(tws, "reconnected");
  give("late");
  await null;
  tws.emit("end");
  assert.deepEqual(await (await server.client(1)).got(1), [{ event: "end", data: {} }]);
});
