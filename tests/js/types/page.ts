/// <reference path="../../../tornado_websockets/static/tornado_websockets/tornadowebsocket.d.ts" />
/// <reference path="../../../tornado_websockets/static/tornado_websockets/modules/progress_bar.d.ts" />

// A page with classic scripts, as pages have been written for the client since its beginning.

var tws = new TornadoWebSocket("/my_chat");
tws.on("open", (event) => {
  event.preventDefault();
  tws.emit("hello", { name: "x" });
});
tws.on("my_event", (data) => console.log(data.message));
tws.on("close", (event) => console.log(event.code, event.reason, event.wasClean));
tws.on("message", (event) => console.log(event.data.length));

var elsewhere = new TornadoWebSocket("my_chat", {
  host: "example.com",
  port: 8000,
  secure: true,
  auto_connect: false,
});
elsewhere.connect();

var progress = new ModuleProgressBar("foo");
progress.set_engine(new ModuleProgressBar.EngineHtml5(document.querySelector("#c"), { label_classes: ["small"] }));
progress.set_engine(new ModuleProgressBar.EngineBootstrap(document.body, { progressbar_striped: true }));
progress.set_engine({ update: ({ percent }) => (document.title = `${percent}%`) });
progress.progression.toFixed(1);
progress.set_engine(new ModuleProgressBar.EngineJob(document.body, { outcome_texts: { done: "OK", cancelled: "", failed: "" }, refusal_texts: { not_yours: "" } }));
progress.set_engine({ update: (job: ModuleProgressBar.Job) => (document.title = job.stage?.name ?? job.log.join()) });
progress.cancel().catch(({ code }) => console.log(code, progress.run, progress.outcome === "failed"));
class OldEngine extends ModuleProgressBar.EngineInterface {
  _update_label(label = "") {
    this._$container.textContent = label + this.compute_progression();
  }
}
progress.set_engine(new OldEngine(document.querySelector("#c")));
new ModuleProgressBar();
tws.bind(progress);
progress.on("before_update", (data) => console.log(data.current));
progress.emit("start");
new TornadoWebSocket.ModuleProgressBar("foo");

class Notes extends TornadoWebSocket.Module {
  constructor() {
    super("notes");
    this.on("added", ({ text }) => console.log(text));
  }
}
tws.bind(new Notes());

// @ts-expect-error a path is needed
new TornadoWebSocket();
tws.emit("hello", 7);
// @ts-expect-error no JSON has it
tws.emit("hello", 7n);
// @ts-expect-error no such option
new TornadoWebSocket("/my_chat", { hostname: "example.com" });
// @ts-expect-error read only
tws.state = "open";
// @ts-expect-error neither beside the bar
new ModuleProgressBar.EngineHtml5(document.body, { label_position: "left" });
