// The import's page: it starts one over HTTP, and follows it over the WebSocket.

import { watched } from "../howto/frames.js";
import { $, begin, hide } from "../site/page.js";
import { ModuleProgressBar } from "../tornado_websockets/modules/progress_bar.mjs";
import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs";
import { judge } from "./outcome.js";

/** @import { Import, Report } from "websockets" */

// So long after the last report of an import that runs, ask: its process may have ended.
const SILENCE = 5_000;

const number = new Intl.NumberFormat("en");
let silence = 0;

// region shown
/** @type {TornadoWebSocket<Import>} */
const server = new TornadoWebSocket("/import", watched);
const bar = new ModuleProgressBar("rows");

server.bind(bar);
server.on("open", () => server.emit("look"));
bar.on("report", show);

const cancel = () => bar.cancel().catch(({ message }) => hint(message));
// endregion

/** Let the engine that is chosen draw the bar, and the page what else a job tells. */
function draw() {
  const { value } = /** @type {HTMLInputElement} */ (document.querySelector("[name=engine]:checked"));
  const engine = new ModuleProgressBar[value]($("bar"), { aria_labelledby: "progress-title" });
  const update = (job) => {
    engine.update(job);
    showStage(job);
  };
  bar.set_engine({ update });
}

/** @type {readonly string[]} */
let lines = [];

function showStage({ stage, log }) {
  $("job-stage").textContent = stage ? `${stage.index} of ${stage.of}: ${stage.name}` : "";
  if (log === lines) return;
  lines = log;
  $("job-log").firstElementChild.replaceChildren(...log.map(makeItem));
  $("job-log").scrollTop = $("job-log").scrollHeight;
}

/** @param {Report} report */
function show(report) {
  const isRunning = report.state === "running";
  const { outcome, title, text } = judge(report);
  clearTimeout(silence);
  if (isRunning) silence = setTimeout(() => server.state === "open" && server.emit("look"), SILENCE);
  $("nothing").hidden = report.state !== "idle";
  $("job").hidden = report.state === "idle";
  $("job-file").textContent = report.file;
  // Screen readers say it each time it is set.
  if ($("job-state").textContent !== title) $("job-state").textContent = title;
  $("job-state").dataset.outcome = outcome;
  $("job-end").textContent = text;
  $("job-end").hidden = !text;
  for (const id of ["added", "updated", "refused"]) $(id).textContent = number.format(report[id]);
  $("errors").replaceChildren(...listErrors(report));
  $("stored").textContent = number.format(report.stored);
  for (const id of ["import-file", "import-sample"]) $(id).ariaDisabled = isRunning;
  if (isRunning) $("cancel").hidden = false;
  else hide($("cancel"), $("progress-title"));
}

function listErrors({ errors, refused }) {
  const rest = refused - errors.length;
  const texts = rest > 0 ? [...errors, `and ${number.format(rest)} more`] : errors;
  return texts.map(makeItem);
}

function makeItem(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}

/** Have the server import what `form` holds; a hint says why it does not want to. */
async function start(form) {
  hint("");
  try {
    const response = await fetch($("upload").action, { method: "POST", body: form });
    // On a phone it is below.
    if (response.ok) return $("progress-title").scrollIntoView({ block: "nearest" });
    const isOurs = response.headers.get("Content-Type") === "application/json";
    hint(isOurs ? (await response.json()).error : `The server refused it (${response.status}).`);
  } catch {
    hint("There is no connection right now. Try again in a moment.");
  }
}

function hint(text) {
  $("file-hint").textContent = text;
}

$("upload").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const [file] = $("file").files;
  if ($("import-file").ariaDisabled === "true") return;
  if (!file) hint("Choose a file first.");
  else if (file.size > $("upload").dataset.maxBytes) hint("This file is too large.");
  else start(new FormData($("upload")));
});

$("import-sample").addEventListener("click", () => {
  if ($("import-sample").ariaDisabled === "true") return;
  const form = new FormData($("upload"));
  form.delete("file");
  start(form);
});

$("cancel").addEventListener("click", cancel);
for (const engine of document.querySelectorAll("[name=engine]")) engine.addEventListener("change", draw);
draw();
begin(server);
