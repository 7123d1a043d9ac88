"""How a service is run.

In: what the command line says. Out: `Settings`, looked over.

>>> Settings(token=None).checked().host
'127.0.0.1'
>>> Settings(host="0.0.0.0").checked()
Traceback (most recent call last):
    ...
protoparse.errors.ServiceError: 0.0.0.0 can be reached from other machines: give a token (PROTOPARSE_TOKEN)
"""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple, Self

from protoparse.errors import ServiceError
from protoparse.processes import cores

PORT = 8765
STORE = "protoparse.sqlite"


class Settings(NamedTuple):
    """`workers`: processes that parse, by default one a core. `size`: the most bytes of a body, of a line where it is a
    stream; `stream`: of a stream as a whole. `seconds`: how long a body may take to come, and an operation to be done.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    store: str = STORE
    token: str | None = None
    workers: int = cores()
    size: int = 8 * 2**20
    stream: int = 2**30
    seconds: float = 30.0
    concepts: str = "model"
    terms: tuple[str, ...] = ()
    log: bool = False

    def checked(self) -> Self:
        """The same; raises `ServiceError` where it would be open to everybody, or where a token protects nothing."""
        if self.token is not None and (not self.token.strip() or not self.token.isascii()):
            raise ServiceError("the token is blank" if self.token.isascii() else "the token is not plain ASCII")
        if self.token is None and not self.loopback():
            raise ServiceError(
                f"{self.host} can be reached from other machines: give a token (PROTOPARSE_TOKEN)"
            )  # fmt: skip
        return self

    def loopback(self) -> bool:
        """Whether nobody but this machine reaches it."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return False
        return bool(found) and all(ipaddress.ip_address(address[0]).is_loopback for *_, address in found)
