// ProgressBarModule as pages of django-tornado-websockets 0.1 know it: a progress bar with a WebSocket of its own, with
// or without `new`. It stands behind makeModule, which makes ModuleProgressBar of a TornadoWebSocket.

/** The options of an engine as they are now: what was `{ label: { visible: false } }` is `{ label_visible: false }`. */
function flatten(options = {}) {
  const parts = Object.entries(options).map(([part, values]) =>
    Object.entries(values).map(([name, value]) => [`${part}_${name}`, value]),
  );
  return Object.fromEntries(parts.flat());
}

let ModuleProgressBar;

class Bar {
  constructor(path, container, options = {}) {
    const { type = "bootstrap", websocket } = options;
    const { TornadoWebSocket } = root; // only now, since its script may come after this one
    if (!TornadoWebSocket) throw new Error("Load the script of TornadoWebSocket, tornado_websockets/client.js, too.");
    ModuleProgressBar = ModuleProgressBar || makeModule(TornadoWebSocket);
    const engines = { bootstrap: ModuleProgressBar.EngineBootstrap, html5: ModuleProgressBar.EngineHtml5 };
    const Engine = engines[type];
    if (!Engine) throw new TypeError(`Expected the type "bootstrap" or "html5", got ${type}.`);
    this.path = `/${path.trim().replace(/^\/+/, "")}`;
    this.container = container;
    this.options = options;
    this.engine = new Engine(container, flatten(options[type]));
    this.websocket = new TornadoWebSocket(`/module/progress_bar${this.path}`, websocket);

    const bar = new ModuleProgressBar();
    this.websocket.bind(bar.set_engine(this.engine));
    this.engine.updateLabel = (label) => {
      bar.label = String(label);
      bar._show();
    };
  }

  on(event, callback) {
    this.websocket.on(event, callback);
  }

  emit(event, data) {
    this.websocket.emit(event, data);
  }
}

return new Proxy(Bar, { apply: (target, _this, given) => new target(...given) });
