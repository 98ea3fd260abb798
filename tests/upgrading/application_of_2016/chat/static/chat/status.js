// Another library's connection, with the same words.
(function () {
  var socket = io('http://localhost:3000');

  socket.on('message', function (data) { console.log(data); });
  socket.emit('open', { name: 'status' });
  socket.emit('nobody_handles_this');
  $(document).on('click', '.status', function () { socket.emit('close'); });
})();
