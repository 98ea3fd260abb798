"""Who may be there, and what may be said."""

from ..client import Closed, Refused
from ..peers import Peer
from ..stage import Stage
from ..talking import SOON

#: Seconds in which a connection should end that has no login any more.
_LOGOUT = 5.0


def logs_out(peer: Peer) -> str:
    """The user of an open connection logs out in another tab; then the connection is asked whose it is."""
    with Stage(peer) as stage:
        client = stage.client()
        client.emit("whoami")
        if client.expect("me")["name"] != "alice":
            raise RuntimeError("Expected the server to know the user")
        stage.page("/logout")
        if (closed := client.ending(_LOGOUT)) is not None:
            return f"the connection is closed at once ({closed.code})"
        client.emit("whoami")
        name = client.expect("me")["name"]
    return "the connection stays, and is still the user's" if name == "alice" else "the connection stays, as nobody's"


def rolls_back(peer: Peer) -> str:
    """A view publishes in a transaction that is undone, and publishes something else after it."""
    with Stage(peer) as stage:
        client = stage.client()
        stage.page("/rollback", text="undone")
        stage.page("/publish", text="done")
        said = client.texts(SOON, until="done")
    if "done" not in said:
        raise RuntimeError("Expected what was published to come")
    return "sent all the same" if "undone" in said else "nothing is sent"


def from_elsewhere(peer: Peer) -> str:
    """A page of ``https://evil.example`` connects; the browser adds the cookie of the user."""
    with Stage(peer) as stage:
        try:
            client = stage.client(origin="https://evil.example")
            client.emit("whoami")
            name = client.expect("me")["name"]
        except Refused as refused:
            return f"refused ({refused.status})"
        except Closed as closed:
            return f"closed ({closed.code})"
    return f"let in, as the user {name}" if name else "let in, as nobody"
