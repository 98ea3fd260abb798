// The implementation agrees with what is declared of it when the one can stand for the other. Compiled in a copy of the
// client without the declarations of its ES modules: what is imported from a .mjs is then the implementation itself.

import * as written from "../../../tornado_websockets/static/tornado_websockets/tornadowebsocket.mjs";
import "../../../tornado_websockets/static/tornado_websockets/src/fragments.mjs";
import * as writtenBar from "../../../tornado_websockets/static/tornado_websockets/src/progress_bar.mjs";
import TornadoWebSocket from "../../../tornado_websockets/static/tornado_websockets/tornadowebsocket.js";
import ModuleProgressBar from "../../../tornado_websockets/static/tornado_websockets/modules/progress_bar.js";

type Client = Omit<typeof TornadoWebSocket, "ModuleProgressBar" | "prototype"> &
  (new (path: string) => TornadoWebSocket);

export const client: Client = written.TornadoWebSocket;
export const module: typeof TornadoWebSocket.Module = written.Module;
export const error: typeof TornadoWebSocket.RequestError = written.RequestError;

declare const bar: InstanceType<typeof writtenBar.ModuleProgressBar>;
export const progress: Omit<ModuleProgressBar, "websocket"> = bar;
export const html5: typeof ModuleProgressBar.EngineHtml5 = writtenBar.EngineHtml5;
export const bootstrap: typeof ModuleProgressBar.EngineBootstrap = writtenBar.EngineBootstrap;
export const job: typeof ModuleProgressBar.EngineJob = writtenBar.EngineJob;
