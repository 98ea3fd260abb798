// Types of tornadowebsocket.mjs, which is tornadowebsocket.js as an ES module.

import TornadoWebSocket from "./tornadowebsocket.js";

export { TornadoWebSocket, TornadoWebSocket as default };
export import Module = TornadoWebSocket.Module;
export import RequestError = TornadoWebSocket.RequestError;
