// The counter's page: a button, and how often everyone has pressed it.

import { watched } from "../howto/frames.js";
import { $, begin } from "../site/page.js";
import { TornadoWebSocket } from "../tornado_websockets/tornadowebsocket.mjs";
import { Plot } from "./plot.js";

/** @import { Counter, Sample } from "websockets" */

const number = new Intl.NumberFormat("en");

const seconds = Number($("plot").dataset.seconds);
const plot = new Plot($("plot"), seconds);
/** @type {Sample[]} */
let shown = [];

// region shown
/** @type {TornadoWebSocket<Counter>} */
const server = new TornadoWebSocket("/counter", watched);

server.on("pressed", ({ total }) => showTotal(total));

// Without a connection the presses wait for it.
const press = () => server.emit("press");
// endregion

server.on("welcome", ({ total, visitors, samples }) => {
  showTotal(total);
  showSamples(samples, visitors);
});
server.on("sample", (sample) => showSamples([...shown, sample], sample.visitors));

$("press").addEventListener("click", press);

begin(server);

function showTotal(total) {
  $("total").textContent = number.format(total);
}

function showSamples(samples, visitors) {
  shown = samples.slice(-seconds);
  // By its time, since nobody sampled while nobody was here.
  const now = shown.at(-1)?.at ?? 0;
  const recent = shown.filter(({ at }) => now - at < seconds);
  const presses = recent.map((sample) => sample.presses);
  const sum = presses.reduce((one, other) => one + other, 0);
  const busiest = Math.max(0, ...presses);
  plot.draw(recent.map((sample) => ({ age: Math.round(now - sample.at), value: sample.presses })));
  $("visitors").textContent = number.format(visitors);
  $("recent").textContent = number.format(sum);
  $("busiest").textContent = number.format(busiest);
  $("plot-summary").textContent = `In the last minute: ${sum} presses, at most ${busiest} in a second.`;
}
