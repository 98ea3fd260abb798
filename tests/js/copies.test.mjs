// A page may load the client several times, under several names: there is one class.

import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "node:test";

const STATIC = fileURLToPath(new URL("../../tornado_websockets/static/tornado_websockets/", import.meta.url));

/** The modules under hashed names, as a storage serves them that keeps no others. */
async function hashed(t) {
  const directory = await mkdtemp(join(tmpdir(), "copies-"));
  t.after(() => rm(directory, { recursive: true }));
  await cp(join(STATIC, "tornadowebsocket.mjs"), join(directory, "tornadowebsocket.0123.mjs"));
  await cp(join(STATIC, "modules/progress_bar.mjs"), join(directory, "modules/progress_bar.4567.mjs"));
  const load = (name) => import(pathToFileURL(join(directory, name)));
  return [await load("modules/progress_bar.4567.mjs"), await load("tornadowebsocket.0123.mjs")];
}

test("modules of hashed and of plain names, classic scripts and sources share one class", async (t) => {
  const [bar, client] = await hashed(t);
  const plain = await import("../../tornado_websockets/static/tornado_websockets/tornadowebsocket.mjs");
  const source = await import("../../tornado_websockets/static/tornado_websockets/src/progress_bar.mjs");
  const classic = createRequire(import.meta.url)(join(STATIC, "tornadowebsocket.js"));
  for (const one of [plain.TornadoWebSocket, plain.default, client.default, classic])
    assert.equal(one, client.TornadoWebSocket);
  for (const name of ["Module", "RequestError"]) assert.equal(plain[name], client.TornadoWebSocket[name]);
  for (const { ModuleProgressBar } of [bar, source])
    assert.ok(new ModuleProgressBar("foo") instanceof client.TornadoWebSocket.Module);
});

test("the scripts of old names have a class of their own", () => {
  const require = createRequire(import.meta.url);
  assert.notEqual(require(join(STATIC, "tornadowebsocket-es6.js")), require(join(STATIC, "tornadowebsocket.js")));
});
