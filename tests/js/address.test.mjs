// Where a client connects to.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { TornadoWebSocket } from "./setup.mjs";

const url = (path, options = {}) => new TornadoWebSocket(path, { ...options, auto_connect: false }).url;

const GLOBALS = ["location", "origin", "document"];
afterEach(() => GLOBALS.forEach((name) => delete globalThis[name]));

test("host, port and scheme are the page's", () => {
  globalThis.location = { protocol: "http:", hostname: "localhost", port: "8000" };
  assert.equal(url("/my_chat"), "ws://localhost:8000/ws/my_chat");
  globalThis.location = { protocol: "https:", hostname: "example.com", port: "" };
  assert.equal(url("/my_chat"), "wss://example.com/ws/my_chat");
});

test("a path needs no slash in front", () => {
  globalThis.location = { protocol: "http:", hostname: "[::1]", port: "8000" };
  assert.equal(url("my_chat"), "ws://[::1]:8000/ws/my_chat");
  assert.equal(url("/room/lobby"), "ws://[::1]:8000/ws/room/lobby");
});

test("blanks around a path are none of it", () => {
  globalThis.location = { protocol: "http:", hostname: "localhost", port: "8000" };
  assert.equal(url("  /my_chat \n"), "ws://localhost:8000/ws/my_chat");
});

test("options come before the page", () => {
  globalThis.location = { protocol: "http:", hostname: "localhost", port: "8000" };
  assert.equal(url("/x", { host: "example.com", port: 9000, secure: true }), "wss://example.com:9000/ws/x");
  assert.equal(url("/x", { host: "example.com" }), "ws://example.com:8000/ws/x");
  assert.equal(url("/x", { host: undefined, port: null, secure: undefined }), "ws://localhost:8000/ws/x");
});

test("a host may bring its port", () => {
  globalThis.location = { protocol: "http:", hostname: "localhost", port: "8000" };
  assert.equal(url("/x", { host: "example.com:9000" }), "ws://example.com:9000/ws/x");
});

test("a worker made of a blob has the host of the page that made it", () => {
  globalThis.location = { protocol: "blob:", hostname: "", port: "" };
  globalThis.origin = "https://example.com:8443";
  assert.equal(url("/x"), "wss://example.com:8443/ws/x");
  assert.equal(url("/x", { port: 9000, secure: false }), "ws://example.com:9000/ws/x");
});

test("where no page says which, a host has to be given", () => {
  const error = /Expected the option host, .*new TornadoWebSocket\("\/x", \{ host: "example.com" \}\)/;
  assert.throws(() => url("/x", { port: 8000 }), error);
  assert.throws(() => new TornadoWebSocket("/x"), error);
  for (const protocol of ["data:", "file:", "capacitor:"]) {
    globalThis.location = { protocol, hostname: "", port: "" };
    globalThis.origin = "null";
    assert.throws(() => url("/x"), error);
    assert.equal(url("/x", { host: "example.com" }), "ws://example.com/ws/x");
  }
});

test("a prefix stands before the path, however it is written", () => {
  for (const prefix of ["/app", "app", "/app/"])
    assert.equal(url("/x", { host: "example.com", prefix }), "ws://example.com/app/ws/x");
  assert.equal(url("/x", { host: "example.com", prefix: "" }), "ws://example.com/ws/x");
  assert.equal(url("/x", { host: "example.com", prefix: "/a/b/" }), "ws://example.com/a/b/ws/x");
});

test("the prefix is that of the script, where no option says another", () => {
  globalThis.document = {
    querySelector: (selector) => (selector === 'script[data-prefix^="/"]' ? { dataset: { prefix: "/app" } } : null),
  };
  assert.equal(url("/x", { host: "example.com" }), "ws://example.com/app/ws/x");
  assert.equal(url("/x", { host: "example.com", prefix: "" }), "ws://example.com/ws/x");
  globalThis.document = { querySelector: () => null };
  assert.equal(url("/x", { host: "example.com" }), "ws://example.com/ws/x");
});

test("a path is needed", () => {
  assert.throws(() => new TornadoWebSocket(), /Expected the path of a WebSocket, got undefined/);
  assert.throws(() => new TornadoWebSocket(""), TypeError);
  assert.throws(() => new TornadoWebSocket("  "), TypeError);
});
