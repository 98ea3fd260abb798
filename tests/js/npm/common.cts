// A program with CommonJS modules, which has the client from npm.

import TornadoWebSocket = require("django-tornado-websockets-channels");
import ModuleProgressBar = require("django-tornado-websockets-channels/progress_bar");

export const tws: TornadoWebSocket = new TornadoWebSocket("/chat");
tws.bind(new ModuleProgressBar("import"));
