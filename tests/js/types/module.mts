// A page, or a program, with ES modules.

import TornadoWebSocket, {
  Module,
  RequestError,
} from "../../../tornado_websockets/static/tornado_websockets/tornadowebsocket.mjs";
import {
  EngineHtml5,
  ModuleProgressBar,
} from "../../../tornado_websockets/static/tornado_websockets/modules/progress_bar.mjs";

const tws = new TornadoWebSocket("/chat", { WebSocket, reconnect_delay: 100, ping_interval: 0 });
const state: "connecting" | "open" | "reconnecting" | "closed" = tws.state;
const options: TornadoWebSocket.Options = tws.options;

tws
  .on("reconnecting", ({ attempt, delay }) => console.log(attempt + delay))
  .on("dropped", ({ event, reason }) => console.log(event, reason === "disconnected"))
  .on("*", (event, data) => console.log(event.length, data));

export async function join(): Promise<string> {
  try {
    return (await tws.request<{ name: string }>("join", { name: "Ana" }, { timeout: 500 })).name;
  } catch (error) {
    return error instanceof RequestError && error.code === "timeout" ? state : String(options);
  }
}

const progress: Module = new ModuleProgressBar("import").set_engine(new EngineHtml5(document.body));
tws.bind(progress);
