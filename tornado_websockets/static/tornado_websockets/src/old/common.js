// What both clients of 2016 did otherwise. It stands behind the text of tornadowebsocket.mjs, in the same function.

Object.assign(DEFAULTS, {
  reconnect: false,
  // A connection ended when the browser said so, and not before.
  connect_timeout: 2 ** 31 - 1,
  ping_interval: 0,
  recover: false,
});

const addListener = Emitter.prototype.on;

/** The newest callback of an event is the only one. Nothing is returned, as then. */
Emitter.prototype.on = function (event, callback) {
  if (typeof callback === "function") this.off(event);
  addListener.call(this, event, callback);
};

/** The root path of the server could be written as nothing. */
const rooted = (path) => (typeof path === "string" && !path.trim() ? "/" : path);
