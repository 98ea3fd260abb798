// The first tab: what all processes say, every two seconds, while somebody looks.

import TornadoWebSocket from "./tornadowebsocket.mjs";
import { byId, element, number, setText, Table } from "./elements.mjs";
import { Plot } from "./plots.mjs";

const total = (processes, of) => processes.reduce((sum, each) => sum + of(each), 0);
const counted = (name) => (each) => each.counters[name];

/** What the tiles at the top say: of all processes together, now, or so many a second. */
const TILES = [
  { title: "Connections", now: counted("connections") },
  { title: "Messages in / s", rate: ["messages_in"] },
  { title: "Messages out / s", rate: ["messages_out"] },
  { title: "Handlers running", now: counted("handlers_running") },
  { title: "Refusals, errors / s", rate: ["messages_refused"], bad: true },
  { title: "Losses / s", rate: ["messages_lost", "messages_unsent", "messages_dropped"], bad: true },
];

const PROCESSES = [
  { title: "Process", text: (each) => each.name + (each.stopping ? ", stopping" : "") },
  { title: "Up for", text: (each) => duration(Date.now() / 1000 - each.started) },
  { title: "Connections", text: (each) => number(each.counters.connections), number: true },
  { title: "In / s", text: (each) => number(each.rates?.messages_in ?? NaN), number: true },
  { title: "Out / s", text: (each) => number(each.rates?.messages_out ?? NaN), number: true },
  ...[
    ["Lost", "messages_lost"],
    ["Unsent", "messages_unsent"],
    ["Dropped", "messages_dropped"],
    ["Slow clients", "slow_clients_closed"],
    ["Errors", "handler_errors"],
  ].map(([title, name]) => ({
    title,
    text: (each) => number(each.counters[name]),
    tone: (each) => (each.counters[name] ? "bad" : ""),
    number: true,
  })),
  { title: "Recovered", text: (each) => number(each.counters.recoveries), number: true },
  {
    title: "Not recovered",
    text: (each) => number(each.counters.recoveries_failed),
    tone: (each) => (each.counters.recoveries_failed ? "bad" : ""),
    number: true,
  },
  { title: "Delay, ms", text: (each) => number(each.delay * 1000), number: true },
];

const PATHS = [
  { title: "Path", text: ({ path }) => path },
  { title: "Connections", text: ({ count }) => number(count), number: true },
];

const USERS = [
  { title: "User", text: ({ name, key }) => nameOf(name, key) },
  { title: "Connections", text: ({ count }) => number(count), number: true },
];

/** Milliseconds after which a look that has failed is taken again, unless that can only be refused again. */
const PAUSE = 5000;
const FINAL = ["forbidden", "invalid_data"];

/** Look at all processes by the WebSocket at `path`; what is returned has `show(whether)`. */
export function look(path, prefix) {
  return new Looking(new TornadoWebSocket(path, { prefix, auto_connect: false }));
}

class Looking {
  constructor(tws) {
    this._tws = tws;
    this._isShown = false;
    this._isRefused = false; // several times in a row: whoever is logged out is not let in any more
    this._stream = null;
    this._before = new Map();
    this._makeTables();
    this._makeTiles();
    tws.on("open", () => {
      this._isRefused = false;
      this._watch();
    });
    tws.on("refused", () => (this._isRefused = true));
    tws.on("reconnecting", () => {
      if (this._isRefused) this._say("Refused, or unreachable", "bad");
      else this._say("Reconnecting", "waiting");
    });
    tws.on("close", ({ code }) => this._say(code === 4403 ? "Not allowed any more" : "Disconnected", "bad"));
    document.addEventListener("visibilitychange", () => this._update());
    byId("find").addEventListener("submit", (event) => event.preventDefault());
    byId("find-text").addEventListener("input", () => {
      clearTimeout(this._typing);
      this._typing = setTimeout(() => this._watch(), 250);
    });
  }

  /** Whether the tab is the one that is shown: in the background nobody asks for anything. */
  show(isShown) {
    this._isShown = isShown;
    this._update();
  }

  _update() {
    const isSeen = this._isShown && !document.hidden;
    if (isSeen && this._tws.state === "closed") {
      this._say("Connecting", "waiting");
      this._tws.connect();
    } else if (!isSeen && this._tws.state !== "closed") {
      this._tws.close();
    }
  }

  _say(text, state) {
    setText(byId("status"), text);
    byId("status").dataset.state = state;
  }

  async _watch() {
    if (this._tws.state !== "open") return;
    this._stream?.return?.();
    const stream = (this._stream = this._tws.stream("look", { find: byId("find-text").value }));
    try {
      for await (const seen of stream) {
        if (stream !== this._stream) return;
        this._say("Live", "good");
        this._show(seen);
      }
    } catch (error) {
      if (stream !== this._stream || this._tws.state !== "open") return;
      this._say(error.message, "bad");
      if (!FINAL.includes(error.code)) setTimeout(() => stream === this._stream && this._watch(), PAUSE);
    }
  }

  _show({ processes, is_whole: isWhole, may_disconnect: mayDisconnect, served, me }) {
    const trouble = byId("trouble");
    trouble.hidden = isWhole;
    if (!isWhole) setText(trouble, "The channel layer takes no questions: this is what one process knows.");
    for (const each of processes) each.rates = this._ratesOf(each);
    this._before = new Map(processes.map((each) => [each.id, each]));
    this._showTiles(processes);
    this._processes.show(processes, (each) => each.id);
    setText(byId("count-processes"), processes.length);
    this._showSums("paths", processes, ([path, , count]) => ({ key: path, path, count }), idle(processes, served));
    this._showSums("users", processes, ([key, name, count]) => ({ key, name, count }));
    this._showConnections(processes, mayDisconnect, me);
  }

  /** So many a second of each counter, since the process was last heard. */
  _ratesOf(process) {
    const before = this._before.get(process.id);
    const seconds = process.seconds - before?.seconds;
    if (!(seconds > 0)) return undefined;
    return Object.fromEntries(
      Object.entries(process.counters).map(([name, value]) => [name, (value - before.counters[name]) / seconds]),
    );
  }

  _showTiles(processes) {
    for (const { tile, value, plot, now, rate, bad } of this._tiles) {
      const isKnown = now || processes.some((each) => each.rates);
      const sum = total(processes, now ?? ((each) => rate.reduce((all, name) => all + (each.rates?.[name] ?? 0), 0)));
      setText(value, isKnown ? number(sum) : "–");
      tile.dataset.tone = bad && sum > 0 ? "bad" : "";
      if (isKnown) plot.add(sum);
    }
  }

  _showSums(what, processes, read, others = []) {
    const sums = new Map();
    for (const each of processes.flatMap((process) => process[what].map(read))) {
      const sum = sums.get(each.key);
      if (sum) sum.count += each.count;
      else sums.set(each.key, each);
    }
    const shown = [...sums.values()].sort((one, other) => other.count - one.count).slice(0, 100);
    this[`_${what}`].show([...shown, ...others], ({ key }) => key);
    const most = Math.max(sums.size, ...processes.map((each) => each[`${what}_total`]));
    setText(byId(`count-${what}`), shown.length < most ? `${shown.length} of ${number(most)} or more` : shown.length);
  }

  _showConnections(processes, mayDisconnect, me) {
    const rows = processes.flatMap((process) =>
      process.connections.map((each) => ({ ...each, process: process.name, isMe: each.id === me })),
    );
    rows.sort((one, other) => (other.backlog ?? -1) - (one.backlog ?? -1));
    byId("connections").classList.toggle("locked", !mayDisconnect);
    this._connections.show(rows, ({ id }) => id);
    const found = total(processes, (each) => each.connections_found);
    setText(byId("count-connections"), rows.length < found ? `${rows.length} of ${number(found)}` : rows.length);
  }

  _makeTables() {
    this._processes = new Table(byId("processes"), "Processes", PROCESSES, "No process has answered yet.");
    this._paths = new Table(byId("paths"), "Paths", PATHS, "Nobody is connected.");
    this._users = new Table(byId("users"), "Users", USERS, "Nobody who is logged in is connected.");
    const columns = [
      { title: "User", text: ({ name, user, isMe }) => nameOf(name, user) + (isMe ? ", this page" : "") },
      { title: "Path", text: ({ path }) => path },
      { title: "Process", text: ({ process }) => process },
      { title: "Address", text: ({ address }) => address },
      { title: "Id", text: ({ id }) => id.slice(0, 8) },
      {
        title: "Waits for it",
        text: ({ backlog }) => (backlog === null ? "nothing" : backlog ? `${number(backlog)} bytes` : "a frame"),
        tone: ({ backlog }) => (backlog === null ? "" : "bad"),
        number: true,
      },
      { title: "Action", button: (row) => this._button(row) },
    ];
    this._connections = new Table(byId("connections"), "Connections", columns, "No connection is found.");
  }

  _makeTiles() {
    this._tiles = TILES.map((tile) => {
      const value = element("span", {}, "–");
      const plot = new Plot();
      const made = element("div", {}, element("dt", {}, tile.title), element("dd", {}, value, plot.element));
      byId("tiles").append(made);
      return { ...tile, tile: made, value, plot };
    });
  }

  _button(row) {
    const who = `${nameOf(row.name, row.user)} from ${row.path}`;
    const button = element("button", { type: "button", "aria-label": `Disconnect ${who}` }, "Disconnect");
    button.addEventListener("click", () => this._disconnect(row, who));
    return button;
  }

  async _disconnect({ id }, who) {
    const dialog = byId("confirm");
    setText(byId("confirm-text"), `Disconnect ${who}?`);
    dialog.returnValue = "no";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "yes") return;
    try {
      await this._tws.request("disconnect", { id }, { queue: false });
      this._tell(`${who} is disconnected.`);
    } catch (error) {
      this._tell(error.message);
    }
  }

  _tell(text) {
    setText(byId("toast"), text);
    clearTimeout(this._telling);
    this._telling = setTimeout(() => setText(byId("toast"), ""), 6000);
  }
}

/** The paths of WebSockets that have no connection, where that can be told: of many paths, not all are told of. */
export function idle(processes, served) {
  if (processes.some((each) => each.paths.length < each.paths_total)) return [];
  const patterns = new Set(processes.flatMap(({ paths }) => paths.map(([, pattern]) => pattern)));
  return served.filter((pattern) => !patterns.has(pattern)).map((path) => ({ key: path, path, count: 0 }));
}

function nameOf(name, key) {
  if (key === null || key === undefined) return "nobody in particular";
  return name ? `${name} (${key})` : String(key);
}

function duration(seconds) {
  if (!(seconds >= 0)) return "–";
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const [unit, size] = units.find(([, each]) => seconds >= each) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}
