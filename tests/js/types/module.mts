// A page, or a program, with ES modules.

import TornadoWebSocket, {
  Module,
  RequestError,
} from "../../../tornado_websockets/static/tornado_websockets/tornadowebsocket.mjs";
import {
  EngineHtml5,
  ModuleProgressBar,
} from "../../../tornado_websockets/static/tornado_websockets/modules/progress_bar.mjs";

const tws = new TornadoWebSocket("/chat", { WebSocket, reconnect_delay: 100, ping_interval: 0, prefix: "/app" });
new TornadoWebSocket("/chat", { token: async () => localStorage.getItem("token"), protocols: ["v2.chat"] });
const state: "connecting" | "open" | "reconnecting" | "closed" = tws.state;
const options: TornadoWebSocket.Options = tws.options;

tws
  .on("reconnecting", ({ attempt, delay }) => console.log(attempt + delay))
  .on("dropped", ({ event, reason }) => console.log(event, reason === "disconnected"))
  .on("*", (event, data) => console.log(event.length, data));

const takeOff: () => void = tws.on("refused", ({ attempts }) => console.log(attempts - 1));
takeOff();
const isTaken: boolean = tws.emit("cancel", {}, { queue: false });
console.log(isTaken, tws.emit("typing", null, { maxAge: 1000 }));

export async function join(): Promise<string> {
  try {
    return (await tws.request<{ name: string }>("join", { name: "Ana" }, { timeout: 500, queue: false })).name;
  } catch (error) {
    if (error instanceof RequestError && error.details.fields) return String(error.details.fields);
    return error instanceof RequestError && error.code === "timeout" ? state : String(options);
  }
}

const progress: Module = new ModuleProgressBar("import").set_engine(new EngineHtml5(document.body));
tws.bind(progress);
progress.emit("cancel", {}, { queue: false });
progress.on("done", () => {}).once("update", ({ current }) => console.log(current))();
