"use client";
// useTornadoWebSocket: a WebSocket of the server in components of React. All components of a path share one connection.
//
// This file is what bundlers take; it imports React and the client.

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { TornadoWebSocket } from "./tornadowebsocket.mjs";

/** All times are in milliseconds. A connection outlives its last component by so much: another one may come. */
const LINGER = 1000;

// Browsers draw no frames of a page that is hidden. So long waits what is to be shown then.
const HIDDEN_PAUSE = 1000;

// What may change the state of a connection.
const CHANGES = ["open", "close", "reconnecting", "refused"];

const PRESENCE = "presence";
const ON_SERVER = "connecting";
const NOBODY = new Map();

/** @type {Map<string, Connection>} by their paths */
const connections = new Map();

/** The connection of a path, for as long as a component uses it, and what components show of it. */
class Connection {
  constructor(path, options) {
    this.tws = new TornadoWebSocket(path, options ?? {});
    /** @type {Map<string, any>} the newest of each event, since the last frame */
    this._newest = new Map();
    /** @type {Map<string, { data: any, count: number }>} the same, as components show it: all of them the same */
    this._shown = new Map();
    this._people = NOBODY;
    /** @type {Set<() => void>} what has a component look whether it is to render */
    this._users = new Set();
    this._end = null;
    this._cancelFrame = null;
    for (const change of CHANGES) this.tws.on(change, () => this._notify());
    this.tws.on("*", (event, data) => this._keep(event, data));
    this._linger();
  }

  /** Use it until what this returns is called; `notify` is called when there may be something new to show. */
  subscribe(notify) {
    this._users.add(notify);
    clearTimeout(this._end);
    return () => {
      this._users.delete(notify);
      if (!this._users.size) this._linger();
    };
  }

  /** @returns {string} the state, and a number that changes when one of the events has anything new */
  describe(events) {
    let number = 0;
    for (const event of events) number += this._shown.get(event)?.count ?? 0;
    return `${this.tws.state} ${number}`;
  }

  last(event) {
    return this._shown.get(event)?.data;
  }

  get people() {
    return this._people;
  }

  _linger() {
    clearTimeout(this._end);
    this._end = setTimeout(() => {
      connections.delete(key(this.tws.path));
      this._cancelFrame?.();
      this.tws.close();
    }, LINGER);
  }

  _keep(event, data) {
    this._newest.set(event, data);
    if (this._cancelFrame) return;
    // Whichever comes first: a frame, or where none are drawn, the time.
    const frame = globalThis.requestAnimationFrame?.(() => this._show());
    const timer = setTimeout(() => this._show(), HIDDEN_PAUSE);
    this._cancelFrame = () => {
      globalThis.cancelAnimationFrame?.(frame);
      clearTimeout(timer);
    };
  }

  _show() {
    this._cancelFrame();
    this._cancelFrame = null;
    for (const [event, data] of this._newest)
      this._shown.set(event, { data, count: (this._shown.get(event)?.count ?? 0) + 1 });
    // The client's own Map is always the same, which React takes for no change.
    if (this._newest.has(PRESENCE)) this._people = new Map(this.tws.people);
    this._newest.clear();
    this._notify();
  }

  _notify() {
    for (const notify of [...this._users]) notify();
  }
}

const key = (path) => path.trim().replace(/^\/*/, "/");

/** @returns {Connection} that of a path, which is made if there is none */
function connect(path, options) {
  const known = connections.get(key(path));
  if (known) return known;
  const connection = new Connection(path, options);
  connections.set(key(path), connection);
  return connection;
}

/**
 * What a component does with the connection of a path. Nothing is connected while it is rendered, but when it is there.
 *
 * @param {string} path
 * @param {{ current: any }} options
 * @param {Set<string>} watched the events that it renders
 */
function makeAccess(path, options, watched) {
  const now = () => connect(path, options.current);
  const known = () => connections.get(key(path));
  return {
    subscribe: (notify) => now().subscribe(notify),
    describe: () => known()?.describe(watched) ?? `${ON_SERVER} 0`,
    last(event) {
      watched.add(event);
      return known()?.last(event);
    },
    people() {
      watched.add(PRESENCE);
      return known()?.people ?? NOBODY;
    },
    methods: {
      // Wrapped, since the client takes the same function twice for one, and here it may be two components'.
      on: (event, callback) => now().tws.on(event, (...args) => callback(...args)),
      emit: (...args) => now().tws.emit(...args),
      request: (...args) => now().tws.request(...args),
    },
  };
}

const describeOnServer = () => `${ON_SERVER} 0`;

/** Use the WebSocket of a path, whose connection is there for as long as any component uses it, and a second more. */
function useTornadoWebSocket(path, options) {
  const newestOptions = useRef(options);
  useEffect(() => {
    newestOptions.current = options;
  });
  const [watched] = useState(() => new Set());
  const access = useMemo(() => makeAccess(path, newestOptions, watched), [path, watched]);
  const description = useSyncExternalStore(access.subscribe, access.describe, describeOnServer);
  const { last, methods } = access;
  return {
    ...methods,
    last,
    status: description.split(" ")[0],
    // Who does not ask for it does not render when somebody comes or goes.
    get people() {
      return access.people();
    },
  };
}

export { useTornadoWebSocket };
