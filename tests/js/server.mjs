// A WebSocket server for the tests, on a real TCP port: it speaks the wire of tornado_websockets, and misbehaves when
// told to.

import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3
const TEXT = 1;
const CLOSE = 8;

function encode(opcode, payload) {
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length]), payload]);
}

/** The frames in `buffer`, and what is left of it. */
function decode(buffer) {
  const frames = [];
  for (;;) {
    if (buffer.length < 2) return { frames, rest: buffer };
    const short = buffer[1] & 127;
    const start = short === 126 ? 4 : 2;
    const length = short === 126 && buffer.length >= 4 ? buffer.readUInt16BE(2) : short;
    const end = start + 4 + length;
    if (buffer.length < end) return { frames, rest: buffer };
    const mask = buffer.subarray(start, start + 4);
    const payload = buffer.subarray(start + 4, end).map((byte, index) => byte ^ mask[index % 4]);
    frames.push({ opcode: buffer[0] & 15, payload });
    buffer = buffer.subarray(end);
  }
}

/** One client of the server, and all it sent, probes and hellos apart. */
class Connection extends EventEmitter {
  frames = [];
  hellos = [];
  probes = 0;

  constructor(server, socket) {
    super();
    this.server = server;
    this.socket = socket;
    let buffer = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      const decoded = decode(Buffer.concat([buffer, data]));
      buffer = decoded.rest;
      for (const frame of decoded.frames) this.#receive(frame);
    });
  }

  send(event, data, rest = {}) {
    this.sendText(JSON.stringify({ event, data, ...rest }));
  }

  sendText(text) {
    this.socket.write(encode(TEXT, Buffer.from(text)));
  }

  close(code, reason = "") {
    const payload = code ? Buffer.from([code >> 8, code & 255, ...Buffer.from(reason)]) : Buffer.alloc(0);
    this.socket.end(encode(CLOSE, payload));
  }

  /** The first `count` frames of this client, once they are here. */
  async got(count) {
    while (this.frames.length < count) await once(this, "frame");
    return this.frames.slice(0, count);
  }

  /** What its hello said, once it is here. */
  async greeted() {
    while (!this.hellos.length) await once(this, "hello");
    return this.hellos[0];
  }

  async probed(count = 1) {
    while (this.probes < count) await once(this, "probe");
  }

  #receive({ opcode, payload }) {
    if (opcode === CLOSE) return this.socket.end(encode(CLOSE, payload));
    const frame = JSON.parse(payload);
    if (frame.event === "tws.ping") {
      this.probes += 1;
      this.emit("probe");
    } else if (frame.event === "tws.hello") {
      this.hellos.push(frame.data);
      this.emit("hello");
    } else {
      this.frames.push(frame);
      this.emit("frame");
    }
    this.server.answer(this, frame);
  }
}

/** How the package answers: by a handler's result, or by a refusal. */
export function reply(connection, { event, data, id }) {
  const handler = connection.server.handlers[event];
  if (event === "tws.ping") return connection.send("tws.pong", {});
  if (event === "tws.hello") return connection.send("tws.welcome", connection.server.greet(data, connection));
  if (id === undefined) return;
  const known = handler
    ? { data: handler(data, connection) ?? {} }
    : { error: { code: "unknown_event", message: event } };
  connection.sendText(JSON.stringify({ event: "reply", id, ...known }));
}

/** Says nothing to anything. */
export function silence() {}

/** Answers pings, and says nothing to anything else: its handlers work for ever. */
export function pong(connection, frame) {
  if (frame.event === "tws.ping") reply(connection, frame);
}

/** How version 1.0.0 answers what it does not know, a ping too. */
export function warn(connection, { event }) {
  connection.send("warning", { code: "unknown_event", message: `There is no event '${event}' here.` });
}

export class Server {
  connections = [];
  handlers = {};
  answer = reply;
  greet = () => ({ id: `c${this.connections.length}` }); // as where there is no history
  isRefusing = false; // with 403, as a server does whose `authorize` says no
  refused = 0;
  attempts = []; // when each client knocked
  #waiting = [];
  #http = createServer();
  port = 0;

  /** Starts on the port it had before, if any. */
  async start() {
    this.#http = createServer();
    this.#http.on("upgrade", (request, socket) => this.#accept(request, socket));
    this.#http.listen(this.port, "127.0.0.1");
    await once(this.#http, "listening");
    this.port = this.#http.address().port;
    return this;
  }

  /** Cuts off all clients, as a server does that is killed. */
  async stop() {
    for (const { socket } of this.connections) socket.destroy();
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, "close");
  }

  /** The client number `index`, once it has connected. */
  async client(index = 0) {
    while (this.connections.length <= index) await new Promise((resolve) => this.#waiting.push(resolve));
    return this.connections[index];
  }

  #accept(request, socket) {
    this.attempts.push(performance.now());
    if (this.isRefusing) {
      this.refused += 1;
      return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    const offered = request.headers["sec-websocket-protocol"]?.split(/,\s*/);
    const accept = createHash("sha1")
      .update(request.headers["sec-websocket-key"] + GUID)
      .digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\n${offered ? `Sec-WebSocket-Protocol: ${offered[0]}\r\n` : ""}\r\n`,
    );
    const connection = new Connection(this, socket);
    connection.path = request.url;
    connection.offered = offered;
    this.connections.push(connection);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
