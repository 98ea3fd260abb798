// Fragments: an element with `data-websocket` shows what the server sends it as HTML, and its forms send events, with no
// JavaScript of the page's own.
//
// Made of src/fragments.mjs and tornadowebsocket.mjs
// by .ci/browser_client.py: change those, not this.
(function () {
  "use strict";

  const TornadoWebSocket = (function () {
    /**
     * @typedef {(...args: any[]) => unknown} Callback
     * @typedef {{ by: Listener | null, round: number }} Origin the "open" callback a listener was added by, and in which
     *   of its runs
     * @typedef {Origin & { callback: Callback, once: boolean }} Listener
     * @typedef {{ steady: number, wall: number }} Moment
     * @typedef {object} Message
     * @property {string} event
     * @property {object} data
     * @property {number} [id] of a request
     * @property {string} text what is sent
     * @property {boolean} mayWait for a connection
     * @property {number} maxAge when it is older than that it is not sent any more
     * @property {Moment} madeAt
     * @property {number} size in bytes, once it waits
     * @property {number} number among what was sent over its connection
     * @typedef {object} Request
     * @property {Message} message
     * @property {number} timeout
     * @property {any} [timer]
     * @property {Callback} resolve
     * @property {Callback} reject
     * @property {(part: any, text: string) => void} [add] takes a part of the answer; `text` is the frame that brought it
     * @typedef {{ frame: any, event?: MessageEvent }} Arrival a frame, and how it came, unless in a welcome
     * @typedef {object} Hello what was said on this connection, until it is answered
     * @property {boolean} wasOpen whether the client had been open before
     * @property {number | null} attempts to be told in "reconnected" when the answer has come
     * @property {Arrival[] | null} held what came meanwhile, if a replay may have to come before it
     * @property {number} size of what is held, in characters
     * @property {any} timer
     */

    /** All times are in milliseconds. */
    const DEFAULTS = {
      auto_connect: true,
      connect_timeout: 15000,
      reconnect: true,
      reconnect_delay: 1000,
      reconnect_delay_max: 15000,
      max_refusals: 0,
      ping_interval: 25000,
      ping_timeout: 19000,
      busy_timeout: 120000,
      request_timeout: 30000,
      queue_size: 1000,
      queue_bytes: 8_000_000,
      recover: true,
    };

    const OPTIONS = [...Object.keys(DEFAULTS), ..."host port secure prefix token protocols since WebSocket".split(" ")];

    // These names belong to the connection. What a server sends under them reaches "*" only.
    const OWN_EVENTS = ["open", "close", "error", "message", "*"];

    // Names that begin so belong to the protocol: no callback hears of such a frame, but for one of HTML by its name.
    const PROTOCOL = "tws.";
    const HTML_EVENT = "tws.html";

    // A server answers it out of turn, whatever handler is at work. One of version 1.0.0 refuses it in a warning that quotes
    // the name, when it is through with what was sent before: that shows that the line lives, too.
    const PING_EVENT = "tws.ping";
    const PONG_EVENT = "tws.pong";
    const PING = JSON.stringify({ event: PING_EVENT });

    // Says where the client stands, and is answered by what it missed since.
    const HELLO_EVENT = "tws.hello";
    const WELCOME_EVENT = "tws.welcome";
    const GAP_EVENT = "tws.gap";

    // What comes before a welcome that is to bring a replay is held, so much of it and for so long. A welcome of 900,000
    // bytes takes that long on a line of 256 kbit/s; while it comes in, nothing else does.
    const HELD_FRAMES = 10_000;
    const HELD_SIZE = 8_000_000;
    const WELCOME_TIMEOUT = 30_000;

    // A server takes so many senders in a position, and so many ids. Its own positions name 64 at most.
    const MAX_SENDERS = 1000;
    const MAX_IDS = 100;

    // What is held for a loop that takes the parts of an answer more slowly than they come.
    const HELD_PARTS = 1000;
    const HELD_PART_BYTES = 1_048_576;

    const CANCEL_EVENT = "tws.cancel";
    const REPLY_EVENT = "tws.reply";
    const PRESENCE_EVENT = "presence";

    // The page came to the fore: who was heard a moment ago needs no probe.
    const MOMENT = 5000;

    // The network came or went: so long may a server that is probed say nothing, so that a page is not called open for more
    // than 5 s after it went, and has a working connection within 8 s after it came.
    const URGENT = 4000;

    // Browsers tell of a change in several ways, within so long.
    const ONE_CHANGE = 100;

    // What a page emits is confirmed together when it was emitted within so long.
    const CONFIRM_DELAY = 250;

    // With pings nobody gets there. Without, a server that never says a word must not fill the page's memory.
    const MAX_UNCONFIRMED = 10_000;

    // So many attempts that never open are told. After some more, which a server that restarts has had its time by, the
    // pauses grow further, up to so many times the longest.
    const TOLD_REFUSALS = 3;
    const PATIENT_REFUSALS = 5;
    const REFUSED_FACTOR = 4;

    // No server may keep a page away for longer by its `retry`.
    const LONGEST_RETRY = 300_000;

    // What is offered before the token; RFC 9110 says what can be offered as it is.
    const BEARER = "bearer";
    const BEARER_BASE64 = "bearer.b64";
    const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/;

    // Methods that may follow `on(...)`, which returned the emitter in version 1.0.0.
    const CHAINED = ["on", "once", "off", "bind"];

    const NO_ORIGIN = { by: null, round: 0 };

    // Known only while a classic script is being run; see findPrefix().
    const SCRIPT_PREFIX = typeof document === "undefined" ? undefined : document.currentScript?.dataset?.prefix;

    /** Throw an error of somebody's callback where the page's own errors go, and let the other callbacks run. */
    function report(/** @type {unknown} */ error) {
      if (typeof reportError === "function") return reportError(error);
      setTimeout(() => {
        throw error;
      });
    }

    /** @returns {Moment} now, by a clock that may stand still while the machine sleeps, and by one that may be set */
    const mark = () => ({ steady: performance.now(), wall: Date.now() });

    /** How long ago a moment was: as long as either clock says. */
    const since = (/** @type {Moment} */ { steady, wall }) => Math.max(performance.now() - steady, Date.now() - wall);

    /** Whether the browser knows that there is no network; that there is one it only supposes. */
    const isOffline = () => typeof navigator !== "undefined" && navigator.onLine === false;

    /** @type {Set<string>} */
    const warned = new Set();

    /** Tell a developer something, once for each page. */
    function warn(/** @type {string} */ text) {
      if (!warned.has(text)) console.warn(`TornadoWebSocket: ${text}`);
      warned.add(text);
    }

    /** Tell of an option that is none, and of one that has most of its pairs of letters. */
    function checkOption(/** @type {string} */ option) {
      let [most, nearest] = [option.length - 3, ""];
      for (const name of OPTIONS) {
        const pairs = [...option].filter((item, index) => name.includes(item + option[index + 1])).length;
        if (3 * pairs - name.length > most) [most, nearest] = [3 * pairs - name.length, name];
      }
      if (nearest !== option) warn(`no option "${option}"${nearest && `, but "${nearest}"`}.`);
    }

    /** @returns {never} */
    function refuse(/** @type {string} */ expected, /** @type {unknown} */ got) {
      throw new TypeError(`Expected ${expected}, got ${String(got)}.`);
    }

    /**
     * @param {string} event
     * @param {Data} [data]
     * @param {SendOptions} [options]
     * @param {number} [id]
     * @returns {Message}
     */
    function compose(event, data, options, id) {
      if (typeof event !== "string" || !event) refuse("the name of an event", event);
      const object = typeof data === "object" ? (data ?? {}) : data === undefined ? {} : { message: data };
      const { queue = true, maxAge = Infinity } = options ?? {};
      // Written at once, so that what is queued is what was meant when it was emitted.
      const text = JSON.stringify({ event, data: object, id });
      return { event, data: object, id, text, mayWait: queue, maxAge, madeAt: mark(), size: 0, number: 0 };
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

    /** How long a server that closes asks its clients to spread their return over; `null` if it does not say. */
    function parseRetry(/** @type {CloseInfo} */ { code, reason }) {
      const retry = code === 1001 || code === 1012 ? /\bretry=(\d+)/.exec(reason) : null;
      return retry && Math.min(Number(retry[1]), LONGEST_RETRY);
    }

    /**
     * Choose a pause before an attempt. All clients of a server lose it together: they must not come back together, and not
     * find it away together.
     *
     * @param {Options} options
     * @param {number} round how many pauses there were before this one
     * @param {number} refusals how many attempts in a row never opened
     * @param {number | null} retry what the server asked for
     */
    function choosePause({ reconnect_delay, reconnect_delay_max }, round, refusals, retry) {
      if (retry !== null) return Math.random() * retry;
      const limit = reconnect_delay_max * (refusals > PATIENT_REFUSALS ? REFUSED_FACTOR : 1);
      const longest = Math.min(limit, reconnect_delay * 2 ** round);
      return round === 0 ? Math.random() * longest : longest * (0.5 + Math.random() / 2);
    }

    /** @returns {{ protocol: string, hostname: string, port: string } | null} where the page came from, if from a server */
    function findPage() {
      const { location, origin } = globalThis;
      if (/^https?:$/.test(location?.protocol)) return location;
      // A worker or a frame that was made of a blob or of nothing has the origin of the page that made it.
      return /^https?:/.test(origin) ? new URL(origin) : null;
    }

    /**
     * The prefix under which the site is served, as its own script tells by an attribute. A script knows its element while it
     * is run for the first time; a module never does, so there any script of the page that has the attribute will do.
     */
    function findPrefix() {
      if (typeof document === "undefined") return "";
      /** @type {HTMLScriptElement | null | undefined} */
      const script = document.querySelector?.('script[data-prefix^="/"]');
      return SCRIPT_PREFIX ?? script?.dataset.prefix ?? "";
    }

    /** The address of a path; host, port, scheme and prefix are the page's where the options name no others. */
    function address(/** @type {string} */ path, /** @type {Partial<Options>} */ options) {
      const page = findPage();
      const host = options.host || page?.hostname;
      if (!host)
        throw new TypeError(
          `Expected the option host, since no page says which: new TornadoWebSocket("${path}", { host: "example.com" }).`,
        );
      const secure = options.secure ?? page?.protocol === "https:";
      const port = options.port || (/:\d+$/.test(host) ? "" : page?.port);
      const prefix = (options.prefix ?? findPrefix()).replace(/^\/+|\/+$/g, "");
      const root = `${secure ? "wss" : "ws"}://${host}${port ? `:${port}` : ""}${prefix && `/${prefix}`}`;
      return `${root}/ws/${path.replace(/^\/+/, "")}`;
    }

    const byteLength = (/** @type {string} */ text) => new TextEncoder().encode(text).length;

    function toBase64url(/** @type {string} */ text) {
      const bytes = String.fromCharCode(...new TextEncoder().encode(text));
      return btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    }

    function fromBase64url(/** @type {string} */ text) {
      const bytes = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
      return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    }

    /** The subprotocols that carry a token, which is all that a browser lets a page say at the handshake. */
    function carry(/** @type {string | null | undefined} */ token) {
      if (!token) return [];
      return TOKEN.test(token) ? [BEARER, token] : [BEARER_BASE64, toBase64url(token)];
    }

    /** @returns {Map<string, number> | null} the position that a page was given, as a text or as what that holds */
    function readPosition(/** @type {string | Record<string, number> | null | undefined} */ given) {
      if (!given) return null;
      try {
        const entries = Object.entries(typeof given === "string" ? JSON.parse(fromBase64url(given)) : given);
        if (entries.every(([, number]) => Number.isSafeInteger(number) && number >= 0)) return new Map(entries);
      } catch {
        // Neither base64url nor JSON, so it is none either.
      }
      refuse("the option since as {% websocket_position %} or the position of a client has it", given);
    }

    /** Why a request got no answer: `code` is the server's, or one of this client's own. */
    class RequestError extends Error {
      /**
       * @param {string} event
       * @param {RequestErrorCode} code
       * @param {string} [message]
       * @param {Record<string, any>} [details] what else the server said about it
       */
      constructor(event, code, message = "", details = {}) {
        super(message || `The request ${event} failed: ${code}.`);
        this.name = "RequestError";
        this.event = event;
        this.code = code;
        this.details = details;
      }
    }

    /** What waits for a connection: so many messages, so many bytes. */
    class Queue {
      constructor(/** @type {number} */ size, /** @type {number} */ bytes) {
        this._size = size;
        this._room = bytes;
        /** @type {Set<Message>} in the order they came */
        this._messages = new Set();
      }

      /** @returns {boolean} false if there is no room for it */
      add(/** @type {Message} */ message) {
        message.size = byteLength(message.text);
        if (this._messages.size >= this._size || message.size > this._room) return false;
        this._messages.add(message);
        this._room -= message.size;
        return true;
      }

      has(/** @type {Message} */ message) {
        return this._messages.has(message);
      }

      remove(/** @type {Message} */ message) {
        if (this._messages.delete(message)) this._room += message.size;
      }

      /** Take out those that `isWanted`, which is all of them by default. */
      take(isWanted = (/** @type {Message} */ _message) => true) {
        const taken = [...this._messages].filter(isWanted);
        for (const message of taken) this.remove(message);
        return taken;
      }
    }

    /** Where a client stands in the history of its path: the number of the newest event of each sender that it has shown. */
    class Place {
      constructor(/** @type {Map<string, number> | null} */ position) {
        this.position = position;
        /** @type {Map<string, number>} where the last hello said that it stands */
        this._since = new Map();
        /**
         * What was shown, in distinction from what a welcome counts: that may be still on its way.
         *
         * @type {Map<string, number>}
         */
        this._shown = new Map();
      }

      /** A connection begins from here. */
      begin() {
        this._since = new Map(this.position ?? []);
        this._shown = new Map(this._since);
      }

      /** Whether the event at this place has not been shown yet. What has no place is always news. */
      isNews(/** @type {string | undefined} */ at) {
        const [sender, number] = split(at);
        return !sender || number > (this._shown.get(sender) ?? 0);
      }

      show(/** @type {string | undefined} */ at) {
        const [sender, number] = split(at);
        if (!sender) return;
        keepLarger(this._shown, sender, number);
        // Before the first welcome the client stands nowhere, whatever it has seen.
        if (this.position) keepLarger(this.position, sender, number);
      }

      /**
       * A welcome is worked through.
       *
       * @param {Record<string, number> | undefined} at where it says that the path stands; there is none without history
       * @param {boolean} isRecovered
       */
      arrive(at, isRecovered) {
        this.position = at ? new Map(Object.entries(at)) : null;
        for (const [sender, number] of [...this._shown]) {
          const named = this.position?.get(sender) ?? 0;
          // The welcome leaves out who need not be named any more; who was heard since the hello is another matter.
          if (number !== this._since.get(sender) || (isRecovered && named)) {
            if (this.position) keepLarger(this.position, sender, number);
          } else if (!isRecovered && number > named) {
            this._shown.delete(sender); // it has begun anew, if it is there at all
          }
        }
      }
    }

    /** @returns {[string, number]} sender and number of an event's place; of what has none, "" and 0 */
    function split(at = "") {
      const dot = at.lastIndexOf(".");
      return [at.slice(0, dot), Number(at.slice(dot + 1))];
    }

    /** Put what came of each sender in the order of its numbers, in the slots that it had. What has no place stays. */
    function inOrder(/** @type {Arrival[]} */ arrivals) {
      const placeOf = (/** @type {Arrival} */ { frame }) => split(frame?.at);
      /** @type {Map<string, Arrival[]>} */
      const bySender = new Map(arrivals.map((arrival) => [placeOf(arrival)[0], []]));
      const sorted = [...arrivals].sort((one, other) => placeOf(one)[1] - placeOf(other)[1]);
      for (const arrival of sorted) bySender.get(placeOf(arrival)[0])?.push(arrival);
      return arrivals.map((arrival) => bySender.get(placeOf(arrival)[0])?.shift() ?? arrival);
    }

    /** Keep the larger of two numbers of a sender; who was silent for longest is forgotten when there are too many. */
    function keepLarger(
      /** @type {Map<string, number>} */ numbers,
      /** @type {string} */ sender,
      /** @type {number} */ number,
    ) {
      const larger = Math.max(number, numbers.get(sender) ?? 0);
      numbers.delete(sender);
      numbers.set(sender, larger);
      if (numbers.size > MAX_SENDERS) numbers.delete(numbers.keys().next().value ?? "");
    }

    /** The parts of an answer, for a loop `for await`. */
    class Stream {
      /**
       * @param {string} event
       * @param {() => void} leave tells the server that no more is wanted
       */
      constructor(event, leave) {
        this._event = event;
        this._leave = leave;
        /** @type {{ value: any, size: number }[]} */
        this._parts = [];
        this._size = 0;
        /** @type {{ resolve: (result: IteratorResult<any>) => void, reject: Callback }[]} calls of `next` that wait */
        this._waiting = [];
        this._isOver = false;
        /** @type {unknown} why it is over, to be thrown once */
        this._error = undefined;
      }

      [Symbol.asyncIterator]() {
        return this;
      }

      /** @returns {Promise<IteratorResult<any>>} */
      async next() {
        const part = this._parts.shift();
        if (part) {
          this._size -= part.size;
          return { done: false, value: part.value };
        }
        if (!this._isOver) return new Promise((resolve, reject) => this._waiting.push({ resolve, reject }));
        const error = this._error;
        this._error = undefined;
        if (error) throw error;
        return { done: true, value: undefined };
      }

      /**
       * Leave: a loop does so by `break`, and whoever else holds the stream may at any time.
       *
       * @param {any} [value]
       * @returns {Promise<IteratorResult<any>>}
       */
      async return(value) {
        this._parts = [];
        this._error = undefined;
        if (!this._isOver) this._leave();
        this._end();
        return { done: true, value };
      }

      _add(/** @type {any} */ value, /** @type {string} */ text) {
        const waiting = this._waiting.shift();
        if (waiting) return waiting.resolve({ done: false, value });
        const size = byteLength(text);
        if (this._parts.length >= HELD_PARTS || this._size + size > HELD_PART_BYTES) {
          this._leave();
          return this._end(new RequestError(this._event, "lagging", "The parts came faster than they were taken."));
        }
        this._parts.push({ value, size });
        this._size += size;
      }

      /** Nothing more will come; what is held may still be taken. */
      _end(/** @type {unknown} */ error = undefined) {
        this._isOver = true;
        this._error = error;
        for (const { resolve, reject } of this._waiting.splice(0)) this.next().then(resolve, reject);
      }
    }

    /** Listeners by the name of their event. */
    class Emitter {
      constructor() {
        /** @type {Map<string, Listener[]>} */
        this._listeners = new Map();
      }

      /** Call back whenever `event` comes, until what it returns is called. The same function counts once. */
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

      /** @returns {any} a function that takes the listener off */
      _listen(/** @type {string} */ event, /** @type {Callback} */ callback, /** @type {boolean} */ once) {
        if (typeof callback !== "function") refuse(`a function for ${event}`, typeof callback);
        const listeners = (this._listeners.get(event) ?? []).filter((listener) => listener.callback !== callback);
        this._listeners.set(
          event,
          place(listeners, { callback, once, ...this._origin(callback) }, (listener) => `${listener.callback}`),
        );
        /** @type {any} */
        const [self, takeOff] = [this, () => void this.off(event, callback)];
        for (const name of CHAINED) if (self[name]) takeOff[name] = self[name].bind(self);
        return takeOff;
      }

      /**
       * Where a listener, or a module, is added.
       *
       * @param {Callback} [_callback]
       * @returns {Origin}
       */
      _origin(_callback) {
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
      constructor(name = "") {
        super();
        this.name = name;
        // In 0.2 the subclass wrote the underscore at the end of the name.
        this.prefix = `module_${name}${/_$/.test(name) ? "" : "_"}`;
        /** @type {TornadoWebSocket | null} */
        this.websocket = null;
      }

      /**
       * @param {string} event
       * @param {Data} [data]
       * @param {SendOptions} [options]
       * @returns {boolean}
       */
      emit(event, data, options) {
        return this._bound().emit(this.prefix + event, data, options);
      }

      /**
       * @param {string} event
       * @param {Data} [data]
       * @param {RequestOptions} [options]
       * @returns {Promise<any>}
       */
      request(event, data, options) {
        return this._bound().request(this.prefix + event, data, options);
      }

      /**
       * @param {string} event
       * @param {Data} [data]
       * @param {SendOptions} [options]
       * @returns {Parts}
       */
      stream(event, data, options) {
        return this._bound().stream(this.prefix + event, data, options);
      }

      _bound() {
        if (!this.websocket) throw new Error(`Bind the module ${this.name} first: websocket.bind(module).`);
        return this.websocket;
      }

      _bind(/** @type {TornadoWebSocket} */ websocket) {
        this.websocket = websocket;
      }

      /** @param {Callback} [callback] */
      _origin(callback) {
        return this.websocket ? this.websocket._origin(callback) : NO_ORIGIN;
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
        if (typeof path !== "string" || !path.trim()) refuse("the path of a WebSocket", path);
        const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
        for (const [name] of given) checkOption(name);
        this.path = path.trim();
        if (/^\/*ws\//.test(this.path)) warn(`/ws/ comes before every path, "${this.path}" too.`);
        /** @type {Options} */
        this.options = { ...DEFAULTS, ...Object.fromEntries(given) };
        /** @type {State} */
        this._state = "closed";
        this._isEnded = false; // closed, unlike before the first connect()
        /** @type {WebSocket | null} */
        this._socket = null;
        this._queue = new Queue(this.options.queue_size, this.options.queue_bytes);
        /** @type {Map<number, Request>} */
        this._requests = new Map();
        this._lastId = 0;
        /** @type {Map<string, Callback>} what answers the server's questions */
        this._answers = new Map();
        /** @type {(Origin & { module: Module })[]} */
        this._modules = [];
        /** @type {Map<string, Person>} */
        this._people = new Map();
        /** @type {number | null} */
        this._peopleCount = null;

        // What is missed while there is no connection.
        this._place = new Place(readPosition(this.options.since));
        /** @type {string[]} ids of its connections, the newest last */
        this._ids = [];
        /** @type {Hello | null} */
        this._hello = null;

        // Attempts to connect.
        this._attempt = 0; // attempts to reconnect since the connection was lost
        this._round = 0; // pauses before them, since the network last changed
        this._refusals = 0; // attempts in a row that never opened
        /** @type {object | null} the attempt that waits for its token */
        this._asking = null;
        this._begunAt = mark();
        this._hasOpened = false; // in this attempt
        this._isDoubtful = false; // the server let us in before, and then said nothing
        /** @type {any} of the attempt, then of the silence, then of the probe */
        this._timer = null;
        /** @type {any} */
        this._retryTimer = null;
        /** @type {Event | null} */
        this._openEvent = null;
        /** @type {Origin} */
        this._opening = NO_ORIGIN;

        // What is known of the connection.
        this._openedAt = this._heardAt = mark();
        this._isProbing = false;
        this._probeEnd = 0;
        this._answersInTurn = false; // as version 1.0.0 of the server does
        /** @type {{ number: number, at: Moment }[]} pings without an answer, and how much had been sent before each */
        this._pings = [];
        this._sent = 0;
        this._confirmed = 0; // so many of them the server is known to have
        /** @type {Message[]} what was emitted and is not confirmed, while anybody wants to know */
        this._unconfirmed = [];
        /** @type {any} */
        this._confirmTimer = null;
        this._onPageChange = (/** @type {Event} */ event) => this._checkAfter(event.type);

        if (this.options.auto_connect) this.connect();
      }

      /** Where it connects to. */
      get url() {
        return address(this.path, this.options);
      }

      /** "connecting", "open", "reconnecting", or "closed": not connected, and not trying to be. */
      get state() {
        return this._state;
      }

      /** The browser's own WebSocket of the moment; `null` when there is none. */
      get websocket() {
        return this._socket;
      }

      /** What `websocket` was called in 0.2. */
      get _websocket() {
        warn('"_websocket" is called "websocket" now; the old name will go.');
        return this._socket;
      }

      /** What the server calls this connection, or the one before, until it has said; `null` before the first. */
      get id() {
        return this._ids.length ? this._ids[this._ids.length - 1] : null;
      }

      /**
       * For what the page asks of the server by other means: with these headers, what that causes may leave this client out.
       *
       * @returns {Record<string, string>}
       */
      get headers() {
        return this.id === null ? {} : { "X-WebSocket-ID": this.id };
      }

      /** Where this client stands in the path's history, as the option `since` takes it; `null` where there is none. */
      get position() {
        const { position } = this._place;
        return position && toBase64url(JSON.stringify(Object.fromEntries(position)));
      }

      /** Who is here, by their ids. It is always the same Map. */
      get people() {
        return this._people;
      }

      /** How many are here. Where the server tells no more than that, `people` is empty. */
      get people_count() {
        return this._peopleCount ?? this._people.size;
      }

      /** Connect, or do so at once when waiting to reconnect. Does nothing when connected. */
      connect() {
        if (this._socket || this._asking) return;
        clearTimeout(this._retryTimer);
        this._retryTimer = null;
        this._attach();
        if (this._state !== "closed") return;
        this._state = "connecting";
        this._isEnded = false;
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
        for (const message of this._queue.take()) this._drop(message, "closed");
        for (const id of [...this._requests.keys()]) this._fail(id, "closed");
        if (wasKnown) this._dispatch("close", { type: "close", code, reason, wasClean: true });
      }

      /**
       * Send an event to the server, as soon as there is a connection. What is no object is sent as `{message: data}`.
       *
       * @param {string} event
       * @param {Data} [data]
       * @param {SendOptions} [options]
       * @returns {boolean} false if it was dropped: too much waits already, it may not wait, or nothing will be sent any more
       */
      emit(event, data, options) {
        return this._submit(compose(event, data, options));
      }

      /**
       * Send an event to the server, and await what its handler returns.
       *
       * @param {string} event
       * @param {Data} [data]
       * @param {RequestOptions} [options]
       * @returns {Promise<any>} rejected with a RequestError when the server refuses, or does not answer in time, or
       *   the connection is lost meanwhile
       */
      request(event, data, options) {
        return new Promise((resolve, reject) => {
          const timeout = options?.timeout ?? this.options.request_timeout;
          const id = ++this._lastId;
          const message = compose(event, data, options, id);
          const timer = timeout > 0 && timeout < Infinity ? setTimeout(() => this._fail(id, "timeout"), timeout) : null;
          this._requests.set(id, { message, timeout, timer, resolve, reject });
          this._submit(message);
        });
      }

      /**
       * Send an event to the server whose handler answers in parts, and take them one by one. Leaving the loop cancels.
       *
       *     for await (const part of tws.stream("ask", { question })) show(part);
       *
       * It throws a RequestError where a request is rejected with one, and with the code "lagging" when so much came more
       * than was taken that it was cancelled.
       *
       * @param {string} event
       * @param {Data} [data]
       * @param {SendOptions} [options]
       * @returns {Parts}
       */
      stream(event, data, options) {
        const id = ++this._lastId;
        const message = compose(event, data, options, id);
        const stream = new Stream(event, () => this._cancel(id));
        this._requests.set(id, {
          message,
          timeout: Infinity,
          resolve: () => stream._end(),
          reject: (error) => stream._end(error),
          add: (part, text) => stream._add(part, text),
        });
        this._submit(message);
        return stream;
      }

      /**
       * Answer what the server asks under this name, by what `callback` returns. There is one answer to each.
       *
       * The server gets an error where the callback throws: `code` and `details` of what it threw, if it has a code that is
       * a text, else "handler_error"; and where nothing answers, "unknown_event".
       *
       * @param {string} event
       * @param {(data: any) => unknown} callback may be async
       * @returns {() => void} takes it back
       */
      answer(event, callback) {
        if (typeof callback !== "function") refuse(`a function that answers ${event}`, typeof callback);
        this._answers.set(event, callback);
        return () => {
          if (this._answers.get(event) === callback) this._answers.delete(event);
        };
      }

      /** Let a module speak over this WebSocket. */
      bind(/** @type {Module} */ module) {
        if (!module?._bind) refuse("a Module", module);
        module._bind(this);
        const others = this._modules.filter((item) => item.module !== module);
        this._modules = place(others, { module, ...this._origin() }, (item) => item.module.prefix);
        return this;
      }

      // Connecting.

      /** Begin an attempt. */
      _attach() {
        const { connect_timeout, token } = this.options;
        this._begunAt = mark();
        this._hasOpened = false;
        if (typeof token === "function") this._ask(token);
        else this._dial(token);
        this._timer = setTimeout(() => this._abandon("The server did not answer."), connect_timeout);
      }

      /** Ask the page for its token, which may take a while, and go on with it. */
      _ask(/** @type {() => any} */ token) {
        const attempt = (this._asking = {});
        /** What an attempt that was given up gets concerns nobody. */
        const ours = (/** @type {(result: any) => void} */ proceed) => (/** @type {any} */ result) => {
          if (this._asking !== attempt) return;
          this._asking = null;
          proceed(result);
        };
        const fail = (/** @type {unknown} */ error) => {
          report(error);
          this._abandon("There is no token.");
        };
        new Promise((resolve) => resolve(token())).then(
          ours((given) => this._dial(given)),
          ours(fail),
        );
      }

      _dial(/** @type {string | null | undefined} */ token) {
        const { WebSocket: given, protocols } = this.options;
        const offered = [...[protocols ?? []].flat(), ...carry(token)];
        const Socket = given ?? globalThis.WebSocket;
        if (!Socket) refuse("the options WebSocket and host", Socket);
        const socket = offered.length ? new Socket(this.url, offered) : new Socket(this.url);
        /** What a socket that was given up has to say concerns nobody. */
        const ours = (/** @type {(event: any) => void} */ hear) => (/** @type {any} */ event) => {
          if (this._socket === socket) hear(event);
        };
        this._socket = socket;
        socket.onopen = ours((event) => this._accept(event));
        socket.onmessage = ours((event) => this._receive(event));
        socket.onerror = ours((event) => this._isFirstToFail() && this._dispatch("error", event));
        socket.onclose = ours((event) => this._lose(event));
      }

      /** The server has accepted. One that fell silent has to say something before that counts. */
      _accept(/** @type {Event} */ event) {
        this._openEvent = event;
        this._hasOpened = true;
        this._refusals = 0;
        if (this._isDoubtful) this._ping();
        else this._open();
      }

      _open() {
        const attempts = this._attempt;
        const isBack = this._state === "reconnecting";
        this._state = "open";
        this._openedAt = this._heardAt = mark();
        this._watch();
        const { round } = this._opening;
        const isAwaited = this._greet(round > 0, isBack ? attempts : null);
        // What the page sends on "open", such as who it is, comes before what waited.
        this._opening = { by: null, round: round + 1 };
        this._dispatch("open", this._openEvent);
        if (isBack && !isAwaited) this._dispatch("reconnected", { attempts, recovered: false, replayed: 0 });
        this._flush();
      }

      // What was missed meanwhile. Who stands nowhere, as on a path without history, has nothing to wait for.

      /** Say hello. @returns {boolean} whether its answer may bring what was missed */
      _greet(/** @type {boolean} */ wasOpen, /** @type {number | null} */ attempts) {
        if (!this.options.recover) return false;
        const { position } = this._place;
        this._place.begin();
        const held = position && [];
        const timer = held && setTimeout(() => this._arrive(), WELCOME_TIMEOUT);
        this._hello = { wasOpen, attempts, held, size: 0, timer };
        const since = position && Object.fromEntries(position);
        this._socket?.send(JSON.stringify({ event: HELLO_EVENT, data: { since, ids: this._ids } }));
        return held !== null;
      }

      /** The answer to the hello has come. */
      _hearWelcome(/** @type {any} */ { id, at, recovered, events }) {
        if (id !== undefined) this._ids = [...this._ids, id].slice(-MAX_IDS);
        this._arrive(at, recovered && this._hello ? events : null);
      }

      /**
       * Show what was missed, and what came meanwhile; without a welcome, all of it that there is.
       *
       * @param {Record<string, number>} [at] where the path stands
       * @param {any[] | null} [events] the frames that were missed; `null` if not all can be had
       */
      _arrive(at, events = null) {
        const { _hello: hello, _place: place, _socket: socket } = this;
        clearTimeout(hello?.timer);
        const replay = events ?? [];
        const places = new Set(replay.map((frame) => frame.at));
        const isNew = (/** @type {Arrival} */ { frame }) =>
          frame?.at === undefined || (!places.has(frame.at) && place.isNews(frame.at));
        // Looked through before anything is shown: of one sender, what was held may stand between what is replayed.
        const held = hello?.held?.filter(isNew) ?? [];
        for (const { frame, event } of inOrder([...replay.map((frame) => ({ frame })), ...held])) {
          this._take(frame, event);
          if (this._socket !== socket) return; // closed by a listener
        }
        this._hello = null;
        place.arrive(at, events !== null);
        if (!hello) return;
        const { attempts, wasOpen } = hello;
        const recovered = events !== null;
        if (hello.held && attempts !== null)
          this._dispatch("reconnected", { attempts, recovered, replayed: replay.length });
        if (!recovered && (hello.held || (at && wasOpen))) this._dispatch("gap", {});
      }

      /** Keep what comes before the welcome, as long as there is room for it. */
      _hold(/** @type {Hello & { held: Arrival[] }} */ hello, /** @type {Arrival} */ arrival) {
        hello.held.push(arrival);
        hello.size += arrival.event?.data.length ?? 0;
        if (hello.held.length > HELD_FRAMES || hello.size > HELD_SIZE) this._arrive();
      }

      // Losing the connection, and coming back.

      /** The connection is gone, or could not be made: tell, and try again unless that makes no sense. */
      _lose(/** @type {CloseInfo} */ event) {
        const isNews = this._isFirstToFail();
        const isMeant = this._isMeant(event.code);
        const lost = isMeant ? [] : this._unconfirmed;
        const held = this._hello?.held ?? [];
        const refusals = this._count();
        const { reconnect, max_refusals } = this.options;
        const isRefused = max_refusals > 0 && refusals >= max_refusals;
        const isOver = !reconnect || isMeant || isRefused;
        this._stop(isOver ? "closed" : "reconnecting");
        // Taken out before anybody hears of it, since a listener may connect again.
        const left = this._queue.take(isOver ? undefined : (message) => !message.mayWait);
        // What has a place comes again; what has none was for this client alone, or comes once.
        for (const { frame, event } of held) if (frame?.at === undefined) this._take(frame, event);
        if (isNews) this._dispatch("close", event);
        for (const message of lost) this._drop(message, "disconnected");
        for (const message of left) this._drop(message, isOver ? "closed" : "not_open");
        for (const [id, { message }] of this._requests) {
          if (!this._queue.has(message)) this._fail(id, "disconnected");
        }
        if (isRefused || refusals >= TOLD_REFUSALS) this._dispatch("refused", { attempts: refusals });
        // A listener may have closed or connected meanwhile.
        if (this._state === "reconnecting" && !this._socket && !this._asking) this._retry(parseRetry(event));
      }

      /** Whether a server that closes with this code means it. With a new token there is a way back from 4401. */
      _isMeant(/** @type {number} */ code) {
        return isFinal(code) && !(code === 4401 && typeof this.options.token === "function");
      }

      /** Count what comes to an end. @returns {number} how many attempts in a row never opened */
      _count() {
        // A server that lets in and closes at once is not to be asked without a pause.
        if (this._state === "open" && since(this._openedAt) > this.options.reconnect_delay_max) {
          this._attempt = this._round = 0;
        }
        // Without a network nobody refuses.
        if (this._hasOpened || isOffline()) return 0;
        return (this._refusals += 1);
      }

      _retry(/** @type {number | null} */ retry) {
        const delay = Math.round(choosePause(this.options, this._round, this._refusals, retry));
        this._attempt += 1;
        this._round += 1;
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
        this._detach();
        clearTimeout(this._retryTimer);
        this._retryTimer = null;
        this._state = state;
        if (state !== "closed") return;
        this._isEnded = true;
        this._attempt = this._round = this._refusals = 0;
        this._isDoubtful = false;
        this._followPage("removeEventListener");
      }

      /** Forget the connection, or the attempt. */
      _detach() {
        clearTimeout(this._timer);
        clearTimeout(this._confirmTimer);
        clearTimeout(this._hello?.timer);
        this._confirmTimer = this._socket = this._asking = this._hello = null;
        this._isProbing = false;
        this._pings = [];
        this._sent = this._confirmed = 0;
        this._unconfirmed = [];
      }

      /** Whether losing the connection now is news to the page, unlike one more failed attempt to reconnect. */
      _isFirstToFail() {
        return this._state !== "reconnecting";
      }

      // Sending.

      _submit(/** @type {Message} */ message) {
        const isOpen = this._state === "open" && this._socket?.readyState === 1;
        // While a probe is out nobody knows whether the connection is still one.
        if (isOpen && !(this._isProbing && this.options.queue_size > 0)) this._send(message);
        else if (this._isEnded) return this._drop(message, "closed");
        else if (!isOpen && !message.mayWait) return this._drop(message, "not_open");
        else if (!this._queue.add(message)) return this._drop(message, "queue_full");
        return true;
      }

      _send(/** @type {Message} */ message) {
        this._socket?.send(message.text);
        message.number = this._sent += 1;
        // A request has its own end. That of the others is kept for those who want to hear of it.
        if (message.id !== undefined || !this._listeners.get("dropped")?.length) return;
        this._unconfirmed.push(message);
        if (this._unconfirmed.length > MAX_UNCONFIRMED) this._unconfirmed.shift();
        this._askSoon();
      }

      _flush() {
        for (const message of this._queue.take()) {
          if (since(message.madeAt) > message.maxAge) this._drop(message, "expired");
          else this._submit(message);
        }
      }

      /** Tell whoever sent it that a message did not get through. */
      _drop(/** @type {Message} */ message, /** @type {Dropped["reason"]} */ reason) {
        if (message.id !== undefined) this._fail(message.id, reason);
        else this._dispatch("dropped", { event: message.event, data: message.data, reason });
        return false;
      }

      /**
       * @param {number} id
       * @param {RequestErrorCode} code
       * @param {string} [text]
       * @param {Record<string, any>} [details]
       */
      _fail(id, code, text, details) {
        const request = this._settle(id);
        if (!request) return;
        this._queue.remove(request.message);
        request.reject(new RequestError(request.message.event, code, text, details));
      }

      /** Tell the server that no more parts are wanted. */
      _cancel(/** @type {number} */ id) {
        const request = this._settle(id);
        if (!request) return;
        if (this._queue.has(request.message)) this._queue.remove(request.message);
        else this._socket?.send(JSON.stringify({ event: CANCEL_EVENT, id }));
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
        const isRefusal = frame?.event === "warning" && event.data.includes(PING_EVENT);
        const isAnswer = isRefusal || frame?.event === PONG_EVENT;
        if (isAnswer) this._answersInTurn = isRefusal;
        this._hear(isAnswer);
        if (this._socket !== socket) return; // closed by a listener of "open"
        if (isAnswer) return;
        const { _hello: hello } = this;
        // Version 1.0.0 of the server does not know the hello.
        if (frame?.event === "warning" && event.data.includes(HELLO_EVENT)) this._arrive();
        else if (frame?.event === WELCOME_EVENT) this._hearWelcome(frame.data);
        else if (hello?.held) this._hold(/** @type {any} */ (hello), { frame, event });
        else if (this._place.isNews(frame?.at)) this._take(frame, event);
      }

      /**
       * Let the page hear a frame.
       *
       * @param {any} frame `null` if it is none
       * @param {MessageEvent} [event] what brought it; a frame that was replayed came with others
       */
      _take(frame, event) {
        if (frame?.event === GAP_EVENT && this.options.recover) this._dispatch("gap", frame.data);
        if (frame?.event.startsWith(PROTOCOL) && frame.event !== HTML_EVENT) return;
        this._place.show(frame?.at);
        if (frame?.event === HTML_EVENT) return this._dispatch(HTML_EVENT, frame.data);
        if (event) this._dispatch("message", event);
        else if (this._listeners.get("message")?.length)
          this._dispatch("message", new MessageEvent("message", { data: JSON.stringify(frame) }));
        if (!frame) return;
        if (frame.id === undefined) this._deliver(frame.event, frame.data);
        else if (frame.event === "reply") this._answer(frame, event?.data);
        else this._respond(frame);
      }

      /** Whatever comes proves that the connection lives. */
      _hear(/** @type {boolean} */ isAnswer) {
        this._heardAt = mark();
        this._isDoubtful = false;
        if (isAnswer) this._confirm(this._pings.shift()?.number ?? 0);
        else if (!this._isConfirming()) this._unconfirmed = [];
        if (this._state !== "open") this._open();
        if (!this._isProbing) return;
        this._isProbing = false;
        this._watch();
        this._flush();
      }

      _answer(
        /** @type {{ id: number, data?: any, part?: any, error?: any }} */ frame,
        /** @type {string} */ text,
      ) {
        const request = this._requests.get(frame.id);
        this._confirm(request?.message.number ?? 0);
        if ("part" in frame) return request?.add?.(frame.part, text);
        if (!frame.error) return this._settle(frame.id)?.resolve(frame.data);
        const { code, message, ...details } = frame.error;
        this._fail(frame.id, code, message, details);
      }

      /** Answer a question of the server, on the connection that it came by: on another its id means nothing. */
      async _respond(/** @type {{ event: string, data: any, id: string }} */ { event, data, id }) {
        const socket = this._socket;
        const callback = this._answers.get(event);
        const send = (/** @type {object} */ answer) => {
          const text = JSON.stringify({ event: REPLY_EVENT, id, ...answer });
          if (this._socket === socket) socket?.send(text);
        };
        this._dispatch("*", event, data);
        if (!socket) return;
        try {
          if (!callback) throw new RequestError(event, "unknown_event", `The page has no answer to ${event}.`);
          send({ data: (await callback(data)) ?? null });
        } catch (/** @type {any} */ error) {
          const message = String(error?.message ?? error);
          if (typeof error?.code === "string") return send({ error: { ...error.details, code: error.code, message } });
          report(error);
          send({ error: { code: "handler_error", message } });
        }
      }

      _deliver(/** @type {string} */ event, /** @type {any} */ data) {
        if (event === PRESENCE_EVENT) this._followPeople(data ?? {});
        if (!OWN_EVENTS.includes(event)) this._dispatch(event, data);
        this._dispatch("*", event, data);
        for (const { module } of this._modules) {
          if (event.startsWith(module.prefix)) module._receive(event.slice(module.prefix.length), data);
        }
      }

      /** Keep up with who is here. What was told already may come once more. */
      _followPeople(/** @type {any} */ { people, joined, left, changed, count = null }) {
        const list = (/** @type {any} */ value) => (Array.isArray(value) ? value : []); // it may be an application's own
        this._peopleCount = count;
        if (people) this._people.clear();
        for (const id of list(left)) this._people.delete(id);
        for (const person of [...list(people), ...list(joined), ...list(changed)]) this._people.set(person?.id, person);
      }

      // What has the server got? Frames arrive in order: who answers one has got those before it.

      _confirm(/** @type {number} */ number) {
        this._confirmed = Math.max(this._confirmed, number);
        this._unconfirmed = this._unconfirmed.filter((message) => message.number > this._confirmed);
        if (this._unconfirmed.length) this._askSoon();
      }

      /** Whether pings can tell. If not, what was sent before the server was last heard is supposed to have arrived. */
      _isConfirming() {
        const { ping_interval, ping_timeout } = this.options;
        const isUnanswered = this._pings.length > 0 && since(this._pings[0].at) > ping_timeout;
        return ping_interval > 0 && !this._answersInTurn && !isUnanswered;
      }

      /** Ask for a receipt, unless one is on its way. */
      _askSoon() {
        if (this._confirmTimer !== null || this._pings.length || !this._isConfirming()) return;
        this._confirmTimer = setTimeout(() => {
          this._confirmTimer = null;
          if (this._unconfirmed.length && !this._pings.length) this._ping();
        }, CONFIRM_DELAY);
      }

      _ping() {
        this._pings.push({ number: this._sent, at: mark() });
        this._socket?.send(PING);
      }

      // Is the server still there? A connection that died of a sleeping machine or a changed network says nothing.

      /** Look again when it has been silent for long enough. */
      _watch() {
        const { ping_interval } = this.options;
        clearTimeout(this._timer);
        if (!(ping_interval > 0 && ping_interval < Infinity)) return;
        this._timer = setTimeout(
          () => (since(this._heardAt) < ping_interval ? this._watch() : this._probe()),
          ping_interval - since(this._heardAt),
        );
      }

      /** Ask whether the server is there; the connection has so long to say anything. */
      _probe(patience = this._patience()) {
        const end = performance.now() + patience;
        // Asked already, and it will be known sooner: a network that comes and goes must not put it off.
        if (this._isProbing && this._probeEnd <= end) return;
        this._isProbing = true;
        this._probeEnd = end;
        this._ping();
        this._await(patience / 2);
      }

      /** Wait for two halves of the time, and for another one as long as the line still takes what it was given. */
      _await(/** @type {number} */ half, backlog = Infinity, isSecond = false) {
        const begunAt = mark();
        clearTimeout(this._timer);
        this._timer = setTimeout(() => {
          const waiting = this._socket?.bufferedAmount ?? 0;
          if (since(begunAt) > half + MOMENT && !isSecond) {
            // A timer this late means that the page slept: the answer may be right behind it.
            this._ping();
            this._await(half, Infinity, true);
          } else if (waiting < backlog) {
            this._await(half, waiting, isSecond);
          } else {
            this._isDoubtful = true;
            this._abandon("The server fell silent.");
          }
        }, half);
      }

      /** A server that answers in turn may be at work on what was sent before. */
      _patience() {
        const { ping_timeout, busy_timeout } = this.options;
        if (!this._answersInTurn || this._sent === this._confirmed) return ping_timeout;
        const awaited = [...this._requests.values()].map(({ timeout }) => (timeout < Infinity ? timeout : 0));
        return Math.max(ping_timeout, busy_timeout, ...awaited);
      }

      _followPage(/** @type {"addEventListener" | "removeEventListener"} */ follow) {
        if (typeof document !== "undefined") document[follow]("visibilitychange", this._onPageChange);
        /** @type {any} not every browser tells of its networks */
        const { connection } = typeof navigator === "undefined" ? {} : /** @type {any} */ (navigator);
        connection?.[follow]?.("change", this._onPageChange);
        if (typeof globalThis[follow] !== "function") return; // not in a browser
        for (const event of ["online", "offline", "pageshow"]) globalThis[follow](event, this._onPageChange);
      }

      /** The page came to the fore, or the network came, went, or is another one. */
      _checkAfter(/** @type {string} */ change) {
        if (change === "visibilitychange" && document.visibilityState === "hidden") return;
        const isNetwork = change === "online" || change === "change";
        if (isNetwork) this._round = this._refusals = 0;
        if (this._state !== "open") return change === "offline" ? undefined : this._hurry(isNetwork);
        const { ping_interval, ping_timeout } = this.options;
        if (!(ping_interval > 0)) return;
        if (isNetwork || change === "offline") this._probe(Math.min(ping_timeout, URGENT));
        else if (!this._isProbing && since(this._heardAt) > MOMENT) this._probe();
      }

      /** Make the next attempt now. One that was begun on another network would hang there until it is given up. */
      _hurry(/** @type {boolean} */ isNetwork) {
        if (this._retryTimer !== null) return this.connect();
        if (!isNetwork || since(this._begunAt) < ONE_CHANGE) return;
        const socket = this._socket;
        this._detach();
        socket?.close();
        this.connect();
      }

      // Listeners that are added by a listener of "open"; see place().

      /**
       * What an "open" callback adds after an `await` comes when it is no longer being called: it is told by its text, which
       * stands in that of the callback.
       *
       * @param {Callback} [callback]
       * @returns {Origin}
       */
      _origin(callback) {
        if (this._opening.by || !this._opening.round || !callback) return this._opening;
        const isIn = (/** @type {Listener} */ opener) => !opener.once && `${opener.callback}`.includes(`${callback}`);
        return { by: this._listeners.get("open")?.find(isIn) ?? null, round: this._opening.round };
      }

      _call(/** @type {string} */ event, /** @type {Listener} */ listener, /** @type {any[]} */ args) {
        if (event === "open" && !listener.once) this._opening = { by: listener, round: this._opening.round };
        super._call(event, listener, args);
        if (event === "open") this._opening = { by: null, round: this._opening.round };
      }
    }

    TornadoWebSocket.Module = Module;
    TornadoWebSocket.RequestError = RequestError;

    // The end: what others get. A page may hold this text several times: under a plain name, under a hashed one, and within
    // other scripts. The first is everybody's, so that there is one class.

    const KEY = Symbol.for("tornado_websockets.TornadoWebSocket");
    /** @type {any} */
    const page = globalThis;
    /** @type {typeof TornadoWebSocket} */
    const Shared = (page[KEY] = page[KEY] || TornadoWebSocket);

    return Shared;
  })();

  /** @typedef {{ target: string, swap?: string, html?: string }} Fragment what a server sends as "tws.html" */

  /** @type {Record<string, string>} what an element does with what came, by the names that htmx has for them */
  const SWAPS = {
    innerHTML: "replaceChildren",
    outerHTML: "replaceWith",
    beforebegin: "before",
    afterbegin: "prepend",
    beforeend: "append",
    afterend: "after",
    delete: "remove",
  };

  // Attributes whose value may be a script, and what it begins with then; browsers skip blanks and control characters.
  const LINKS = ["href", "xlink:href", "src", "action", "formaction", "data"];
  const HANDLER = /^on|^(data-)?hx-on/i;
  const SCRIPT_LINK = /^[\s\u0000-\u001f]*j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*:/i;

  // What shows another page, which may be within the link itself.
  const FRAMES = ["iframe", "frame", "embed", "object", "use"];
  const DATA_LINK = /^[\s\u0000-\u001f]*d\s*a\s*t\s*a\s*:/i;

  /**
   * What an element has by itself: a form has its fields under their names, whatever else those mean ("id", "children").
   *
   * @returns {any}
   */
  function own(/** @type {Element} */ element, /** @type {string} */ name) {
    return Reflect.get(Object.getPrototypeOf(element), name, element);
  }

  /** @type {{ createHTML(text: string): any } | undefined} */
  let policy;

  /** Where a page's Content Security Policy asks for it, text becomes HTML by a policy that has a name only. */
  function trust(/** @type {string} */ text) {
    const { trustedTypes } = /** @type {any} */ (globalThis);
    const asItIs = { createHTML: (/** @type {string} */ html) => html };
    if (!policy) policy = trustedTypes?.createPolicy("tornado_websockets", asItIs);
    return policy ? policy.createHTML(text) : text;
  }

  /** @returns {DocumentFragment} what `html` says, with nothing in it that runs */
  function parse(/** @type {string} */ html) {
    const template = document.createElement("template"); // in which nothing is loaded, and rows need no table
    template.innerHTML = trust(html);
    disarm(template.content);
    return template.content;
  }

  /** @returns {Document} another page, in which nothing runs either */
  function parsePage(/** @type {string} */ html) {
    const page = new DOMParser().parseFromString(trust(html), "text/html");
    disarm(page);
    return page;
  }

  /**
   * Take out whatever would run: scripts, handlers in attributes, links that are scripts, pages within the page; and what
   * says where other scripts come from.
   */
  function disarm(/** @type {ParentNode} */ tree) {
    for (const element of tree.querySelectorAll("*")) {
      if (element.localName === "script" || element.localName === "base") element.remove();
      else if (element instanceof HTMLTemplateElement) disarm(element.content);
      for (const attribute of [...own(element, "attributes")]) {
        if (isScript(element, attribute)) own(element, "removeAttribute").call(element, attribute.name);
      }
    }
  }

  function isScript(/** @type {Element} */ { localName }, /** @type {Attr} */ { name, value }) {
    if (HANDLER.test(name) || name === "srcdoc") return true;
    if (name === "attributeName") return /href/i.test(value); // an animation, which may make a script of any link
    return LINKS.includes(name) && (SCRIPT_LINK.test(value) || (FRAMES.includes(localName) && DATA_LINK.test(value)));
  }

  /** @returns {Element | null} the element of that id within `root`, which may be itself */
  function findById(/** @type {Element} */ root, /** @type {string} */ id) {
    return own(root, "id") === id ? root : root.querySelector(`#${CSS.escape(id)}`);
  }

  /** @returns {Element | null} the first that the selector `target` finds within `root`, else `root` if it is meant */
  function findTarget(/** @type {Element} */ root, /** @type {string} */ target) {
    return root.querySelector(target) ?? (own(root, "matches").call(root, target) ? root : null);
  }

  function contains(/** @type {Element} */ element, /** @type {Node | null} */ node) {
    return own(element, "contains").call(element, node);
  }

  /** Whether a swap takes `element` away by itself. */
  function takesAway(/** @type {string} */ swap, /** @type {Element | null} */ place, /** @type {Element} */ element) {
    if (swap === "innerHTML") return place !== element && !!place && contains(place, element);
    return swap === "outerHTML" && !!place && contains(place, element);
  }

  /**
   * Put a fragment into its place within `root`. Of its outermost elements those whose id is there already replace their
   * namesake; the swap is for the others. (One that replaces everything with more than namesakes replaces everything.)
   */
  function swap(/** @type {Element} */ root, /** @type {Fragment} */ { target, swap: name = "beforeend", html = "" }) {
    const names = Object.keys(SWAPS);
    if (!names.includes(name)) throw new TypeError(`Expected swap to be one of ${names.join(", ")}, got ${name}.`);
    const came = parse(name === "delete" ? "" : html);
    const place = findTarget(root, target);
    const elements = [...came.children];
    const ids = elements.map((element) => own(element, "id"));
    const pairs = elements.map((element, index) => ({ element, old: ids[index] ? findById(root, ids[index]) : null }));
    const others = [...came.childNodes].filter((node) => !pairs.some(({ element, old }) => old && element === node));
    const isSwapped = others.some((node) => node instanceof Element || node.textContent?.trim()) || !elements.length;
    const replaced = pairs.filter(({ old }) => old && !(isSwapped && takesAway(name, place, old)));
    const isTaken = isSwapped && ["innerHTML", "outerHTML", "delete"].includes(name);
    const parts = replaced.map(({ old }) => /** @type {Element} */ (old)).concat(isTaken && place ? [place] : []);
    keepPlace(root, parts, () => {
      for (const { element } of replaced) {
        const old = findById(root, own(element, "id"));
        if (old) own(old, "replaceWith").call(old, element);
      }
      // What was replaced may have had the place in it.
      const placeNow = isSwapped && findTarget(root, target);
      if (placeNow) own(placeNow, SWAPS[name]).call(placeNow, came);
    });
    adopt(elements);
  }

  /** Give an element the content that its like has on another page. */
  function takeContent(/** @type {Element} */ element, /** @type {Element} */ fresh) {
    keepPlace(element, [element], () => own(element, "replaceChildren").call(element, ...own(fresh, "childNodes")));
    adopt([...own(element, "children")]);
  }

  /** Let htmx have what has come, where a page uses it. */
  function adopt(/** @type {Element[]} */ elements) {
    const { htmx } = /** @type {any} */ (globalThis);
    for (const element of elements) if (element.isConnected) htmx?.process(element);
  }

  // Who reads or types stays where he is.

  /** Change `parts` of `root`, with the focus, what is being typed, and what is scrolled as they were. */
  function keepPlace(/** @type {Element} */ root, /** @type {Element[]} */ parts, /** @type {() => void} */ change) {
    const scrolled = parts.flatMap((part) => [part, ...part.querySelectorAll("[id]")]).filter(isScrolled);
    const positions = scrolled.map((element) => ({
      id: own(element, "id"),
      top: element.scrollTop,
      left: element.scrollLeft,
    }));
    const focus = noteFocus(parts);
    change();
    const scope = root.isConnected ? root : document.documentElement; // it may have been replaced itself
    for (const { id, ...position } of positions) findById(scope, id)?.scrollTo({ ...position, behavior: "instant" });
    if (focus) restoreFocus(scope, focus);
  }

  const isScrolled = (/** @type {Element} */ element) => own(element, "id") && (element.scrollTop || element.scrollLeft);

  /**
   * @typedef {object} Focus
   * @property {any} active the element that has it
   * @property {Element} part in which that is
   * @property {number[]} way from the part to the element, by the numbers of children
   * @property {string | null} typed what its value is, if it is not the page's
   * @property {[number | null, number | null, any]} selection
   */

  /** @returns {Focus | null} the focus, if it is in one of the parts */
  function noteFocus(/** @type {Element[]} */ parts) {
    /** @type {any} */
    const active = document.activeElement;
    const part = parts.find((each) => contains(each, active));
    if (!part) return null;
    const way = [];
    for (let element = active; element !== part; element = element.parentElement)
      way.unshift([...own(element.parentElement, "children")].indexOf(element));
    const isTyped = "defaultValue" in active && active.type !== "file" && active.value !== active.defaultValue;
    const selection = [active.selectionStart ?? null, active.selectionEnd, active.selectionDirection];
    return { active, part, way, typed: isTyped ? active.value : null, selection: /** @type {any} */ (selection) };
  }

  /** Give the focus back to the element that has come for the one that had it; if there is none, to `root`. */
  function restoreFocus(/** @type {Element} */ root, /** @type {Focus} */ { active, part, way, typed, selection }) {
    if (active.isConnected) return;
    const heir = findHeir(root, active, part, way);
    const element = /** @type {any} */ (heir ?? root);
    if (!heir && !element.hasAttribute("tabindex")) element.tabIndex = -1;
    element.focus({ preventScroll: true });
    if (!heir) return;
    if (typed !== null && "defaultValue" in element) element.value = typed;
    if (selection[0] !== null && element.selectionStart !== null) element.setSelectionRange?.(...selection);
  }

  /** @returns {Element | null | undefined} what stands where `active` stood: by its id, its name, or its place */
  function findHeir(
    /** @type {Element} */ root,
    /** @type {Element} */ active,
    /** @type {Element} */ part,
    /** @type {number[]} */ way,
  ) {
    if (active.id) return findById(root, active.id);
    const id = own(part, "id");
    const partNow = part.isConnected ? part : id ? findById(root, id) : null;
    const name = active.getAttribute("name");
    const named = name && partNow?.querySelector(`${active.localName}[name="${CSS.escape(name)}"]`);
    if (named) return named;
    /** @type {Element | undefined | null} */
    let element = partNow;
    for (const index of way) element = element && own(element, "children")[index];
    return element?.localName === active.localName ? element : null;
  }

  /** @typedef {{ path: string, message: string }} Field what a server has against one field; "" is none of them */
  /** @typedef {HTMLInputElement & { options?: HTMLOptionsCollection }} Control a field of a form, of whatever kind */
  /**
   * @typedef {object} Line what forms need of a connection
   * @property {Element} root
   * @property {boolean} isOpen
   * @property {(event: string, data: object) => Promise<any>} request
   */

  // Django's, for the form that is posted where there are no scripts. It is no field of the event.
  const CSRF_TOKEN = "csrfmiddlewaretoken";

  /** What is said of what the server has not said; `data-text-<code>` on the form, or around it, says it otherwise. */
  const TEXTS = /** @type {Record<string, string>} */ ({
    waiting: "There is no connection. This is sent if there is one within half a minute.",
    not_open: "There is still no connection. This has not been sent.",
    files: "A file cannot be sent this way.",
    timeout: "There was no answer. Please see whether this has arrived before you send it again.",
    disconnected: "The connection was lost. Please see whether this has arrived before you send it again.",
    closed: "The connection has ended. Please load the page again.",
    queue_full: "Too much waits to be sent. Please try again later.",
  });

  /** @typedef {{ form: HTMLFormElement, event: string, line: Line }} Sent */

  /** What is not answered yet. @type {Set<Sent>} */
  const sending = new Set();

  /** What takes back that which is shown of a form. @type {WeakMap<HTMLFormElement, (() => void)[]>} */
  const shown = new WeakMap();

  let lastId = 0;

  /** Send what is submitted on this page. `findLine` finds a form's connection; one that has none the browser posts. */
  function listenToForms(/** @type {(form: Element) => Line | undefined} */ findLine) {
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
      const name = form.getAttribute("data-emit");
      const line = name ? findLine(form) : undefined;
      if (!name || !line) return;
      event.preventDefault();
      submit(form, name, line, event.submitter);
    });
  }

  async function submit(
    /** @type {HTMLFormElement} */ form,
    /** @type {string} */ event,
    /** @type {Line} */ line,
    /** @type {any} */ submitter,
  ) {
    if ([...sending].some((each) => each.line === line && findFormNow(each) === form)) return; // a second click
    takeBack(form);
    const { data, files } = read(form, submitter);
    if (files.length) return refuse(form, findText(form, "files"), files);
    const before = new Map([...controls(form)].map(([place, control]) => [place, state(control)]));
    const sent = { form, event, line };
    sending.add(sent);
    form.setAttribute("aria-busy", "true");
    if (!line.isOpen) say(form, "status", findText(form, "waiting") ?? "");
    try {
      await line.request(event, data);
      const formNow = findFormNow(sent);
      takeBack(formNow);
      reset(formNow, before);
    } catch (/** @type {any} */ error) {
      const { code, details, message } = error;
      const formNow = findFormNow(sent);
      takeBack(formNow);
      refuse(formNow, findText(formNow, code) ?? message, Array.isArray(details?.fields) ? details.fields : []);
    } finally {
      sending.delete(sent);
      form.removeAttribute("aria-busy");
    }
  }

  /**
   * @returns {HTMLFormElement} the form, or what has come in its place: in the element whose id is that of the one that was
   *   taken away with it, the form of this event and number; where nothing had an id, the only form of this event
   */
  function findFormNow(/** @type {Sent} */ { form, event, line: { root } }) {
    if (form.isConnected) return form;
    const selector = `form[data-emit="${CSS.escape(event)}"]`;
    /** @returns {any[]} */
    const findIn = (/** @type {Element | null} */ tree) =>
      tree ? [tree, ...tree.querySelectorAll(selector)].filter((each) => own(each, "matches").call(each, selector)) : [];
    const part = own(form, "closest").call(form, "[id]");
    const forms = findIn(part ? findById(root, own(part, "id")) : root);
    if (part) return forms[findIn(part).indexOf(form)] ?? form;
    return forms.length === 1 ? forms[0] : form;
  }

  /** @returns {{ data: object, files: Field[] }} the fields: texts, lists of them under a repeated name; and files */
  function read(/** @type {HTMLFormElement} */ form, /** @type {any} */ submitter) {
    /** @type {Map<string, string[]>} */
    const values = new Map();
    const files = new Set();
    const entries = [...new FormData(form)];
    if (submitter?.name) entries.push([submitter.name, submitter.value]);
    for (const [name, value] of entries) {
      if (typeof value === "string") values.set(name, [...(values.get(name) ?? []), value]);
      else if (value.name || value.size) files.add(name);
    }
    values.delete(CSRF_TOKEN);
    const data = Object.fromEntries([...values].map(([name, all]) => [name, all.length > 1 ? all : all[0]]));
    const message = findText(form, "files") ?? "";
    return { data, files: [...files].map((path) => ({ path, message })) };
  }

  /** Empty the form, but for what was typed since it was sent. */
  function reset(/** @type {HTMLFormElement} */ form, /** @type {Map<string, any>} */ before) {
    const changed = [...controls(form)].filter(([place, control]) => before.get(place) !== state(control));
    const states = changed.map(([, control]) => state(control));
    HTMLFormElement.prototype.reset.call(form); // a button may be named "reset"
    changed.forEach(([, control], index) => setState(control, states[index]));
  }

  /** @returns {Map<string, Control>} by their names, and their numbers among those of one name */
  function controls(/** @type {HTMLFormElement} */ form) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    /** @type {Map<string, Control>} */
    const found = new Map();
    for (const control of own(form, "elements")) {
      const { name, type } = control;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (type !== "file") found.set(`${name} ${counts.get(name)}`, control);
    }
    return found;
  }

  const isChosen = (/** @type {Control} */ { type }) => type === "checkbox" || type === "radio";

  /** @returns {any} what a user has made of a control, as something to compare */
  function state(/** @type {Control} */ control) {
    if (isChosen(control)) return control.checked;
    return control.options ? [...control.options].map(({ selected }) => Number(selected)).join("") : control.value;
  }

  function setState(/** @type {Control} */ control, /** @type {any} */ value) {
    if (isChosen(control)) control.checked = value;
    else if (control.options) [...control.options].forEach((option, index) => (option.selected = value[index] === "1"));
    else control.value = value;
  }

  // What is shown of it.

  /** @returns {string | undefined} what the page, or else this script, says of a code */
  function findText(/** @type {HTMLFormElement} */ form, /** @type {string} */ code) {
    const attribute = `data-text-${CSS.escape(code)}`;
    return form.closest(`[${attribute}]`)?.getAttribute(`data-text-${code}`) ?? TEXTS[code];
  }

  /** Show what is wrong beside the field that it is about; what is about none that can be seen, for the whole form. */
  function refuse(
    /** @type {HTMLFormElement} */ form,
    /** @type {string | undefined} */ message,
    /** @type {Field[]} */ fields,
  ) {
    const placed = fields.map((field) => ({ ...field, controls: findControls(form, field.path) }));
    const others = placed.filter((field) => !field.controls.length);
    const lines = others.map(({ path, message: text }) => (path ? `${path}: ${text}` : text));
    for (const [last, text] of group(placed)) mark(form, last, text);
    if (lines.length || !fields.length) say(form, "error", lines.join("\n") || message || "");
    const isThere = contains(form, document.activeElement) || document.activeElement === document.body;
    if (isThere) placed.find((field) => field.controls.length)?.controls[0].focus();
  }

  /** @returns {Map<Control[], string>} all that is said of the same controls, together */
  function group(/** @type {(Field & { controls: Control[] })[]} */ fields) {
    const texts = new Map();
    for (const { controls: found, message } of fields) {
      const same = [...texts.keys()].find((each) => each[0] === found[0]) ?? found;
      if (same.length) texts.set(same, [texts.get(same), message].filter(Boolean).join(" "));
    }
    return texts;
  }

  /**
   * The controls that a path is about. For that of an item in a list, "items.0.price", they may be named so, as in Django's
   * formsets ("items-0-price"), or as the list.
   */
  function findControls(/** @type {HTMLFormElement} */ form, /** @type {string} */ path) {
    /** @type {Control[]} */
    const all = /** @type {any} */ ([...own(form, "elements")]).filter((/** @type {Control} */ { type }) => type !== "hidden");
    const names = [path, path.replace(/\./g, "-"), path.split(".")[0]];
    const name = names.find((each) => each && all.some((control) => control.name === each));
    return name === undefined ? [] : all.filter((control) => control.name === name);
  }

  /** Show a text beside controls, and tell those who do not see it that it is theirs. */
  function mark(/** @type {HTMLFormElement} */ form, /** @type {Control[]} */ marked, /** @type {string} */ text) {
    const last = marked[marked.length - 1];
    const place = makePlace(form, "error", marked[0].name, (made) => (last.closest("label") ?? last).after(made));
    if (!place.id) place.id = `tws-error-${(lastId += 1)}`;
    place.textContent = text;
    for (const control of marked) {
      const before = ["aria-invalid", "aria-describedby"].map((name) => [name, control.getAttribute(name)]);
      control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-describedby", [before[1][1], place.id].filter(Boolean).join(" "));
      note(form, () => before.forEach(([name, value]) => restore(control, String(name), value)));
    }
  }

  /** Show a text for the whole form, so that it is read out too. */
  function say(
    /** @type {HTMLFormElement} */ form,
    /** @type {"error" | "status"} */ kind,
    /** @type {string} */ text,
  ) {
    const place = makePlace(form, kind, "", (made) => own(form, "append").call(form, made));
    if (!place.hasAttribute("role")) place.setAttribute("role", kind === "error" ? "alert" : "status");
    place.textContent = text;
  }

  /** The page's own place for it, `[data-error="<name>"]` or `[data-status=""]` in the form, else one that is made. */
  function makePlace(
    /** @type {HTMLFormElement} */ form,
    /** @type {"error" | "status"} */ kind,
    /** @type {string} */ name,
    /** @type {(made: Element) => void} */ put,
  ) {
    const own = form.querySelector(`[data-${kind}="${CSS.escape(name)}"]`);
    const place = own ?? document.createElement("span");
    if (own) {
      note(form, () => (own.textContent = ""));
    } else {
      place.setAttribute(`data-${kind}`, name);
      put(place);
      note(form, () => place.remove());
    }
    return place;
  }

  function note(/** @type {HTMLFormElement} */ form, /** @type {() => void} */ undo) {
    shown.set(form, [...(shown.get(form) ?? []), undo]);
  }

  /** Take back whatever is shown of a form. */
  function takeBack(/** @type {HTMLFormElement} */ form) {
    for (const undo of shown.get(form) ?? []) undo();
    shown.delete(form);
  }

  function restore(/** @type {Element} */ element, /** @type {string} */ name, /** @type {string | null} */ value) {
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, value);
  }

  /**
   * @typedef {object} Reader a connection that has missed something
   * @property {HTMLElement} root
   * @property {string} path
   * @property {boolean} isOpen
   * @property {boolean} isClosed for good
   * @property {boolean} isBehind what it has missed is not read again yet
   * @property {() => void} hold keep what comes until it is told to go on
   * @property {(since?: string) => void} goOn from there on, or else with what was held
   */

  /** All times are in milliseconds. All pages of a server may have missed something at once: they do not come at once. */
  const SPREAD = 1000;
  const LONGEST_PAUSE = 60_000;
  const FETCH_TIMEOUT = 30_000;

  // Who has been well for so long begins with short pauses again.
  const WELL = 300_000;

  // A page that reloads forgets all but this.
  const STORED = "tornado_websockets.reloads";

  /** @type {Set<Reader>} */
  const waiting = new Set();
  let isAtWork = false;
  let count = 0;
  let lastAt = -Infinity;

  /** Have the page read again what `reader` has missed. */
  function readAgain(/** @type {Reader} */ reader) {
    reader.isBehind = true;
    waiting.add(reader);
    if (!isAtWork) work();
  }

  async function work() {
    isAtWork = true;
    try {
      while (waiting.size) await round();
    } finally {
      isAtWork = false;
    }
  }

  async function round() {
    if (!document.querySelector("[data-refresh]")) return reload();
    await pause(countRounds());
    const waited = takeWaiting();
    if (!waited.length) return;
    for (const reader of waited) reader.hold();
    const page = await fetchPage();
    const readers = waited.filter(({ isClosed }) => !isClosed);
    if (!readers.length) return;
    const positions = page && update(page, readers);
    readers.forEach((reader, index) => {
      reader.isBehind = !positions;
      reader.goOn(positions?.[index]);
    });
    if (positions) return;
    for (const reader of readers) waiting.add(reader);
    if (page !== undefined) await reload();
  }

  /** @returns {Reader[]} those who still want to read, and wait no longer */
  function takeWaiting() {
    const readers = [...waiting].filter(({ isClosed }) => !isClosed);
    waiting.clear();
    return readers;
  }

  /** Reload while there is a connection: a server that is away again would make the page one of the browser's own. */
  async function reload() {
    await pause(countReloads());
    for (let readers = takeWaiting(); readers.length; readers = takeWaiting()) {
      if (readers.some(({ isOpen }) => isOpen)) return location.reload();
      for (const reader of readers) waiting.add(reader);
      await pause(0);
    }
  }

  /**
   * @returns {Promise<Document | null | undefined>} the page as it is now; `null` where only a reload shows what has
   *   become of it, nothing where a later attempt may succeed
   */
  async function fetchPage() {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), FETCH_TIMEOUT);
    try {
      const url = location.href.split("#")[0];
      const response = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store", signal: limit.signal });
      if (response.status >= 500 || response.status === 429) return undefined;
      return response.ok && !response.redirected ? parsePage(await response.text()) : null;
    } catch {
      return undefined; // no network, or no server
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Put in what a page has for those who read it again.
   *
   * @param {Document} page
   * @param {Reader[]} readers
   * @returns {(string | undefined)[] | null} where each of them goes on from; `null` where the page is another one
   */
  function update(page, readers) {
    const all = [...document.querySelectorAll("[data-refresh]")];
    const pairs = all.map((element, index) => ({ element, fresh: findLike(page, element, index) }));
    // What belongs to a connection that has missed nothing is newer than the page that was fetched.
    const wanted = pairs.filter(({ element }) => readers.some(({ root }) => isFor(root, element)));
    if (!wanted.length || wanted.some(({ fresh }) => !fresh)) return null;
    const positions = readers.map(({ path }) => findPosition(page, path));
    for (const { element, fresh } of wanted) if (element.isConnected && fresh) takeContent(element, fresh);
    return positions;
  }

  /** Whether an element is read again when the connection of `root` has missed something. */
  function isFor(/** @type {Element} */ root, /** @type {Element} */ element) {
    const owner = element.closest("[data-websocket]");
    return !owner || owner === root;
  }

  /** Whether there is anything on the page that is read again for the connection of `root`. */
  function hasToRefresh(/** @type {Element} */ root) {
    return [...document.querySelectorAll("[data-refresh]")].some((element) => isFor(root, element));
  }

  /** @returns {Element | null | undefined} the element of another page that is this one: by its id, else its number */
  function findLike(/** @type {Document} */ page, /** @type {Element} */ element, /** @type {number} */ index) {
    const id = own(element, "id");
    return id ? page.getElementById(id) : page.querySelectorAll("[data-refresh]")[index];
  }

  /** @returns {string | undefined} where a path stood when a page was made */
  function findPosition(/** @type {Document} */ page, /** @type {string} */ path) {
    const elements = /** @type {HTMLElement[]} */ ([...page.querySelectorAll("[data-websocket][data-since]")]);
    return elements.find(({ dataset }) => dataset.websocket === path)?.dataset.since;
  }

  // Pauses grow, so that a store that is down makes no page read itself without end.

  /** The first pause is a random one, the others are between half and all of 2 s, 4 s, ... */
  function pause(/** @type {number} */ before) {
    const longest = Math.min(LONGEST_PAUSE, SPREAD * 2 ** before);
    const delay = before ? longest * (0.5 + Math.random() / 2) : Math.random() * longest;
    return new Promise((resolve) => setTimeout(resolve, delay));
  }

  /** @returns {number} how often the page was read anew lately */
  function countRounds() {
    count = performance.now() - lastAt < WELL ? count + 1 : 0;
    lastAt = performance.now();
    return count;
  }

  /** The same of reloads. Where nothing can be stored it has to be supposed that there were many. */
  function countReloads() {
    try {
      const { number, at } = JSON.parse(sessionStorage.getItem(STORED) ?? '{"number": -1, "at": 0}');
      const next = Math.abs(Date.now() - at) < WELL ? number + 1 : 0;
      sessionStorage.setItem(STORED, JSON.stringify({ number: next, at: Date.now() }));
      return next;
    } catch {
      return Infinity;
    }
  }

  const SELECTOR = "[data-websocket]";

  // What changes the state of a connection, which the attribute data-websocket-state tells the page's style sheets.
  const CHANGES = /** @type {const} */ (["open", "close", "reconnecting", "refused"]);

  // What the server says in HTML.
  const HTML_EVENT = "tws.html";

  /** The connection of an element, which lives as long as that is on the page. */
  class Line {
    constructor(/** @type {HTMLElement} */ root) {
      this.root = root;
      this.path = root.dataset.websocket ?? "";
      this.isClosed = false;
      this.isBehind = false; // what it has missed is not read again yet
      /** @type {Fragment[] | null} what came while the page is being fetched */
      this._held = null;
      /** @type {Set<Promise<any>>} */
      this._requests = new Set();
      this._tws = this._connect();
    }

    get isOpen() {
      return this._tws.state === "open";
    }

    request(/** @type {string} */ event, /** @type {object} */ data) {
      const tws = this._tws;
      const answer = tws.request(event, data).catch((error) => {
        // What was sent before its connection was lost is "disconnected": what times out without one was never sent.
        if (error.code === "timeout" && tws.state !== "open") error.code = "not_open";
        throw error;
      });
      const isOver = () => void this._requests.delete(answer);
      this._requests.add(answer);
      answer.then(isOver, isOver);
      return answer;
    }

    close() {
      this.isClosed = true;
      this._note();
      this._tws.close();
      const { dataset } = this.root;
      delete dataset.websocketState;
      // Where a path stands means nothing to another one.
      if (dataset.websocket !== this.path && dataset.since === this._noted) delete dataset.since;
    }

    hold() {
      if (!this._held) this._held = [];
    }

    /** Connect anew, to hear all that came after `since`; without that go on with what was held. */
    goOn(/** @type {string | undefined} */ since) {
      const held = this._held ?? [];
      this._held = null;
      if (since) {
        this.root.dataset.since = since;
        this._replace();
      } else {
        for (const fragment of held) this._show(fragment);
      }
    }

    _connect() {
      const { since } = this.root.dataset;
      this._noted = since;
      const tws = new TornadoWebSocket(this.path, since ? { since } : {});
      tws.on(HTML_EVENT, (fragment) => this._hear(fragment));
      tws.on("gap", () => readAgain(this));
      tws.on("reconnected", ({ recovered }) => {
        // On a path without history nobody knows what was missed: no reason to lose what a page holds by a reload.
        if (!recovered && hasToRefresh(this.root)) readAgain(this);
      });
      for (const change of CHANGES) tws.on(change, () => this._tell(tws.state));
      this._tell(tws.state);
      return tws;
    }

    /** Have another connection; the one before ends when what was asked of it is answered. */
    _replace() {
      const before = this._tws;
      for (const event of [HTML_EVENT, "gap", "reconnected", ...CHANGES]) before.off(event);
      Promise.all([...this._requests].map((request) => request.catch(() => {}))).then(() => before.close());
      this._tws = this._connect();
    }

    _tell(/** @type {string} */ state) {
      this.root.dataset.websocketState = state;
    }

    _hear(/** @type {Fragment} */ fragment) {
      if (this._held) this._held.push(fragment);
      else this._show(fragment);
    }

    _show(/** @type {Fragment} */ fragment) {
      this._note();
      try {
        swap(this.root, fragment);
      } catch (error) {
        console.error(this.root, fragment, error); // of the server: a selector that is none, say
      }
    }

    /**
     * Note on the element what it shows, for who takes it off and puts it back, or keeps a copy of the page: it is not to
     * go on from behind what was never read again.
     */
    _note() {
      const { position } = this._tws;
      const { dataset } = this.root;
      if (position && !this.isBehind && dataset.since === this._noted) dataset.since = this._noted = position;
    }
  }

  /** @type {Map<Element, Line>} */
  const lines = new Map();

  function connect(/** @type {HTMLElement} */ root) {
    try {
      if (root.dataset.websocket) lines.set(root, new Line(root));
    } catch (error) {
      console.error(root, error); // what is wrong with one element is no other's trouble
    }
  }

  function disconnect(/** @type {Element} */ root) {
    lines.get(root)?.close();
    lines.delete(root);
  }

  /** Follow what becomes of the page. An element that was only moved keeps its connection. */
  function follow(/** @type {MutationRecord[]} */ records) {
    for (const [root, { path }] of lines) {
      if (!root.isConnected || root.getAttribute("data-websocket") !== path) disconnect(root);
    }
    for (const { type, target, addedNodes } of records) {
      for (const node of type === "attributes" ? [target] : addedNodes) if (node instanceof Element) look(node);
    }
  }

  /** Connect what is new, in a part of the page. */
  function look(/** @type {Element} */ tree) {
    const roots = [...(own(tree, "matches").call(tree, SELECTOR) ? [tree] : []), ...tree.querySelectorAll(SELECTOR)];
    for (const root of roots) if (root.isConnected && !lines.has(root)) connect(/** @type {HTMLElement} */ (root));
  }

  /** @returns {Line | undefined} */
  function findLine(/** @type {Element} */ element) {
    const root = element.closest(SELECTOR);
    return root ? lines.get(root) : undefined;
  }

  function start() {
    listenToForms(findLine);
    new MutationObserver(follow).observe(document, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["data-websocket"],
    });
    look(document.documentElement);
  }

  // A page may load this twice, as a script and as a module. The first one works.
  const FRAGMENTS = Symbol.for("tornado_websockets.fragments");
  /** @type {any} */
  const scope = globalThis;
  if (!scope[FRAGMENTS] && typeof document !== "undefined") {
    scope[FRAGMENTS] = true;
    // Before, an element may be there without what is in it.
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
    else start();
  }
})();
