// Socket.IO on Node, as its documentation has it, with what its page on performance recommends: the add-ons of ws are
// installed, and the request of the handshake is dropped.
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const http = createServer();
// The load client is no Engine.IO client that answers heartbeats, so there is none while it measures.
const io = new Server(http, { pingInterval: 3_600_000 });

io.engine.on("connection", (raw) => {
  raw.request = null;
});
io.on("connection", (socket) => {
  socket.on("say", (data) => io.emit("said", data));
  socket.on("echo", (data) => socket.emit("echoed", data));
});
http.listen(Number(process.argv[2]), "127.0.0.1");
