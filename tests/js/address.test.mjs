// Where a client connects to.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { TornadoWebSocket } from "./setup.mjs";

const url = (path, options = {}) => new TornadoWebSocket(path, { ...options, auto_connect: false }).url;

afterEach(() => delete globalThis.location);

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

test("without a page it is this machine", () => {
  assert.equal(url("/x", { port: 8000 }), "ws://localhost:8000/ws/x");
  globalThis.location = { protocol: "file:", hostname: "", port: "" };
  assert.equal(url("/x", { port: 8000 }), "ws://localhost:8000/ws/x");
});

test("a path is needed", () => {
  assert.throws(() => new TornadoWebSocket(), /Expected the path of a WebSocket, got undefined/);
  assert.throws(() => new TornadoWebSocket(""), TypeError);
});
