"""What can go wrong, said in one line each: the place, then the cause."""

from __future__ import annotations


class ProtoparseError(Exception):
    """Anything that protoparse refuses; `str()` is one line fit for a user, whatever it quotes."""

    def __str__(self) -> str:
        said = super().__str__()
        return said if said.isprintable() else " ".join(said.split())


class InputError(ProtoparseError):
    """A source that holds no readable eligibility section: empty, binary, broken, or of another kind."""


class DocumentError(ProtoparseError):
    """A criteria JSON that does not keep the format; the message names the path inside it."""


class NestingError(ProtoparseError):
    """An outline or a rule nested deeper than `protoparse.model.MAX_DEPTH`."""


class TermsError(ProtoparseError):
    """A vocabulary of a user that cannot be read; the message names file, line and cause."""


class UnitError(ProtoparseError):
    """A unit that is no UCUM, or two that do not convert into one another; the message names the cause."""


class LedgerError(ProtoparseError):
    """A batch folder that cannot be worked in: broken, of another version, or taken by another run."""


class FetchError(ProtoparseError):
    """A registry that cannot be asked, or answers with what is no record; the message names the cause."""


class PatientError(ProtoparseError):
    """A patient's record that cannot be read; the message names the place and the cause."""


class ExportError(ProtoparseError):
    """A document that a target does not take, a target that is not known, or a loss where none is allowed."""


class EditError(ProtoparseError):
    """A correction that cannot be made: nothing stands there, or what it would make the format refuses."""


class StoreError(ProtoparseError):
    """A store of documents that cannot be opened, read or written; the message names it and the cause."""


class ServiceError(ProtoparseError):
    """A service that cannot be started: its port is taken, a package is missing, it would be open to everybody."""
