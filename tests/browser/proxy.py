"""A TCP proxy, for what a network does: nothing for a while, or a connection less."""

import asyncio
import contextlib


class Proxy:
    """Passes on what comes to a port of 127.0.0.1 to another one, unless told otherwise."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._passing = asyncio.Event()
        self._passing.set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.cut()

    def swallow(self) -> None:
        """Say nothing any more, to those who are connected and those who come; nobody is told."""
        self._passing.clear()

    def strand(self) -> None:
        """Say nothing any more to those who are connected, as on a network they have left; others are served."""
        self._passing.clear()
        self._passing = asyncio.Event()
        self._passing.set()

    def resume(self) -> None:
        """Pass on again, also what was held back."""
        self._passing.set()

    async def cut(self) -> None:
        """Close all connections."""
        connections = [*self._connections]
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        passing = self._passing
        try:
            await passing.wait()
            reader_beyond, writer_beyond = await asyncio.open_connection("127.0.0.1", self._target)
            writers.append(writer_beyond)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, writer_beyond, passing))
                group.create_task(self._pass_on(reader_beyond, writer, passing))
        except OSError:
            pass  # there is nobody beyond
        finally:
            for one in writers:
                one.close()
            for one in writers:
                with contextlib.suppress(OSError):
                    await one.wait_closed()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await passing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
