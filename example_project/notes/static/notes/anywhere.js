// The bell on a page that is about something else.

import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs";
import { hang } from "./bell.js";

hang(new TornadoWebSocket("/bell"));
