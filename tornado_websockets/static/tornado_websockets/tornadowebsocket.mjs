// TornadoWebSocket: a page's end of a WebSocket of tornado_websockets. It needs nothing but a browser of 2020 or newer.
//
// This file is written by hand; tornadowebsocket.js, the classic script, is made from it by .ci/classic_scripts.py.

/**
 * @typedef {import("./tornadowebsocket.js").Options} Options
 * @typedef {import("./tornadowebsocket.js").State} State
 * @typedef {import("./tornadowebsocket.js").Data} Data
 * @typedef {import("./tornadowebsocket.js").CloseInfo} CloseInfo
 * @typedef {import("./tornadowebsocket.js").RequestErrorCode} RequestErrorCode
 */

/**
 * @typedef {(...args: any[]) => unknown} Callback
 * @typedef {{ by: Listener | null, round: number }} Origin the "open" callback a listener was added by, and in which
 *   of its runs
 * @typedef {Origin & { callback: Callback, once: boolean }} Listener
 * @typedef {{ event: string, data: object, id?: number, text: string }} Message
 * @typedef {{ message: Message, timeout: number, timer: any, resolve: Callback, reject: Callback }} Request
 */

/** All times are in milliseconds. */
const DEFAULTS = {
  auto_connect: true,
  connect_timeout: 15000,
  reconnect: true,
  reconnect_delay: 500,
  reconnect_delay_max: 15000,
  ping_interval: 25000,
  ping_timeout: 20000,
  busy_timeout: 120000,
  request_timeout: 30000,
  queue_size: 1000,
};

// These names belong to the connection. What a server sends under them reaches "*" only.
const OWN_EVENTS = ["open", "close", "error", "message", "*"];

// A probe asks for an event that no server can have, since the name of an event is that of a Python function. Its
// refusal proves that the server is there, and no handler runs. Servers that know no ids quote it in a warning.
const PROBE_EVENT = "tornadowebsocket.ping";
const PROBE_ID = "ping";
const PROBE = JSON.stringify({ event: PROBE_EVENT, id: PROBE_ID });

// The page came to the fore: who was heard a moment ago needs no probe.
const MOMENT = 5000;

const NO_ORIGIN = { by: null, round: 0 };

/** Throw an error of somebody's callback where the page's own errors go, and let the other callbacks run. */
function report(/** @type {unknown} */ error) {
  if (typeof reportError === "function") return reportError(error);
  setTimeout(() => {
    throw error;
  });
}

/**
 * @param {string} event
 * @param {Data} [data]
 * @param {number} [id]
 * @returns {Message}
 */
function compose(event, data, id) {
  if (typeof event !== "string" || !event)
    throw new TypeError(`Expected the name of an event, got ${String(event)}.`);
  const object = typeof data === "string" ? { message: data } : (data ?? {});
  // Written at once, so that what is queued is what was meant when it was emitted.
  return { event, data: object, id, text: JSON.stringify({ event, data: object, id }) };
}

/** @returns {any} the frame that a text holds, `null` if it holds none */
function parse(/** @type {unknown} */ text) {
  try {
    const frame = JSON.parse(/** @type {string} */ (text));
    return frame && typeof frame.event === "string" ? frame : null;
  } catch {
    return null;
  }
}

/**
 * Whether a server that closes with this code means it. 1000 is a handler's `socket.close()`, and Tornado's without a
 * code comes as 1005; 4000 to 4999 are an application's own, but for 4008, which says that the page was too slow.
 * Servers that stop or crash were seen to use 1001, 1006, 1011, 1012 and 4008.
 */
function isFinal(/** @type {number} */ code) {
  return code === 1000 || code === 1005 || (code >= 4000 && code <= 4999 && code !== 4008);
}

/** The address of a path; host, port and scheme are the page's where the options name no others. */
function address(/** @type {string} */ path, /** @type {Partial<Options>} */ options) {
  const page = typeof location === "undefined" ? { protocol: "", hostname: "", port: "" } : location;
  const secure = options.secure ?? page.protocol === "https:";
  const host = options.host || page.hostname || "localhost";
  const port = options.port || (/:\d+$/.test(host) ? "" : page.port);
  return `${secure ? "wss" : "ws"}://${host}${port ? `:${port}` : ""}/ws/${path.replace(/^\/+/, "")}`;
}

/** Why a request got no answer: `code` is the server's, or one of this client's own. */
class RequestError extends Error {
  constructor(/** @type {string} */ event, /** @type {RequestErrorCode} */ code, message = "") {
    super(message || `The request ${event} failed: ${code}.`);
    this.name = "RequestError";
    this.event = event;
    this.code = code;
  }
}

/** Listeners by the name of their event. */
class Emitter {
  constructor() {
    /** @type {Map<string, Listener[]>} */
    this._listeners = new Map();
  }

  /** Call back whenever `event` comes. The same function counts once. */
  on(/** @type {string} */ event, /** @type {Callback} */ callback) {
    return this._listen(event, callback, false);
  }

  /** Call back when `event` comes next. */
  once(/** @type {string} */ event, /** @type {Callback} */ callback) {
    return this._listen(event, callback, true);
  }

  /**
   * Forget one listener of `event`, or all of them.
   *
   * @param {string} event
   * @param {Callback} [callback]
   */
  off(event, callback) {
    const listeners = this._listeners.get(event) ?? [];
    this._listeners.set(event, callback ? listeners.filter((listener) => listener.callback !== callback) : []);
    return this;
  }

  _listen(/** @type {string} */ event, /** @type {Callback} */ callback, /** @type {boolean} */ once) {
    if (typeof callback !== "function")
      throw new TypeError(`Expected a function for ${event}, got ${typeof callback}.`);
    const listeners = (this._listeners.get(event) ?? []).filter((listener) => listener.callback !== callback);
    this._listeners.set(
      event,
      place(listeners, { callback, once, ...this._origin() }, (listener) => `${listener.callback}`),
    );
    return this;
  }

  /** @returns {Origin} */
  _origin() {
    return NO_ORIGIN;
  }

  _dispatch(/** @type {string} */ event, /** @type {any[]} */ ...args) {
    for (const listener of this._listeners.get(event) ?? []) {
      // The list is never changed in place: who was removed by a listener before it is gone from the new one.
      if (!this._listeners.get(event)?.includes(listener)) continue;
      if (listener.once) this.off(event, listener.callback);
      this._call(event, listener, args);
    }
  }

  _call(/** @type {string} */ _event, /** @type {Listener} */ listener, /** @type {any[]} */ args) {
    try {
      listener.callback(...args);
    } catch (error) {
      report(error);
    }
  }
}

/**
 * Add `item` to `list`. Many pages add their listeners in a callback of "open", which runs again on each
 * reconnection: what it added the last time is replaced, so that nothing is heard twice.
 *
 * @template {Origin} T
 * @param {T[]} list
 * @param {T} item
 * @param {(item: T) => string} key tells which of the items added by one callback is which
 * @returns {T[]} a new list
 */
function place(list, item, key) {
  const isEarlier = (/** @type {T} */ other) =>
    item.by !== null && other.by === item.by && other.round < item.round && key(other) === key(item);
  const index = list.findIndex(isEarlier);
  return index < 0 ? [...list, item] : [...list.slice(0, index), item, ...list.slice(index + 1)];
}

/**
 * A part of a page that speaks with its counterpart on the server over a WebSocket shared with others: the names of
 * its events begin with `module_<name>_`.
 */
class Module extends Emitter {
  constructor(/** @type {string} */ name) {
    super();
    this.name = name;
    this.prefix = `module_${name}_`;
    /** @type {TornadoWebSocket | null} */
    this.websocket = null;
  }

  /**
   * @param {string} event
   * @param {Data} [data]
   * @returns {boolean}
   */
  emit(event, data) {
    return this._bound().emit(this.prefix + event, data);
  }

  /**
   * @param {string} event
   * @param {Data} [data]
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<any>}
   */
  request(event, data, options) {
    return this._bound().request(this.prefix + event, data, options);
  }

  _bound() {
    if (!this.websocket) throw new Error(`Bind the module ${this.name} first: websocket.bind(module).`);
    return this.websocket;
  }

  _bind(/** @type {TornadoWebSocket} */ websocket) {
    this.websocket = websocket;
  }

  _origin() {
    return this.websocket ? this.websocket._origin() : NO_ORIGIN;
  }

  /** Hear an event of the server, its name without the prefix. */
  _receive(/** @type {string} */ event, /** @type {any} */ data) {
    if (event !== "*") this._dispatch(event, data);
    this._dispatch("*", event, data);
  }
}

/** A WebSocket of the server, under its path there; it comes back by itself when the connection is lost. */
class TornadoWebSocket extends Emitter {
  constructor(/** @type {string} */ path, /** @type {Partial<Options>} */ options = {}) {
    super();
    if (typeof path !== "string" || !path)
      throw new TypeError(`Expected the path of a WebSocket, got ${String(path)}.`);
    const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
    this.path = path;
    /** @type {Options} */
    this.options = { ...DEFAULTS, ...Object.fromEntries(given) };
    this.url = address(path, this.options);
    /** @type {State} */
    this._state = "closed";
    /** @type {WebSocket | null} */
    this._socket = null;
    /** @type {Message[]} what waits for a connection */
    this._queue = [];
    /** @type {Message[]} what was sent since the server was last heard */
    this._unheard = [];
    /** @type {Map<number, Request>} */
    this._requests = new Map();
    this._lastId = 0;
    /** @type {(Origin & { module: Module })[]} */
    this._modules = [];

    this._attempt = 0; // attempts to reconnect since the connection was lost
    /** @type {Event | null} */
    this._openEvent = null;
    this._openedAt = 0;
    this._heardAt = 0;
    this._isProbing = false;
    this._owesAnswer = false; // a handler may be at work on what was sent
    this._isDoubtful = false; // the server let us in before, and then said nothing
    /** @type {any} of the attempt, then of the silence, then of the probe */
    this._timer = null;
    /** @type {any} */
    this._retryTimer = null;
    /** @type {Origin} */
    this._opening = NO_ORIGIN;
    this._onPageChange = (/** @type {Event} */ event) => this._checkAfter(event.type);

    if (this.options.auto_connect) this.connect();
  }

  /** "connecting", "open", "reconnecting", or "closed": not connected, and not trying to be. */
  get state() {
    return this._state;
  }

  /** The browser's own WebSocket of the moment; `null` when there is none. */
  get websocket() {
    return this._socket;
  }

  /** Connect, or do so at once when waiting to reconnect. Does nothing when connected. */
  connect() {
    if (this._socket) return;
    clearTimeout(this._retryTimer);
    this._retryTimer = null;
    this._attach();
    if (this._state !== "closed") return;
    this._state = "connecting";
    this._followPage("addEventListener");
  }

  /** Close for good; what still waits to be sent is dropped. `connect()` opens it again. */
  close(code = 1000, reason = "") {
    const socket = this._socket;
    this._socket = null; // what it says to being closed concerns nobody
    try {
      socket?.close(code, reason);
    } catch (error) {
      this._socket = socket; // it does not like the code
      throw error;
    }
    const wasKnown = this._state === "open" || this._state === "connecting";
    this._stop("closed");
    const queue = this._queue;
    this._queue = [];
    for (const message of queue) this._drop(message, "closed");
    for (const id of [...this._requests.keys()]) this._fail(id, "closed");
    if (wasKnown) this._dispatch("close", { type: "close", code, reason, wasClean: true });
  }

  /**
   * Send an event to the server, as soon as there is a connection. A string is sent as `{message: string}`.
   *
   * @param {string} event
   * @param {Data} [data]
   * @returns {boolean} false if it was dropped, because too much waits already
   */
  emit(event, data) {
    return this._submit(compose(event, data));
  }

  /**
   * Send an event to the server, and await what its handler returns.
   *
   * @param {string} event
   * @param {Data} [data]
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<any>} rejected with a RequestError when the server refuses, or does not answer in time, or
   *   the connection is lost meanwhile
   */
  request(event, data, { timeout = this.options.request_timeout } = {}) {
    return new Promise((resolve, reject) => {
      const id = ++this._lastId;
      const message = compose(event, data, id);
      const timer = timeout > 0 && timeout < Infinity ? setTimeout(() => this._fail(id, "timeout"), timeout) : null;
      this._requests.set(id, { message, timeout, timer, resolve, reject });
      this._submit(message);
    });
  }

  /** Let a module speak over this WebSocket. */
  bind(/** @type {Module} */ module) {
    module._bind(this);
    const others = this._modules.filter((item) => item.module !== module);
    this._modules = place(others, { module, ...this._origin() }, (item) => item.module.prefix);
    return this;
  }

  // The connection.

  _attach() {
    const { connect_timeout, WebSocket: given } = this.options;
    const socket = new (given ?? WebSocket)(this.url);
    /** What a socket that was given up has to say concerns nobody. */
    const ours = (/** @type {(event: any) => void} */ hear) => (/** @type {any} */ event) => {
      if (this._socket === socket) hear(event);
    };
    this._socket = socket;
    socket.onopen = ours((event) => {
      this._openEvent = event;
      if (this._isDoubtful) socket.send(PROBE);
      else this._open();
    });
    socket.onmessage = ours((event) => this._receive(event));
    socket.onerror = ours((event) => this._isFirstToFail() && this._dispatch("error", event));
    socket.onclose = ours((event) => this._lose(event));
    this._timer = setTimeout(() => this._abandon("The server did not answer."), connect_timeout);
  }

  _open() {
    const attempts = this._attempt;
    const isBack = this._state === "reconnecting";
    this._state = "open";
    this._openedAt = this._heardAt = Date.now();
    this._owesAnswer = false;
    this._watch();
    // What the page sends on "open", such as who it is, comes before what waited.
    this._opening = { by: null, round: this._opening.round + 1 };
    this._dispatch("open", this._openEvent);
    if (isBack) this._dispatch("reconnected", { attempts });
    this._flush();
  }

  /** The connection is gone, or could not be made: tell, and try again unless that makes no sense. */
  _lose(/** @type {CloseInfo} */ event) {
    const isNews = this._isFirstToFail();
    const isMeant = isFinal(event.code);
    const unheard = this._unheard;
    // A server that lets in and closes at once is not to be asked without a pause.
    if (this._state === "open" && Date.now() - this._openedAt > this.options.reconnect_delay_max) this._attempt = 0;
    this._stop(this.options.reconnect && !isMeant ? "reconnecting" : "closed");
    if (isNews) this._dispatch("close", event);
    if (!isMeant) for (const message of unheard) this._drop(message, "disconnected");
    for (const [id, { message }] of this._requests) {
      if (!this._queue.includes(message)) this._fail(id, "disconnected");
    }
    // A listener may have closed or connected meanwhile.
    if (this._state === "reconnecting" && !this._socket) this._retry();
  }

  _retry() {
    const { reconnect_delay, reconnect_delay_max } = this.options;
    const longest = Math.min(reconnect_delay_max, reconnect_delay * 2 ** this._attempt);
    // Spread over half of it, so that a server that restarts does not see everybody at once.
    const delay = Math.round(longest * (0.5 + Math.random() / 2));
    this._attempt += 1;
    this._retryTimer = setTimeout(() => this.connect(), delay);
    this._dispatch("reconnecting", { attempt: this._attempt, delay });
  }

  /** Give up a connection that does not answer. Closing it properly would take an answer, too. */
  _abandon(/** @type {string} */ reason) {
    const socket = this._socket;
    this._lose({ type: "close", code: 1006, reason, wasClean: false });
    socket?.close();
  }

  _stop(/** @type {State} */ state) {
    clearTimeout(this._timer);
    clearTimeout(this._retryTimer);
    this._retryTimer = null;
    this._socket = null;
    this._isProbing = false;
    this._unheard = [];
    this._state = state;
    if (state !== "closed") return;
    this._attempt = 0;
    this._isDoubtful = false;
    this._followPage("removeEventListener");
  }

  /** Whether losing the connection now is news to the page, unlike one more failed attempt to reconnect. */
  _isFirstToFail() {
    return this._state !== "reconnecting";
  }

  // Sending.

  _submit(/** @type {Message} */ message) {
    // While a probe is out nobody knows whether the connection is still one.
    if (this._state === "open" && !this._isProbing && this._socket?.readyState === 1) this._send(message);
    else if (this._queue.length < this.options.queue_size) this._queue.push(message);
    else return this._drop(message, "queue_full");
    return true;
  }

  _send(/** @type {Message} */ message) {
    this._socket?.send(message.text);
    this._owesAnswer = true;
    this._unheard.push(message);
    if (this._unheard.length > this.options.queue_size) this._unheard.shift();
  }

  _flush() {
    const queue = this._queue;
    this._queue = [];
    for (const message of queue) this._submit(message);
  }

  /** Tell whoever sent it that a message did not get through. */
  _drop(/** @type {Message} */ message, /** @type {"queue_full" | "disconnected" | "closed"} */ reason) {
    if (message.id !== undefined) this._fail(message.id, reason);
    else this._dispatch("dropped", { event: message.event, data: message.data, reason });
    return false;
  }

  _fail(/** @type {number} */ id, /** @type {RequestErrorCode} */ code, text = "") {
    const request = this._settle(id);
    if (!request) return;
    this._queue = this._queue.filter((message) => message !== request.message);
    request.reject(new RequestError(request.message.event, code, text));
  }

  /** @returns {Request | undefined} the request, which is no longer open */
  _settle(/** @type {number} */ id) {
    const request = this._requests.get(id);
    this._requests.delete(id);
    clearTimeout(request?.timer);
    return request;
  }

  // Receiving.

  _receive(/** @type {MessageEvent} */ event) {
    const socket = this._socket;
    const frame = parse(event.data);
    const isAnswer = frame?.event === "reply" && frame.id === PROBE_ID;
    this._hear(isAnswer);
    if (this._socket !== socket) return; // closed by a listener of "open"
    if (isAnswer || (frame?.event === "warning" && event.data.includes(PROBE_EVENT))) return;
    this._dispatch("message", event);
    if (!frame) return;
    if (frame.event === "reply" && frame.id !== undefined) this._answer(frame);
    else this._deliver(frame.event, frame.data);
  }

  /** Whatever comes proves that the connection lives. */
  _hear(/** @type {boolean} */ isAnswer) {
    this._heardAt = Date.now();
    this._unheard = [];
    this._isDoubtful = false;
    // Frames are answered in order: whatever was sent before the probe has been dealt with.
    if (isAnswer) this._owesAnswer = false;
    if (this._state !== "open") this._open();
    if (!this._isProbing) return;
    this._isProbing = false;
    this._watch();
    this._flush();
  }

  _answer(/** @type {{ id: number, data: any, error?: { code: RequestErrorCode, message: string } }} */ frame) {
    if (frame.error) this._fail(frame.id, frame.error.code, frame.error.message);
    else this._settle(frame.id)?.resolve(frame.data);
  }

  _deliver(/** @type {string} */ event, /** @type {any} */ data) {
    if (!OWN_EVENTS.includes(event)) this._dispatch(event, data);
    this._dispatch("*", event, data);
    for (const { module } of this._modules) {
      if (event.startsWith(module.prefix)) module._receive(event.slice(module.prefix.length), data);
    }
  }

  // Is the server still there? A connection that died of a sleeping machine or a changed network says nothing.

  /** Look again when it has been silent for long enough. */
  _watch() {
    const { ping_interval } = this.options;
    clearTimeout(this._timer);
    if (!(ping_interval > 0)) return;
    const rest = ping_interval - (Date.now() - this._heardAt);
    this._timer = setTimeout(
      () => (Date.now() - this._heardAt < ping_interval ? this._watch() : this._probe()),
      rest,
    );
  }

  /** Send a probe; the connection has so long to say anything. */
  _probe(patience = this._patience(), isSecond = false) {
    const sentAt = Date.now();
    this._isProbing = true;
    this._socket?.send(PROBE);
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      // A timer this late means that the page slept: the answer may be right behind it.
      if (Date.now() - sentAt > patience + MOMENT && !isSecond) return this._probe(patience, true);
      this._isDoubtful = true;
      this._abandon("The server fell silent.");
    }, patience);
  }

  /** A server handles frames in order, so its answer to a probe waits for the handlers of what was sent before. */
  _patience() {
    const { ping_timeout, busy_timeout } = this.options;
    if (!this._owesAnswer) return ping_timeout;
    const awaited = [...this._requests.values()].map(({ timeout }) => (timeout < Infinity ? timeout : 0));
    return Math.max(ping_timeout, busy_timeout, ...awaited);
  }

  _followPage(/** @type {"addEventListener" | "removeEventListener"} */ follow) {
    if (typeof document !== "undefined") document[follow]("visibilitychange", this._onPageChange);
    if (typeof globalThis[follow] !== "function") return; // not in a browser
    for (const event of ["online", "offline", "pageshow"]) globalThis[follow](event, this._onPageChange);
  }

  /** The page came to the fore, or the network came or went. */
  _checkAfter(/** @type {string} */ change) {
    if (change === "visibilitychange" && document.visibilityState === "hidden") return;
    if (this._retryTimer && change !== "offline") return this.connect();
    if (this._state !== "open" || !(this.options.ping_interval > 0)) return;
    // On another network a silent connection is more likely to be dead than to be at work.
    if (change === "online") this._probe(this.options.ping_timeout);
    else if (!this._isProbing && (change === "offline" || Date.now() - this._heardAt > MOMENT)) this._probe();
  }

  // Listeners that are added by a listener of "open"; see place().

  _origin() {
    return this._opening;
  }

  _call(/** @type {string} */ event, /** @type {Listener} */ listener, /** @type {any[]} */ args) {
    if (event === "open" && !listener.once) this._opening = { by: listener, round: this._opening.round };
    super._call(event, listener, args);
    if (event === "open") this._opening = { by: null, round: this._opening.round };
  }
}

TornadoWebSocket.Module = Module;
TornadoWebSocket.RequestError = RequestError;

export { TornadoWebSocket as default, TornadoWebSocket, Module, RequestError };
