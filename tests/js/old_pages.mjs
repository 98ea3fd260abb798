// Pages of 2016: their scripts, loaded under their names of then, in a page of their own.

import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

import { NodeWebSocket, setUp } from "./setup.mjs";

const STATIC = new URL("../../tornado_websockets/static/tornado_websockets/", import.meta.url);

export const ES6 = ["tornadowebsocket-es6.js", "modules/progress_bar-es6.js"]; // of 0.2
export const GLOBAL = ["client.js", "modules/progressbar.js"]; // of 0.1

// Of what browsers have, what the client uses.
const BROWSER = { WebSocket: NodeWebSocket, TextEncoder, URL, btoa, clearTimeout, console, performance, setTimeout };

/** The globals of a page that has loaded `scripts`, and of which the tests need to know. */
export function load(scripts, globals = {}) {
  const page = createContext({ ...BROWSER, ...globals });
  page.self = page;
  for (const script of scripts) runInContext(readFileSync(new URL(script, STATIC), "utf-8"), page);
  return page;
}

/** A server, a page, and where a client of the page finds the server. */
export async function setUpPage(t, scripts, globals) {
  const { server } = await setUp(t);
  return { server, page: load(scripts, globals), at: { host: "127.0.0.1", port: server.port } };
}

/** What came from a page is of its realm; this is the same of ours. */
export const ours = (value) => JSON.parse(JSON.stringify(value));
