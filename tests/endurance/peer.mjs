// A client of the package `ws`: writes out what it reads, each message a line, and sends what it is given so.
// node peer.mjs PACKAGE URL; the first line is what was negotiated.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [, , folder, url] = process.argv;
const WebSocket = createRequire(import.meta.url)(folder);
const socket = new WebSocket(url, { perMessageDeflate: { threshold: 0 } });

socket.on("open", () => {
  process.stdout.write(`${socket.extensions}\n`);
  createInterface({ input: process.stdin, crlfDelay: Infinity }).on("line", (line) => socket.send(line));
});
socket.on("message", (data) => process.stdout.write(`${data}\n`));
socket.on("close", () => process.exit());
