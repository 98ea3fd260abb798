// What the tests begin with: a server, a client of it, and something to wait with. All of it is gone after the test.

import { Server } from "./server.mjs";
import { TornadoWebSocket } from "../../tornado_websockets/static/tornado_websockets/tornadowebsocket.mjs";

export { TornadoWebSocket };

/** The WebSocket of Node, of which version 20 forgets the event "close" when a connection could not be made. */
export class NodeWebSocket extends WebSocket {
  constructor(url, protocols = []) {
    super(url, protocols);
    let isClosed = false;
    this.addEventListener("close", () => (isClosed = true));
    this.addEventListener("error", () => {
      setTimeout(() => isClosed || this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" })));
    });
  }
}

/** Times short enough for a test, long enough for a slow machine. */
const QUICK = { WebSocket: NodeWebSocket, reconnect_delay: 20, reconnect_delay_max: 80, ping_interval: 0 };

/** A server, and a function that makes clients of it; `t` is the test. */
export async function setUp(t) {
  const server = await new Server().start();
  const clients = [];
  t.after(async () => {
    for (const client of clients) client.close();
    await server.stop().catch(() => {});
  });
  const connect = (options = {}, path = "/chat") => {
    const client = new TornadoWebSocket(path, { host: "127.0.0.1", port: server.port, ...QUICK, ...options });
    clients.push(client);
    return client;
  };
  return { server, connect };
}

/** Put what a browser tells its pages into this program: a window, a document and a network, which say what a test says. */
export function putOnPage() {
  const names = ["addEventListener", "removeEventListener", "dispatchEvent", "document", "navigator"];
  const before = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  const [window, network] = [new EventTarget(), new EventTarget()];
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const navigator = { connection: network, onLine: true };
  for (const name of names.slice(0, 3)) globalThis[name] = window[name].bind(window);
  for (const [name, value] of Object.entries({ document, navigator }))
    Object.defineProperty(globalThis, name, { value, configurable: true });
  return {
    window,
    network,
    navigator,
    changes: {
      online: () => window.dispatchEvent(new Event("online")),
      offline: () => window.dispatchEvent(new Event("offline")),
      change: () => network.dispatchEvent(new Event("change")),
    },
    show: (visibilityState) => {
      document.visibilityState = visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    },
    remove: () => {
      for (const [name, descriptor] of before) {
        if (descriptor) Object.defineProperty(globalThis, name, descriptor);
        else delete globalThis[name];
      }
    },
  };
}

/** A promise of the next time that `event` comes; the value is its first argument. */
export function next(emitter, event) {
  return new Promise((resolve) => emitter.once(event, resolve));
}

/** A list that `event` is written to whenever it comes. */
export function record(emitter, ...events) {
  const list = [];
  for (const event of events) emitter.on(event, (...args) => list.push([event, ...args]));
  return list;
}

/** Of events that are to be counted, not looked at. */
export const names = (list) => list.map(([name]) => name);

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
