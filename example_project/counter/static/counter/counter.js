// The counter's page: a button, and how often everyone has pressed it.

import { showStatus } from "../site/status.js";
import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs";
import { Plot } from "./plot.js";

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");

const seconds = Number($("plot").dataset.seconds);
const plot = new Plot($("plot"), seconds);
let samples = [];

const server = new TornadoWebSocket("/counter");
showStatus(server, $("status"));

server.on("welcome", ({ total, visitors, samples: earlier }) => {
  samples = earlier;
  showTotal(total);
  show(visitors);
});
server.on("pressed", ({ total }) => showTotal(total));
server.on("sample", (sample) => {
  samples = [...samples, sample].slice(-seconds);
  show(sample.visitors);
});

// Without a connection the presses wait, and are counted when it is back.
$("press").addEventListener("click", () => server.emit("press"));

function showTotal(total) {
  $("total").textContent = number.format(total);
}

function show(visitors) {
  // By its time, since nobody sampled while nobody was here.
  const now = samples.at(-1)?.at ?? 0;
  const recent = samples.filter(({ at }) => now - at < seconds);
  const presses = recent.map((sample) => sample.presses);
  const sum = presses.reduce((one, other) => one + other, 0);
  const busiest = Math.max(0, ...presses);
  plot.draw(recent.map((sample) => ({ age: Math.round(now - sample.at), value: sample.presses })));
  $("visitors").textContent = number.format(visitors);
  $("recent").textContent = number.format(sum);
  $("busiest").textContent = number.format(busiest);
  $("plot-summary").textContent = `In the last minute: ${sum} presses, at most ${busiest} in a second.`;
}
