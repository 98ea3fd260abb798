// TornadoWebSocket and tws as pages of django-tornado-websockets 0.1 know them: with or without `new`.

// Its "message" was an event of the server, which any other name here keeps apart from the connection's.
const MESSAGE = Symbol("message");

class Client extends TornadoWebSocket {
  constructor(path, options) {
    super(rooted(path), options);
  }

  on(event, callback) {
    super.on(event === "message" && typeof callback === "function" ? MESSAGE : event, callback);
  }

  _deliver(event, data) {
    if (event === "message") this._dispatch(MESSAGE, data);
    super._deliver(event, data);
  }
}

return new Proxy(Client, { apply: (target, _this, given) => new target(...given) });
