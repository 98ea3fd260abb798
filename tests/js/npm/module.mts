// A program with ES modules, which has the client from npm.

import TornadoWebSocket, { Module, RequestError } from "django-tornado-websockets-channels";
import { EngineHtml5, ModuleProgressBar } from "django-tornado-websockets-channels/progress_bar";
import SameModuleProgressBar from "django-tornado-websockets-channels/modules/progress_bar.mjs";

const tws = new TornadoWebSocket("/chat");
const progress: Module = new ModuleProgressBar("import").set_engine(new EngineHtml5(document.body));
tws.bind(progress).bind(new SameModuleProgressBar("export"));
export const error = RequestError;
