// ws on Node, as its README has it. With a second argument it compresses, as the README's example of that does.
const { WebSocket, WebSocketServer } = require("ws");

const [port, compression] = process.argv.slice(2);
const perMessageDeflate = compression !== undefined && {
  zlibDeflateOptions: { chunkSize: 1024, memLevel: 7, level: 3 },
  zlibInflateOptions: { chunkSize: 10 * 1024 },
  clientNoContextTakeover: true,
  serverNoContextTakeover: true,
  serverMaxWindowBits: 10,
  concurrencyLimit: 10,
  threshold: 1024,
};
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(port), perMessageDeflate });

function broadcast(data, binary) {
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(data, { binary });
  }
}

server.on("connection", (socket, request) => {
  const isEcho = request.url === "/ws/echo";
  socket.on("message", (data, isBinary) => {
    if (isEcho) socket.send(JSON.stringify({ event: "echoed", data: JSON.parse(data).data }));
    else broadcast(data, isBinary);
  });
});
