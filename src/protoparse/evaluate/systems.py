"""Gold and the systems that are measured on it: who said what of which text.

In: folders of criteria documents or of annotations, files of predictions. Out: `Gold` texts, and `System`s, each of
which gives a `Case` for one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.errors import InputError
from protoparse.evaluate.calibration import facts_judged, judged
from protoparse.evaluate.judgements import Case
from protoparse.evaluate.measures import GROUPS, compare
from protoparse.evaluate.spans.brat import read_standoff
from protoparse.evaluate.spans.corpus import findings_of, read_corpus
from protoparse.evaluate.spans.facts import read_facts
from protoparse.evaluate.spans.findings import Findings, of_document
from protoparse.evaluate.spans.labels import label_map
from protoparse.evaluate.spans.predictions import Prediction
from protoparse.evaluate.spans.relations import read_relations
from protoparse.evaluate.spans.tables import read_file
from protoparse.evaluate.spans.tasks import TASKS, compare_findings
from protoparse.model import Document, Record, load
from protoparse.sources import Listing, read

CRITERIA = "criteria.json"
FORMATS = ("json", "brat", "csv", "facebook")
"""What predictions may be written in."""

TASK_GROUPS: Mapping[str, tuple[str, ...]] = {
    "values": TASKS[:4],
    "windows": TASKS[4:6],
    "concepts": TASKS[6:8],
    "logic": TASKS[8:],
}
"""The tasks under the headings to show them by."""


class Gold(Record, frozen=True, kw_only=True):
    """One text with what is right: a `document`, or the `findings` of annotators. `path` is where it was read from."""

    name: str
    text: str
    path: Path | None = None
    document: Document | None = None
    findings: Findings | None = None

    def found(self) -> Findings:
        """What is to be found in it."""
        if self.findings is not None:
            return self.findings
        assert self.document is not None
        return of_document(self.document)


class OtherTextError(InputError):
    """A prediction over another text than gold's: it cannot be measured."""


class System(Protocol):
    """What is measured. `groups` are its measures under their headings.

    `lost` of `told` findings could not be placed in the texts that they are said to be of, so far.
    """

    groups: Mapping[str, tuple[str, ...]]
    lost: int
    told: int

    def case(self, gold: Gold) -> Case:
        """How it did on one text; raises `InputError` where it has nothing, `OtherTextError` for another text."""

    def nothing(self, gold: Gold) -> Case:
        """How nothing at all would do on that text."""


# ------------------------------------------------------------------ gold


def gold_files(folder: Path) -> list[tuple[str, Path]]:
    """The criteria documents below a folder, each with its name.

    Folders that hold a `criteria.json` are called by their own name; where there is none, every `.json` file counts.
    Raises `InputError` where there is neither.
    """
    if not folder.is_dir():
        raise InputError("no such folder")
    files = sorted(folder.rglob(CRITERIA)) or sorted(folder.rglob("*.json"))
    files = [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]
    if not files:
        raise InputError("a folder without criteria documents")
    return [(_named(file, folder), file) for file in files]


def _named(file: Path, folder: Path) -> str:
    if file.name == CRITERIA:
        return file.parent.name if file.parent == folder else file.parent.relative_to(folder).as_posix()
    return file.relative_to(folder).with_suffix("").as_posix()


def read_gold(name: str, file: Path) -> Gold:
    """One criteria document; raises `DocumentError`, `NestingError` or `OSError`."""
    document = load(file.read_bytes())
    return Gold(name=name, text=document.text, path=file, document=document)


def corpus_gold(folder: Path, labels: str | Path) -> Iterator[Gold]:
    """The texts of an annotated corpus; raises `InputError` where it cannot be read."""
    for annotated in read_corpus(folder, labels):
        yield Gold(name=annotated.name, text=annotated.text, findings=annotated.findings)


# ------------------------------------------------------------------ systems


class Documents:
    """A system that gives a criteria document for a text: measured in full where gold is one too, else by tasks."""

    def __init__(self, find: Callable[[Gold], Document], *, annotated: bool) -> None:
        self._find = find
        self._annotated = annotated
        self.groups = TASK_GROUPS if annotated else GROUPS
        self.lost = self.told = 0

    def case(self, gold: Gold) -> Case:
        """How it did on one text."""
        document = self._find(gold)
        if document.text != gold.text:
            raise OtherTextError("the prediction is over another text than gold: not measured")
        return self._case(gold, document)

    def nothing(self, gold: Gold) -> Case:
        """How an empty document does."""
        return self._case(gold, Document(text=gold.text))

    def _case(self, gold: Gold, document: Document) -> Case:
        if gold.document is None or self._annotated:
            case = compare_findings(gold.found(), of_document(document), name=gold.name, text=gold.text)
            verdicts = judged(document, gold.found())
        else:
            case = compare(gold.document, document, name=gold.name)
            verdicts = facts_judged(gold.document, document)
        return replace(case, judged=tuple(j for j in verdicts if j.fact and j.fact.confidence is not UNSET))


class Listed:
    """A system whose findings are in a table or in annotations: measured by tasks."""

    def __init__(self, find: Callable[[Gold], Prediction]) -> None:
        self._find = find
        self.groups = TASK_GROUPS
        self.lost = self.told = 0

    def case(self, gold: Gold) -> Case:
        """How it did on one text."""
        prediction = self._find(gold)
        self.lost += prediction.lost
        self.told += prediction.told
        return compare_findings(gold.found(), prediction.findings, name=gold.name, text=gold.text)

    def nothing(self, gold: Gold) -> Case:
        """How no finding does."""
        return compare_findings(gold.found(), Findings(), name=gold.name, text=gold.text)


def parsing(parse: Callable[[Listing], Document], *, annotated: bool) -> System:
    """protoparse itself. Where the source that gold was made from stands beside it, that is read, else gold's text."""

    def find(gold: Gold) -> Document:
        if gold.path is not None and gold.path.name == CRITERIA:
            for source in sorted(gold.path.parent.glob("source.*")):
                for listing in read(source):
                    if listing.text == gold.text:
                        return parse(listing)
        trial = gold.document.trial if gold.document else Document(text="").trial
        return parse(Listing(trial=trial, text=gold.text, name=gold.name))

    return Documents(find, annotated=annotated)


def predicted(path: Path, form: str, *, labels: str | Path | None, annotated: bool) -> System:
    """What is in a file or folder of predictions, in one of the `FORMATS`; `labels` are those of a brat folder.

    A criteria JSON belongs to a text by its path, its file's name, or the trial's number. Raises `InputError` where
    there is nothing of the kind.
    """
    if not path.exists():
        raise InputError("no such file or folder")
    match form:
        case "json":
            return Documents(_by_name(path), annotated=annotated)
        case "brat":
            if labels is None:
                raise InputError("a brat folder needs --labels, which tell what its labels mean")
            return Listed(_annotations(path, labels))
        case "csv":
            return Listed(_tables(path, "csv", read_facts))
        case _:
            return Listed(_tables(path, "tsv", read_relations))


def _by_name(path: Path) -> Callable[[Gold], Document]:
    if path.is_file():
        raise InputError("a folder of criteria JSON files is wanted, one a document")
    files: dict[str, Path] = {}
    ambiguous: set[str] = set()
    for file in sorted(path.rglob("*.json")):
        name = _named(file, path)
        files[name] = file
        short = name.rpartition("/")[2]
        if short != name:
            if short in files:
                ambiguous.add(short)
            files.setdefault(short, file)
    if not files:
        raise InputError("a folder without predictions (*.json)")

    def find(gold: Gold) -> Document:
        short = gold.name.rpartition("/")[2]
        number = gold.document.trial.id if gold.document else None
        for name in (gold.name, short, number):
            if name in files and (name == gold.name or name not in ambiguous):
                return load(files[name].read_bytes())
        raise InputError("no prediction: counted as empty")

    return find


def _annotations(path: Path, labels: str | Path) -> Callable[[Gold], Prediction]:
    names = label_map(labels)
    if not path.is_dir() or not any(path.rglob("*.ann")):
        raise InputError("a folder without predictions (*.ann)")

    def find(gold: Gold) -> Prediction:
        file = path / f"{gold.name}.ann"
        if not file.exists():
            raise InputError("no prediction: counted as empty")
        beside = file.with_suffix(".txt")
        if beside.exists() and read_file(beside) != gold.text:
            raise OtherTextError("the prediction is over another text than gold: not measured")
        standoff = read_standoff(read_file(file), gold.text, source=str(file))
        return Prediction(findings=findings_of(standoff, names, gold.text, name=gold.name))

    return find


class _Table(Protocol):
    @property
    def documents(self) -> tuple[str, ...]: ...
    def prediction(self, name: str, text: str) -> Prediction: ...


def _tables(path: Path, suffix: str, reader: Callable[[Path], _Table]) -> Callable[[Gold], Prediction]:
    files: Iterable[Path] = [path] if path.is_file() else sorted(path.rglob(f"*.{suffix}"))
    tables: list[Any] = [reader(file) for file in files]
    if not tables:
        raise InputError(f"a folder without predictions (*.{suffix})")
    by_name = {name: table for table in reversed(tables) for name in table.documents}

    def find(gold: Gold) -> Prediction:
        short = gold.name.rpartition("/")[2]
        for name in (gold.name, short, short.partition("_")[0]):
            if name in by_name:
                found: Prediction = by_name[name].prediction(name, gold.text)
                return found
        return Prediction(findings=Findings())  # a table has no row for a text without findings

    return find
