// Types of tornadowebsocket.js: a global of a page, an AMD module and a CommonJS module. All times are in milliseconds.

export = TornadoWebSocket;
export as namespace TornadoWebSocket;

/**
 * A WebSocket of the server, under its path there; it comes back by itself when the connection is lost.
 *
 *     const tws = new TornadoWebSocket("/my_chat");
 *     tws.on("open", () => tws.emit("hello", { name: "Ana" }));
 *     tws.on("my_event", (data) => console.log(data));
 */
declare class TornadoWebSocket {
  /** @param path as on the server: `/my_chat` for `ws(s)://host:port/ws/my_chat` */
  constructor(path: string, options?: Partial<TornadoWebSocket.Options> | null);

  readonly path: string;
  readonly url: string;
  readonly options: TornadoWebSocket.Options;
  readonly state: TornadoWebSocket.State;
  /** The browser's own WebSocket of the moment. */
  readonly websocket: WebSocket | null;

  /** Connected, for the first time or again. Comes before what was queued is sent. */
  on(event: "open", callback: (event: Event) => void): this;
  /** The connection was lost, could not be made, or was closed. Failed attempts to reconnect do not repeat it. */
  on(event: "close", callback: (event: TornadoWebSocket.CloseInfo) => void): this;
  on(event: "error", callback: (event: Event) => void): this;
  /** A message of the server as it came, before its event. */
  on(event: "message", callback: (event: MessageEvent) => void): this;
  /** There will be another attempt to connect. */
  on(event: "reconnecting", callback: (detail: TornadoWebSocket.Reconnecting) => void): this;
  on(event: "reconnected", callback: (detail: TornadoWebSocket.Reconnected) => void): this;
  /** Something that was emitted did not get through, or perhaps not. */
  on(event: "dropped", callback: (detail: TornadoWebSocket.Dropped) => void): this;
  /** Any event of the server. */
  on(event: "*", callback: (event: string, data: any) => void): this;
  /** An event of the server. */
  on(event: string, callback: (data: any) => void): this;

  /** As `on`, for the next time only. */
  once: TornadoWebSocket["on"];

  /** Forget one listener of an event, or all of them. */
  off(event: string, callback?: (...args: any[]) => void): this;

  /**
   * Send an event, as soon as there is a connection. A string is sent as `{ message: string }`.
   *
   * @returns false if it was dropped, because too much waits already
   */
  emit(event: string, data?: TornadoWebSocket.Data): boolean;

  /** Send an event, and await what its handler returns. Rejected with a `RequestError`. */
  request<T = any>(
    event: string,
    data?: TornadoWebSocket.Data,
    options?: TornadoWebSocket.RequestOptions,
  ): Promise<T>;

  /** Connect, or do so at once when waiting to reconnect. Does nothing when connected. */
  connect(): void;

  /** Close for good; what still waits to be sent is dropped. `connect()` opens it again. */
  close(code?: number, reason?: string): void;

  /** Let a module speak over this WebSocket. */
  bind(module: TornadoWebSocket.Module): this;
}

declare namespace TornadoWebSocket {
  interface Options {
    /** Default: the page's. */
    host?: string;
    /** Default: the page's. */
    port?: number | string;
    /** Whether to use `wss`. Default: as the page. */
    secure?: boolean;
    /** Connect right away. Default: true. */
    auto_connect: boolean;
    /** An attempt to connect may take so long. Default: 15000. */
    connect_timeout: number;
    /** Default: true. */
    reconnect: boolean;
    /** Longest pause before the first attempt to reconnect; it doubles with each. Default: 500. */
    reconnect_delay: number;
    /** The pause grows no further. Default: 15000. */
    reconnect_delay_max: number;
    /** After so much silence the server is probed; 0: never. Default: 25000. */
    ping_interval: number;
    /** A server that is probed is given so long to say anything. Default: 20000. */
    ping_timeout: number;
    /** The same, while a handler may be at work on what was sent. Default: 120000. */
    busy_timeout: number;
    /** For `request`; 0: for ever. Default: 30000. */
    request_timeout: number;
    /** So many messages may wait for a connection. Default: 1000. */
    queue_size: number;
    /** Instead of the global one, where there is none. */
    WebSocket?: new (url: string) => any;
  }

  /** "closed": neither connected nor trying to be. */
  type State = "connecting" | "open" | "reconnecting" | "closed";

  type Data = object | string | null;

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
  }

  interface Dropped {
    event: string;
    data: any;
    /**
     * "disconnected": it was sent, but the connection was lost before the server said anything more, so perhaps it got
     * through. "queue_full" and "closed": it was not sent.
     */
    reason: "disconnected" | "queue_full" | "closed";
  }

  interface RequestOptions {
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
    | "timeout"
    | "disconnected"
    | "queue_full"
    | "closed"
    | (string & {});

  /** Why a request got no answer. */
  class RequestError extends Error {
    constructor(event: string, code: RequestErrorCode, message?: string);
    event: string;
    code: RequestErrorCode;
  }

  /**
   * A part of a page that speaks with its counterpart on the server: its events are named
   * `module_<name>_<event>` there, and `<event>` here.
   */
  class Module {
    constructor(name: string);
    name: string;
    /** What the names of its events begin with. */
    prefix: string;
    /** What it is bound to. */
    websocket: TornadoWebSocket | null;
    on(event: "*", callback: (event: string, data: any) => void): this;
    on(event: string, callback: (data: any) => void): this;
    once: Module["on"];
    off(event: string, callback?: (...args: any[]) => void): this;
    emit(event: string, data?: Data): boolean;
    request<T = any>(event: string, data?: Data, options?: RequestOptions): Promise<T>;
  }
}
