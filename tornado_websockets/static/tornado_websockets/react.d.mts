// Types of react.mjs.

import TornadoWebSocket from "./tornadowebsocket.js";

/**
 * Use a WebSocket of the server in a component of React. All components of a path share one connection; it is closed a
 * second after the last of them has gone.
 *
 *     const { last, on, status, emit } = useTornadoWebSocket<Chat>("/chat");
 *     const topic = last("topic")?.text;
 *     useEffect(() => on("said", (message) => add(message)), [on]);
 *
 * @param path as on the server
 * @param options of the client, read when it connects: those of the component that is there first
 */
export declare function useTornadoWebSocket<S extends TornadoWebSocket.Events = TornadoWebSocket.AnyEvents>(
  path: string,
  options?: Partial<TornadoWebSocket.Options> | null,
): ConnectedWebSocket<S>;

export interface ConnectedWebSocket<S extends TornadoWebSocket.Events = TornadoWebSocket.AnyEvents> {
  /**
   * The newest data of an event, for rendering: the component renders again when there are newer ones, once per frame,
   * once a second while the page is hidden. Call it while rendering.
   */
  last<E extends TornadoWebSocket.Name<S["on"]>>(event: E): S["on"][E] | undefined;
  /** Hear every event. Call it in an effect, which returns what this returns. It is the same function on each render. */
  on: TornadoWebSocket<S>["on"];
  /** The state of the connection; "connecting" before there is any, and on a server. */
  readonly status: TornadoWebSocket.State;
  /** As the client's. It is the same function on each render. */
  emit: TornadoWebSocket<S>["emit"];
  /** As the client's. It is the same function on each render. */
  request: TornadoWebSocket<S>["request"];
  /** Who is here, of a WebSocket with `presence`; a new Map when that has changed. */
  readonly people: ReadonlyMap<TornadoWebSocket.Person["id"], TornadoWebSocket.Person>;
}
