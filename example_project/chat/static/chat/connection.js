// A connection to a WebSocket of the server that comes back by itself.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

export class Connection {
  #address;
  #onEvent;
  #onState;
  #socket;
  #failures = 0;
  #lastId = 0;
  #requests = new Map();

  /** `onEvent(event, data)` hears the server, `onState` is told "connecting", "connected" or "reconnecting". */
  constructor(path, onEvent, onState) {
    this.#address = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
    this.#onEvent = onEvent;
    this.#onState = onState;
    onState("connecting");
    this.#open();
  }

  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  emit(event, data = {}) {
    if (this.isOpen) this.#socket.send(JSON.stringify({ event, data }));
  }

  /** Emit, and return a promise of the handler's answer; it is rejected when the connection is lost. */
  request(event, data) {
    if (!this.isOpen) return Promise.reject(new Error("not connected"));
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ event, data, id }));
    return new Promise((resolve, reject) => this.#requests.set(id, { resolve, reject }));
  }

  #open() {
    this.#socket = new WebSocket(this.#address);
    this.#socket.onopen = () => {
      this.#failures = 0;
      this.#onState("connected");
    };
    this.#socket.onmessage = (message) => this.#receive(JSON.parse(message.data));
    this.#socket.onclose = () => this.#comeBack();
  }

  #receive({ event, data, id, error }) {
    if (event !== "reply") return this.#onEvent(event, data);
    const { resolve, reject } = this.#requests.get(id);
    this.#requests.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(data);
  }

  #comeBack() {
    for (const { reject } of this.#requests.values()) reject(new Error("connection lost"));
    this.#requests.clear();
    this.#onState("reconnecting");
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures++);
    // Spread out, so that a restarted server does not see everyone at the same moment.
    setTimeout(() => this.#open(), delay * (0.5 + Math.random() / 2));
  }
}
