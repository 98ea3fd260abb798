// Types of tornadowebsocket.js: a global of a page, an AMD module and a CommonJS module. All times are in milliseconds.

export = TornadoWebSocket;
export as namespace TornadoWebSocket;

/**
 * A WebSocket of the server, under its path there; it comes back by itself when the connection is lost.
 *
 *     const tws = new TornadoWebSocket("/my_chat");
 *     tws.on("open", () => tws.emit("hello", { name: "Ana" }));
 *     tws.on("my_event", (data) => console.log(data));
 *
 * `manage.py websockets --typescript` writes what each WebSocket of the server takes and sends; with that,
 * `new TornadoWebSocket<MyChat>("/my_chat")` knows its events, their data and their replies.
 */
declare class TornadoWebSocket<S extends TornadoWebSocket.Events = TornadoWebSocket.AnyEvents> {
  /** @param path as on the server: `/my_chat` for `ws(s)://host:port/ws/my_chat` */
  constructor(path: string, options?: Partial<TornadoWebSocket.Options> | null);

  readonly path: string;
  readonly url: string;
  readonly options: TornadoWebSocket.Options;
  readonly state: TornadoWebSocket.State;
  /** The browser's own WebSocket of the moment. */
  readonly websocket: WebSocket | null;
  /** @deprecated It is called `websocket`. */
  readonly _websocket: WebSocket | null;
  /** What the server calls this connection, or the one before, until it has said; `null` before the first. */
  readonly id: string | null;
  /**
   * `X-WebSocket-ID`, where there is an `id`, for what the page asks of the server by other means:
   * `fetch(url, { headers: { ...tws.headers } })`. The server may leave this client out of what that causes.
   */
  readonly headers: Record<string, string>;
  /** Where this client stands in the path's history, as the option `since` takes it; `null` where there is none. */
  readonly position: string | null;
  /** Who is here, by their ids; of a WebSocket with `presence`. It is always the same Map. */
  readonly people: Map<TornadoWebSocket.Person["id"], TornadoWebSocket.Person>;
  /** How many are here. Where the server tells no more than that, `people` is empty. */
  readonly people_count: number;

  /**
   * Connected, for the first time or again. Comes before what was queued is sent.
   *
   * Whatever `on` hears, it returns a function that takes the listener off.
   */
  on(event: "open", callback: (event: Event) => void): TornadoWebSocket.Off<this>;
  /** The connection was lost, could not be made, or was closed. Failed attempts to reconnect do not repeat it. */
  on(event: "close", callback: (event: TornadoWebSocket.CloseInfo) => void): TornadoWebSocket.Off<this>;
  on(event: "error", callback: (event: Event) => void): TornadoWebSocket.Off<this>;
  /** A message of the server as it came, before its event. */
  on(event: "message", callback: (event: MessageEvent) => void): TornadoWebSocket.Off<this>;
  /** There will be another attempt to connect. */
  on(event: "reconnecting", callback: (detail: TornadoWebSocket.Reconnecting) => void): TornadoWebSocket.Off<this>;
  /** Connected again, and what was missed meanwhile has been heard, if it could be had. */
  on(event: "reconnected", callback: (detail: TornadoWebSocket.Reconnected) => void): TornadoWebSocket.Off<this>;
  /** Something that was sent cannot be had any more: read your data again. */
  on(event: "gap", callback: (detail: object) => void): TornadoWebSocket.Off<this>;
  /** Who is here, first, and then who has come, gone or changed; `people` has it already. */
  on(event: "presence", callback: (data: TornadoWebSocket.PresenceOf<S>) => void): TornadoWebSocket.Off<this>;
  /** Attempts in a row never opened: no server, or one that refuses. From the third on, and with the last. */
  on(event: "refused", callback: (detail: TornadoWebSocket.Refused) => void): TornadoWebSocket.Off<this>;
  /** Something that was emitted did not get through, or perhaps not. */
  on(event: "dropped", callback: (detail: TornadoWebSocket.Dropped) => void): TornadoWebSocket.Off<this>;
  /** A piece of HTML, of `emit_html` and `publish_html`, which `fragments.js` puts into the page. */
  on(event: "tws.html", callback: (fragment: TornadoWebSocket.Fragment) => void): TornadoWebSocket.Off<this>;
  /** Any event of the server. */
  on(event: "*", callback: (event: string, data: any) => void): TornadoWebSocket.Off<this>;
  /** An event of the server. */
  on<E extends TornadoWebSocket.Name<S["on"]>>(event: E, callback: (data: S["on"][E]) => void): TornadoWebSocket.Off<this>;

  /** As `on`, for the next time only. */
  once: TornadoWebSocket<S>["on"];

  /** Forget one listener of an event, or all of them. */
  off(event: string, callback?: (...args: any[]) => void): this;

  /**
   * Send an event, as soon as there is a connection. What is no object is sent as `{ message: data }`.
   *
   * @returns false if it was dropped; "dropped" tells why
   */
  emit<E extends TornadoWebSocket.Name<S["emit"]>>(
    event: E,
    ...rest: TornadoWebSocket.Rest<S["emit"][E]["data"], TornadoWebSocket.SendOptions>
  ): boolean;

  /** Send an event, and await what its handler returns. Rejected with a `RequestError`. */
  request<T = any>(
    event: TornadoWebSocket.AnyName<S>,
    data?: TornadoWebSocket.Data,
    options?: TornadoWebSocket.RequestOptions,
  ): Promise<T>;
  request<E extends TornadoWebSocket.Name<S["emit"]>>(
    event: E,
    ...rest: TornadoWebSocket.Rest<S["emit"][E]["data"], TornadoWebSocket.RequestOptions>
  ): Promise<S["emit"][E]["reply"]>;

  /**
   * Send an event whose handler answers in parts, and take them one by one. Leaving the loop cancels.
   *
   *     for await (const part of tws.stream("ask", { question })) show(part);
   *
   * Throws a `RequestError`; its code is "lagging" when 1,000 parts, or 1 MiB of them, came more than were taken.
   */
  stream<T = any>(
    event: TornadoWebSocket.AnyName<S>,
    data?: TornadoWebSocket.Data,
    options?: TornadoWebSocket.SendOptions,
  ): TornadoWebSocket.Stream<T>;
  stream<E extends TornadoWebSocket.Name<S["emit"]>>(
    event: E,
    ...rest: TornadoWebSocket.Rest<S["emit"][E]["data"], TornadoWebSocket.SendOptions>
  ): TornadoWebSocket.Stream<TornadoWebSocket.Part<S["emit"][E]>>;

  /**
   * Answer what the server asks under this name (`socket.ask`), by what the callback returns. There is one answer to
   * each. The server gets an error where the callback throws: `code` and `details` of what it threw, such as a
   * `RequestError`, if it has a code that is a text, else "handler_error".
   *
   * @returns a function that takes the answer back
   */
  answer<T = any>(event: string, callback: (data: T) => unknown): () => void;

  /** Connect, or do so at once when waiting to reconnect. Does nothing when connected. */
  connect(): void;

  /** Close for good; what still waits to be sent is dropped. `connect()` opens it again. */
  close(code?: number, reason?: string): void;

  /** Let a module speak over this WebSocket. */
  bind(module: TornadoWebSocket.Module): this;
}

declare namespace TornadoWebSocket {
  /** What a WebSocket of the server sends (`on`), what it takes, and what it replies (`emit`). */
  interface Events {
    on: { [event: string]: any };
    emit: { [event: string]: { data: any; reply: any; part?: any } };
  }

  /** Where nobody has said so. */
  interface AnyEvents extends Events {
    emit: { [event: string]: { data: Data; reply: any } };
    isUnknown: true;
  }

  type Name<T> = Extract<keyof T, string>;

  /** Arguments after the event; data that may be empty may be left out. */
  type Rest<D, O> = {} extends D ? [data?: D | null, options?: O] : [data: D, options?: O];

  /** A part of an answer. */
  type Part<T> = T extends { part: infer P } ? P : unknown;

  /** The parts of an answer. `return()` leaves it, also while a loop waits for the next part. */
  interface Stream<T> extends AsyncIterableIterator<T> {
    return(value?: any): Promise<IteratorResult<T>>;
  }

  /** Of a WebSocket with `presence`, or what the application itself sends under that name. */
  type PresenceOf<S extends Events> = S["on"] extends { presence: infer P } ? P : Presence;

  /** `string`, where nobody has said what events there are. */
  type AnyName<S> = S extends { isUnknown: true } ? string : never;

  interface Options {
    /** Default: the page's. */
    host?: string;
    /** Default: the page's. */
    port?: number | string;
    /** Whether to use `wss`. Default: as the page. */
    secure?: boolean;
    /** What stands before `/ws/`, such as "/app". Default: the `data-prefix` of the script, else nothing. */
    prefix?: string;
    /** Who this is, as the server's `AUTHENTICATE` takes it; a function is asked at each attempt to connect. */
    token?: string | null | (() => string | null | PromiseLike<string | null>);
    /** Subprotocols to offer, or the one. */
    protocols?: string | readonly string[];
    /** Connect right away. Default: true. */
    auto_connect: boolean;
    /** An attempt to connect may take so long. Default: 15000. */
    connect_timeout: number;
    /** Default: true. */
    reconnect: boolean;
    /** Longest pause before the first attempt to reconnect; it doubles with each. Default: 1000. */
    reconnect_delay: number;
    /** The pause grows no further, or to four times this after more than five attempts that never opened. Default: 15000. */
    reconnect_delay_max: number;
    /** So many attempts in a row that never opened are the end; 0: none is. Default: 0. */
    max_refusals: number;
    /** After so much silence the server is probed; 0: never. Default: 25000. */
    ping_interval: number;
    /** A server that is probed is given so long to say anything. Default: 19000. */
    ping_timeout: number;
    /**
     * The same, while a handler may be at work on what was sent, for a server of version 1.0.0, which answers in turn.
     * Default: 120000.
     */
    busy_timeout: number;
    /** For `request`; 0: for ever. Default: 30000. */
    request_timeout: number;
    /** So many messages may wait for a connection; 0: none. Default: 1000. */
    queue_size: number;
    /** So many bytes of them. Default: 8000000. */
    queue_bytes: number;
    /**
     * Say hello at each open: with it come the `id`, and what was missed on a WebSocket with `history`. Default: true.
     */
    recover: boolean;
    /**
     * Everything from here on is to be heard: what `{% websocket_position %}` has written into the page, or the `position`
     * of a client.
     */
    since?: string | Record<string, number> | null;
    /** Instead of the global one, where there is none. */
    WebSocket?: new (url: string, protocols?: string[]) => any;
  }

  /** "closed": neither connected nor trying to be. */
  type State = "connecting" | "open" | "reconnecting" | "closed";

  type Data = object | string | number | boolean | null;

  /** What a `CloseEvent` has, and the client's own notices as well. */
  interface CloseInfo {
    readonly type: string;
    readonly code: number;
    readonly reason: string;
    readonly wasClean: boolean;
  }

  interface Reconnecting {
    /** Counts from 1. */
    attempt: number;
    /** Until the attempt. */
    delay: number;
  }

  interface Reconnected {
    attempts: number;
    /** Whether everything was heard that was missed. Without `history` nobody can say so. */
    recovered: boolean;
    /** So many events were. */
    replayed: number;
  }

  /** Somebody who is here: a user, or a connection of nobody's. */
  interface Person {
    id: string | number;
    /** What the server lets others see of them. */
    info: any;
    /** So many tabs and devices. */
    connections: number;
  }

  interface Presence {
    /** Everybody. */
    people?: Person[];
    joined?: Person[];
    /** Their ids. */
    left?: Person["id"][];
    changed?: Person[];
    /** With `presence="count"`, and nothing else. */
    count?: number;
  }

  interface Refused {
    /** So many in a row. */
    attempts: number;
  }

  interface Fragment {
    /** A selector. */
    target: string;
    /** Where it goes, as htmx names it. */
    swap: "innerHTML" | "outerHTML" | "beforebegin" | "afterbegin" | "beforeend" | "afterend" | "delete";
    html: string;
  }

  interface Dropped {
    event: string;
    data: any;
    /**
     * "disconnected": it was sent, but the connection was lost before the server confirmed it, so perhaps it got through.
     * All others say that it was not sent: "queue_full", "closed" (nothing will be sent any more), "not_open" (and it was
     * not to wait), "expired" (it had waited for longer than its `maxAge`).
     */
    reason: "disconnected" | "queue_full" | "closed" | "not_open" | "expired";
  }

  /** Takes the listener off. As `on` returned its emitter in version 1.0.0, calls that are chained go on there. */
  type Off<T> = (() => void) & Pick<T, Extract<keyof T, "on" | "once" | "off" | "bind">>;

  interface SendOptions {
    /** Whether it may wait for a connection. Default: true. */
    queue?: boolean;
    /** It may wait for so long. Default: for ever. */
    maxAge?: number;
  }

  interface RequestOptions extends SendOptions {
    /** Default: the option `request_timeout`. */
    timeout?: number;
  }

  /** Codes of the server, and reasons of the client. */
  type RequestErrorCode =
    | "unknown_event"
    | "reserved_event"
    | "invalid_data"
    | "too_deep"
    | "rate_limited"
    | "forbidden"
    | "handler_error"
    | "missing_id"
    | "cancelled"
    | "lagging"
    | "timeout"
    | "disconnected"
    | "queue_full"
    | "closed"
    | "not_open"
    | "expired"
    | (string & {});

  /** Why a request got no answer. */
  class RequestError extends Error {
    constructor(event: string, code: RequestErrorCode, message?: string, details?: Record<string, any>);
    event: string;
    code: RequestErrorCode;
    /** What else the server said about it, such as `fields`. */
    details: Record<string, any>;
  }

  /**
   * A part of a page that speaks with its counterpart on the server: its events are named
   * `module_<name>_<event>` there, and `<event>` here.
   */
  class Module {
    constructor(name?: string);
    name: string;
    /** What the names of its events begin with. */
    prefix: string;
    /** What it is bound to. */
    websocket: TornadoWebSocket<any> | null;
    on(event: "*", callback: (event: string, data: any) => void): Off<this>;
    on(event: string, callback: (data: any) => void): Off<this>;
    once: Module["on"];
    off(event: string, callback?: (...args: any[]) => void): this;
    emit(event: string, data?: Data, options?: SendOptions): boolean;
    request<T = any>(event: string, data?: Data, options?: RequestOptions): Promise<T>;
    stream<T = any>(event: string, data?: Data, options?: SendOptions): Stream<T>;
  }
}
