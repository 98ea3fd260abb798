"""What a handshake offers: names of subprotocols, and a token among them, or in the header ``Authorization``."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from typing import Final

#: The item behind it is a token as it is, or in base64url where it has characters that a subprotocol may not have.
BEARER: Final = "bearer"
BEARER_BASE64: Final = "bearer.b64"

# A token of RFC 9110, as browsers take it for a subprotocol.
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

# The scheme of RFC 6750; names of schemes are in any case.
_AUTHORIZATION: Final = re.compile(r"bearer +(.+)", re.IGNORECASE | re.DOTALL)

#: Characters below which a token hides nothing, and would only garble what is logged.
SHORTEST_SECRET: Final = 4


class Offer:
    """What one handshake has offered. A token is shown by no ``repr`` of it.

    :param token: in full; ``None`` where none came, and empty where what came cannot be read.
    :param subprotocol: the one of the application that is selected.
    :param answer: what the handshake is answered with.
    :param has_authorization: whether a header ``Authorization`` came, of whatever scheme.
    :param is_token_of_header: whether the token is from there.
    :param secrets: what no log may show, in the forms in which it came.
    """

    __slots__ = ("answer", "has_authorization", "is_token_of_header", "secrets", "subprotocol", "token")

    def __init__(
        self,
        token: str | None = None,
        subprotocol: str | None = None,
        answer: str | None = None,
        *,
        has_authorization: bool = False,
        is_token_of_header: bool = False,
        secrets: Collection[str] = (),
    ) -> None:
        self.token = token
        self.subprotocol = subprotocol
        self.answer = answer
        self.has_authorization = has_authorization
        self.is_token_of_header = is_token_of_header
        self.secrets = secrets

    @property
    def has_credentials(self) -> bool:
        """Whether the client says by itself who it is, as no page of another site could have it do."""
        return self.token is not None or self.has_authorization

    def hide(self, text: str) -> str:
        """``text`` without the token, which an error may well quote, for the log."""
        for secret in self.secrets:
            for form in (secret, repr(secret)[1:-1]):
                text = text.replace(form, "<token>") if len(form) >= SHORTEST_SECRET else text
        return text


#: Of a handshake that offers nothing.
NOTHING_OFFERED: Final = Offer()


def read_offer(offered: str, authorization: str, known: Collection[str]) -> Offer:
    """What these two headers say.

    A token behind ``bearer`` wins over the header ``Authorization``, which a browser cannot send by itself.

    :param offered: ``Sec-WebSocket-Protocol``, as it came: some servers decode it before they take it apart.
    :param authorization: ``Authorization``.
    :param known: subprotocols of the application.
    """
    if not offered and not authorization:
        return NOTHING_OFFERED
    names, marker, carried = _take_apart([item.strip() for item in offered.split(",")])
    in_header = _AUTHORIZATION.fullmatch(authorization.strip())
    if marker is not None:
        token: str | None = _decode(carried) if marker == BEARER_BASE64 else carried
    else:
        token = None if in_header is None else in_header[1]
    subprotocol = next((name for name in names if name in known), None)
    return Offer(
        token,
        subprotocol,
        subprotocol or marker,
        has_authorization=bool(authorization),
        is_token_of_header=marker is None and token is not None,
        secrets=[each for each in (token, carried, authorization.partition(" ")[2].strip()) if each],
    )


def carry(token: str) -> Sequence[str]:
    """The subprotocols by which a browser offers ``token``."""
    if _TOKEN.fullmatch(token) is not None:
        return [BEARER, token]
    return [BEARER_BASE64, urlsafe_b64encode(token.encode()).decode().rstrip("=")]


def checked_subprotocols(names: object) -> Sequence[str]:
    """Names of subprotocols that an application may have.

    :raises TypeError: they are no list or tuple of strings.
    :raises ValueError: one is no token of RFC 9110, or marks a token of ours.
    """
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"Expected subprotocols as a list of strings, got {names!r}: subprotocols=('v2.chat',).")
    for name in names:
        if _TOKEN.fullmatch(name) is None:
            raise ValueError(f"Expected letters, digits and !#$%&'*+-.^_`|~ in a subprotocol, got {name!r}.")
        if name in (BEARER, BEARER_BASE64):
            raise ValueError(f"Expected another name for a subprotocol, got {name!r}, behind which a token comes.")
    return names


def _take_apart(items: Sequence[str]) -> tuple[Sequence[str], str | None, str]:
    """The names of protocols; and the marker of a token, and that as it came, if there is one."""
    for place, item in enumerate(items[:-1]):
        if item in (BEARER, BEARER_BASE64):
            return [*items[:place], *items[place + 2 :]], item, items[place + 1]
    return items, None, ""


def _decode(text: str) -> str:
    """A token out of base64url; empty where it is none."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""
