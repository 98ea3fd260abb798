// Whatever way a program of Node takes the client, it is the same.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import TornadoWebSocket from "django-tornado-websockets-channels";
import { ModuleProgressBar } from "django-tornado-websockets-channels/progress_bar";

const require = createRequire(import.meta.url);
assert.equal(require("django-tornado-websockets-channels"), TornadoWebSocket);
assert.ok(new ModuleProgressBar() instanceof TornadoWebSocket.Module);
assert.ok(new (require("django-tornado-websockets-channels/progress_bar"))() instanceof TornadoWebSocket.Module);
