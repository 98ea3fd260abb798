// The page of the chat. ws.emit('open') stands in this comment only to mislead.
var ws = new TornadoWebSocket('/chat'); // finds: default-port

function show(text) {
  var item = document.createElement('li');
  item.textContent = text;
  document.getElementById('lines').appendChild(item);
}

ws.on('open', function () {
  ws.emit('open', { name: prompt('Your name?') }); // finds: reserved-event
  document.getElementById('form').addEventListener('submit', function (event) {
    event.preventDefault();
    ws.emit('say', { text: document.getElementById('text').value });
  });
});

ws.on('message', function (data) { // finds: message-event
  show(data.name + ': ' + data.text);
});

ws.on('joined', function (data) {
  show(data.name + ' is here');
});

ws.on('close', function () {
  setTimeout(function () { location.reload(); }, 5000);
});

window.addEventListener('beforeunload', function () {
  ws.emit('close'); // finds: reserved-event
});
