// TornadoWebSocket as pages of django-tornado-websockets 0.2 know it.

class Client extends TornadoWebSocket {
  constructor(path, options) {
    super(rooted(path), options);
  }
}

Object.defineProperty(Module.prototype, "_websocket", {
  get() {
    return this.websocket;
  },
});

return Client;
