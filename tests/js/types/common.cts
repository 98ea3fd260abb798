// A program with CommonJS modules.

import TornadoWebSocket = require("../../../tornado_websockets/static/tornado_websockets/tornadowebsocket.js");
import ModuleProgressBar = require("../../../tornado_websockets/static/tornado_websockets/modules/progress_bar.js");

export const tws: TornadoWebSocket = new TornadoWebSocket("/chat");
export const progress: TornadoWebSocket.Module = new ModuleProgressBar("import");
