// The classic scripts: as globals of a page, as AMD modules, as CommonJS modules.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const STATIC = "../../tornado_websockets/static/tornado_websockets";
const CLIENT = `${STATIC}/tornadowebsocket.js`;
const BAR = `${STATIC}/modules/progress_bar.js`;

/** Run a script in a page of its own, which is given some globals. */
function run(path, page) {
  runInNewContext(readFileSync(new URL(path, import.meta.url), "utf-8"), page);
}

const makePage = () => {
  const page = { Map, WeakMap, performance };
  page.self = page;
  return page;
};

test("as scripts they are the globals of the page, and no more", () => {
  const page = makePage();
  const before = Object.keys(page);
  run(CLIENT, page);
  run(BAR, page);
  assert.deepEqual(
    Object.keys(page).filter((name) => !before.includes(name)),
    ["TornadoWebSocket", "ModuleProgressBar"],
  );
  assert.equal(page.TornadoWebSocket.ModuleProgressBar, page.ModuleProgressBar);
  assert.ok(new page.ModuleProgressBar("foo") instanceof page.TornadoWebSocket.Module);
  assert.equal(typeof page.ModuleProgressBar.EngineHtml5, "function");
});

test("a page that loads them in the wrong order is told so", () => {
  assert.throws(() => run(BAR, makePage()), /Load the script of TornadoWebSocket before that of ModuleProgressBar/);
});

test("as AMD modules one finds the other", () => {
  const defined = [];
  const page = { ...makePage(), define: (needs, factory) => defined.push({ needs: [...needs], factory }) };
  page.define.amd = {};
  run(CLIENT, page);
  run(BAR, page);
  assert.deepEqual(
    defined.map(({ needs }) => needs),
    [[], ["../tornadowebsocket"]],
  );
  const client = defined[0].factory();
  assert.equal(client.name, "TornadoWebSocket");
  assert.equal(defined[1].factory(client), client.ModuleProgressBar);
});

test("as CommonJS modules they can be required", () => {
  const require = createRequire(import.meta.url);
  const TornadoWebSocket = require(CLIENT);
  const ModuleProgressBar = require(BAR);
  assert.equal(TornadoWebSocket.ModuleProgressBar, ModuleProgressBar);
  const tws = new TornadoWebSocket("/chat", { host: "localhost", port: 1, auto_connect: false });
  assert.equal(tws.url, "ws://localhost:1/ws/chat");
});

test("a classic script knows the prefix of its own element", () => {
  const page = makePage();
  page.location = { protocol: "https:", hostname: "example.com", port: "" };
  page.document = { currentScript: { dataset: { prefix: "/app" } }, querySelector: () => null };
  run(CLIENT, page);
  page.document.currentScript = null; // as after it was run
  assert.equal(new page.TornadoWebSocket("/chat", { auto_connect: false }).url, "wss://example.com/app/ws/chat");
});
