// The second tab: one ordinary connection, of who is logged in or of a token, and all its frames.

import { byId, element, setText } from "./elements.mjs";
import { Mistake, SchemaForm } from "./form.mjs";

/** Frames that are shown. */
const MOST_FRAMES = 200;

/** Characters of one that are shown. */
const MOST_TEXT = 10000;

/** What a subprotocol may be made of, by RFC 9110; another token travels as base64url. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const OTHER = "";

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };

/** Let the tab be used, on a site that is served under `prefix`. */
export async function tryOut(prefix) {
  const answer = await fetch("described.json");
  return new Trying(prefix, await answer.json());
}

class Trying {
  constructor(prefix, { websockets, definitions }) {
    this._prefix = prefix;
    this._websockets = websockets;
    this._definitions = definitions;
    this._socket = null;
    this._asked = new Map();
    this._number = 0;
    this._frames = 0;
    byId("try-path").replaceChildren(...websockets.map(({ path }, at) => element("option", { value: at }, path)));
    byId("try-path").addEventListener("change", () => this._choosePath());
    byId("try-event").addEventListener("change", () => this._chooseEvent());
    byId("try-forms").addEventListener("change", () => this._chooseForm());
    byId("clear").addEventListener("click", () => this._clear());
    byId("connect").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this._socket) this._socket.close(1000);
      else this._connect();
    });
    byId("send").addEventListener("submit", (event) => {
      event.preventDefault();
      this._send();
    });
    this._clear();
    this._choosePath();
  }

  get _chosen() {
    return this._websockets[byId("try-path").value] ?? { path: "", url: "", parameters: {}, receives: [] };
  }

  get _event() {
    return this._chosen.receives[byId("try-event").value];
  }

  _choosePath() {
    const { parameters, receives } = this._chosen;
    const inputs = Object.entries(parameters).map(([name, { type }]) => {
      const id = `parameter-${name}`;
      const input = element("input", { id, name, required: true, autocomplete: "off", spellcheck: "false" });
      if (type === "integer") input.inputMode = "numeric";
      return element("div", { class: "field" }, element("label", { for: id }, name), input);
    });
    byId("try-parameters").replaceChildren(...inputs);
    const events = receives.map(({ event }, at) => element("option", { value: at }, event));
    byId("try-event").replaceChildren(...events, element("option", { value: OTHER }, "another one"));
    byId("try-connect").disabled = this._websockets.length === 0;
    this._socket?.close(1000);
    this._chooseEvent();
  }

  _chooseEvent() {
    const event = this._event;
    const isNamed = event && !event.is_rest;
    byId("other-event").hidden = isNamed;
    byId("try-name").required = !isNamed;
    const rules = [...(event?.rules ?? []), ...(event?.is_in_parts ? ["is answered in parts"] : [])];
    byId("try-rules").hidden = rules.length === 0;
    setText(byId("try-rules"), rules.join(", "));
    const hasForm = isNamed && SchemaForm.fits(event.data, this._definitions);
    this._form = hasForm ? new SchemaForm(event.data, this._definitions) : null;
    byId("try-fields").replaceChildren(...(this._form ? [this._form.element] : []));
    byId("try-forms").hidden = !hasForm;
    byId("try-forms").querySelector("[value=fields]").checked = true;
    this._complain("");
    this._chooseForm();
  }

  _chooseForm() {
    const isForm = this._form !== null && byId("send").elements.form.value === "fields";
    if (this._form && !isForm) {
      try {
        byId("try-json").value = JSON.stringify(this._form.read(), null, 2);
      } catch {
        // What is not finished yet is typed in anew.
      }
    }
    byId("try-fields").hidden = !isForm;
    byId("try-text").hidden = isForm;
  }

  _connect() {
    let url = this._chosen.url;
    for (const input of byId("try-parameters").querySelectorAll("input")) {
      const value = input.value.split("/").map(encodeURIComponent).join("/");
      url = url.replace(new RegExp(`<(?:[^>:]*:)?${input.name}>`), () => value);
    }
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const token = byId("try-token").value;
    const socket = new WebSocket(`${scheme}//${location.host}${this._prefix}${url}`, token ? carry(token) : []);
    this._socket = socket;
    this._say("Connecting", "waiting");
    byId("try-connect").textContent = "Cancel";
    socket.onopen = () => {
      this._say("Connected", "good");
      this._note("·", `connected to ${url}`);
      byId("try-connect").textContent = "Disconnect";
      byId("try-send").disabled = false;
    };
    socket.onmessage = ({ data }) => this._receive(data);
    socket.onclose = ({ code, reason }) => this._closed(code, reason);
  }

  _closed(code, reason) {
    const isRefused = byId("try-send").disabled;
    const text = isRefused ? "Refused, or unreachable" : `Closed: ${code}${reason && ` ${reason}`}`;
    this._say(text, "bad");
    this._note("·", text.toLowerCase());
    this._socket = null;
    this._asked.clear();
    byId("try-connect").textContent = "Connect";
    byId("try-send").disabled = true;
  }

  _send() {
    this._complain("");
    let data;
    try {
      data = byId("try-fields").hidden ? parse(byId("try-json").value) : this._form.read();
    } catch (error) {
      if (error instanceof Mistake) this._form?.show([{ path: error.path, message: error.message }]);
      this._complain(error.message);
      return;
    }
    const event = this._event && !this._event.is_rest ? this._event.event : byId("try-name").value;
    const id = ++this._number;
    const text = JSON.stringify({ event, data, id });
    this._asked.set(id, { at: performance.now(), event, form: this._form, parts: 0 });
    this._socket.send(text);
    this._note("↑", text);
    this._reply("waiting", `No reply to ${event} yet.`);
  }

  _receive(text) {
    const now = performance.now();
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      frame = {};
    }
    const asked = frame.event === "reply" && this._asked.get(frame.id);
    if (!asked) {
      this._note("↓", text);
      return;
    }
    const time = `${(now - asked.at).toFixed(1)} ms`;
    this._note("↓", text, time);
    if ("part" in frame) {
      asked.parts += 1;
      this._reply(`part ${asked.parts} after ${time}`, JSON.stringify(frame.part, null, 2));
      return;
    }
    this._asked.delete(frame.id);
    asked.form?.show(Array.isArray(frame.error?.fields) ? frame.error.fields : []);
    if (asked.parts && frame.data) this._reply(`${asked.parts} parts, the end after ${time}`);
    else this._reply(`${frame.error ? "refused " : ""}after ${time}`, JSON.stringify(frame.error ?? frame.data, null, 2));
  }

  _reply(time, text) {
    setText(byId("reply-time"), time);
    if (text !== undefined) setText(byId("reply"), text.slice(0, MOST_TEXT));
  }

  _say(text, state) {
    setText(byId("try-status"), text);
    byId("try-status").dataset.state = state;
  }

  _complain(text) {
    setText(byId("try-error"), text);
    byId("try-error").hidden = text === "";
  }

  _note(direction, text, time = "") {
    const titles = { "↑": "sent", "↓": "received", "·": "connection" };
    const now = new Date().toLocaleTimeString("en-GB", TIME);
    const frame = element(
      "li",
      { "data-direction": titles[direction] },
      element("span", { class: "when" }, `${now} ${titles[direction]}${time && `, reply after ${time}`}`),
      element("code", {}, typeof text === "string" ? text.slice(0, MOST_TEXT) : "a binary frame"),
    );
    byId("frames").prepend(frame);
    if (byId("frames").children.length > MOST_FRAMES) byId("frames").lastChild.remove();
    setText(byId("count-frames"), ++this._frames);
  }

  _clear() {
    this._frames = 0;
    byId("frames").replaceChildren();
    setText(byId("count-frames"), "");
  }
}

/** The subprotocols by which a browser offers a token. */
function carry(token) {
  if (TOKEN.test(token)) return ["bearer", token];
  const bytes = String.fromCharCode(...new TextEncoder().encode(token));
  return ["bearer.b64", btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")];
}

function parse(text) {
  try {
    return JSON.parse(text.trim() || "{}");
  } catch (error) {
    throw new Error(`Expected JSON: ${error.message}`, { cause: error });
  }
}
