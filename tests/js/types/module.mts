// A page, or a program, with ES modules.

import TornadoWebSocket, {
  Module,
  RequestError,
} from "../../../tornado_websockets/static/tornado_websockets/tornadowebsocket.mjs";
import {
  EngineHtml5,
  ModuleProgressBar,
} from "../../../tornado_websockets/static/tornado_websockets/modules/progress_bar.mjs";

const tws = new TornadoWebSocket("/chat", { WebSocket, reconnect_delay: 100, ping_interval: 0, prefix: "/app" });
new TornadoWebSocket("/chat", { token: async () => localStorage.getItem("token"), protocols: ["v2.chat"] });
const state: "connecting" | "open" | "reconnecting" | "closed" = tws.state;
const options: TornadoWebSocket.Options = tws.options;

tws
  .on("reconnecting", ({ attempt, delay }) => console.log(attempt + delay))
  .on("dropped", ({ event, reason }) => console.log(event, reason === "disconnected"))
  .on("*", (event, data) => console.log(event.length, data));

const takeOff: () => void = tws.on("refused", ({ attempts }) => console.log(attempts - 1));
takeOff();
const isTaken: boolean = tws.emit("cancel", {}, { queue: false });
console.log(isTaken, tws.emit("typing", null, { maxAge: 1000 }));

export async function join(): Promise<string> {
  try {
    return (await tws.request<{ name: string }>("join", { name: "Ana" }, { timeout: 500, queue: false })).name;
  } catch (error) {
    if (error instanceof RequestError && error.details.fields) return String(error.details.fields);
    return error instanceof RequestError && error.code === "timeout" ? state : String(options);
  }
}

tws.on("reconnected", ({ recovered, replayed }) => console.log(recovered ? replayed + 1 : 0)).on("gap", () => {});
tws.on("tws.html", ({ target, swap, html }) => document.querySelector(target)?.insertAdjacentHTML(swap === "beforeend" ? swap : "afterend", html));
tws.on("presence", ({ people = [], left }) => console.log(people[0].info, left?.length, tws.people.get(1)?.connections));
new TornadoWebSocket("/chat", { since: tws.position, recover: true });
void fetch("/say", { method: "POST", headers: { ...tws.headers, Accept: "text/html" } });
const id: string | null = tws.id;
console.log(id, tws.people_count + 1);

export async function read(): Promise<string> {
  const parts = tws.stream<{ text: string }>("ask", { question: "Why?" }, { maxAge: 1000 });
  setTimeout(() => parts.return(), 1000);
  let all = "";
  for await (const { text } of parts) all += text;
  const takeBack: () => void = tws.answer("confirm", async ({ text }) => window.confirm(text));
  takeBack();
  tws.answer<{ n: number }>("double", ({ n }) => n * 2);
  return all;
}

/** As `manage.py websockets --typescript` writes it. */
interface Chat {
  on: { said: { text: string }; warning: { code: string; message: string; [detail: string]: unknown } };
  emit: {
    say: { data: { text: string }; reply: Record<string, never> };
    ask: { data: { question: string }; reply: Record<string, never>; part: { text: string } };
  };
}

const chat = new TornadoWebSocket<Chat>("/chat");
chat.on("presence", ({ count = 0 }) => console.log(count + 1));

export async function listen(): Promise<void> {
  for await (const { text } of chat.stream("ask", { question: "Why?" })) chat.emit("say", { text });
  // @ts-expect-error no such event
  chat.stream("aks", { question: "Why?" });
  // @ts-expect-error other data
  chat.stream("ask", { qestion: "Why?" });
  // @ts-expect-error other data
  for await (const { txt } of chat.stream("ask", { question: "Why?" })) console.log(txt);
}

/** Where the application itself sends "presence". */
declare const own: TornadoWebSocket<{ on: { presence: { here: string[] } }; emit: {} }>;
own.on("presence", ({ here }) => console.log(here.length));

const progress: Module = new ModuleProgressBar("import").set_engine(new EngineHtml5(document.body));
tws.bind(progress);
progress.emit("cancel", {}, { queue: false });
progress.on("done", () => {}).once("update", ({ current }) => console.log(current))();
