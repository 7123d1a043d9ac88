"""The composition: a listing or a bare text to a `Document`. Read this first.

In: an eligibility text, or a `Listing` from `protoparse.sources`. Out: a `Document`; "Age ≥ 18 years" gives one
criterion with the fact `person [age] ≥ 18 years`.

    text ─ outline ─▶ items ─ lexing ─▶ lexemes ─ grammar ─▶ rules ─ here ─▶ Document
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TypeAlias

from msgspec import UNSET
from msgspec.structs import replace

from protoparse import __version__
from protoparse.agreement import disagreements
from protoparse.concepts import RECOGNISERS
from protoparse.concepts.normalising import Normaliser
from protoparse.concepts.recogniser import Recogniser, judge, near
from protoparse.concepts.terms import TermSource
from protoparse.confidence import Piece, Scorer
from protoparse.consistency import inconsistencies
from protoparse.errors import InputError, NestingError
from protoparse.grammar import Drafted, Glossary, Reading, canonical, drafted, glossary
from protoparse.grammar.anchoring import framed_by
from protoparse.grammar.files import fingerprint
from protoparse.grammar.unknowns import unknown
from protoparse.lexicon import powers
from protoparse.lexing import Lexemes, lexer
from protoparse.model import (
    FORMAT,
    MAX_DEPTH,
    SCORED,
    All,
    Any_,
    Bound,
    Combine,
    Criterion,
    Document,
    Domain,
    Except,
    Fact,
    If,
    Kind,
    Not,
    Note,
    ParserInfo,
    Rule,
    Span,
    Trial,
    Window,
    facts,
    limit_depth,
    unguarded,
    walk,
    without_spans,
)
from protoparse.outline import Item, outline
from protoparse.reversals import reversals
from protoparse.sources import Listing

_Wording: TypeAlias = tuple[Kind, str, tuple[tuple[str, str], ...]]
"""What a reading depends on: the kind, the words, and what the listing says that abbreviations in them stand for."""


class Parser:
    """A pipeline kept ready.

    `concepts` says what decides what kind of thing is named: "lexicon", the tables, the heads of phrases and the words
    around them, or "model", where these leave it open, a learned tagger too. Raises `ValueError` for anything else.

    `codes`: whether concepts get names and codes of the open vocabularies, beside what the lexicon has; `terms` are
    vocabularies that a user brings, whose codes stand first. `confidence`: whether facts and criteria say how sure the
    parser is of them; `scorer` tells it, by default with the table that ships.

    One criterion in ten of a registry is worded to the letter like another: the latest readings are kept.
    """

    KEPT = 24_000
    """How many readings are kept, some 2 kB each."""
    TOGETHER = 250
    """How many pieces are read at a time: all the drafts of a text without end would fill the memory."""

    def __init__(
        self,
        *,
        concepts: str = "model",
        codes: bool = True,
        terms: TermSource | None = None,
        confidence: bool = True,
        scorer: Scorer | None = None,
    ) -> None:
        if concepts not in RECOGNISERS:
            raise ValueError(f"concepts={concepts!r}: {' and '.join(map(repr, RECOGNISERS))} are known")
        self.lexer = lexer()
        self.normaliser = Normaliser(terms) if codes else None
        self.recogniser = Recogniser() if concepts == "model" else None
        self.scorer = (scorer or Scorer()) if confidence else None
        self.known: dict[_Wording, tuple[int, Reading]] = {}
        self.info = ParserInfo(
            name="protoparse",
            version=__version__,
            grammar=fingerprint(),
            model=self.recogniser.tagger.name if self.recogniser else None,
        )

    def parse(self, source: str | Listing) -> Document:
        """A bare eligibility text or a listing as a document.

        Raises `NestingError` where the outline or a rule is nested deeper than `model.MAX_DEPTH`, `InputError` where
        the text holds half a character.
        """
        try:
            return self._document(source)
        except RecursionError:
            raise NestingError(f"criteria or a rule nested far deeper than {MAX_DEPTH} levels") from None

    def _document(self, source: str | Listing) -> Document:
        if isinstance(source, str):
            text, trial = source, Trial()
        else:
            text, trial = source.text, source.trial
        if not text.isascii():
            _encodable(text)
        spoken = canonical.read(text)
        if spoken is not None:
            criteria: tuple[Criterion, ...] = (_canonical_criterion(text, spoken),)
            return Document(trial=trial, text=text, criteria=criteria, parser=self.info)
        plan = outline(text)
        items = plan.within()
        notes = [
            *(Note(code="heading", message=_line(text, s), span=s) for s in plan.headings),
            *(Note(code="preamble", message=_line(text, s), span=s) for s in plan.preambles),
            *plan.notes,
            *(Note(code="lost-superscript", message=_flat(text, s), span=s) for s in powers.flattened(text)),
            *(_doubly_negated(text, i) for i in items if i.denied and i.kind == "exclusion"),
        ]
        abbreviations = glossary(text)
        notes += abbreviations.notes
        pieces = [(i.kind, p) for i in items for p in i.read()]
        readings = self._readings(text, pieces, abbreviations)
        counts: dict[Kind, int] = {}
        made = []
        for item in plan.items:
            counts[item.kind] = counts.get(item.kind, 0) + 1
            made.append(_criterion(text, item, f"{item.kind}.{counts[item.kind]}", readings, self.scorer))
        notes += disagreements(trial, made)
        notes += inconsistencies(made)
        notes += reversals(text, made)
        notes.sort(key=lambda note: note.span or (0, 0))
        document = Document(
            format=FORMAT if self.scorer is None or not any(c.rule for c in walk(made)) else SCORED,
            trial=trial,
            text=text,
            criteria=tuple(made),
            notes=tuple(notes),
            parser=self.info,
        )
        limit_depth(document.criteria)
        return document

    def _readings(self, text: str, pieces: list[tuple[Kind, Span]], abbreviations: Glossary) -> Iterator[Reading]:
        """What each piece of own text says, in order; a wording met before is not read again.

        The same wording with abbreviations that its listing defines is another wording.
        """
        known, longs = self.known, abbreviations.longs
        keys: list[_Wording] = []
        unknown: dict[_Wording, Span] = {}
        for kind, (start, end) in pieces:
            wording = text[start:end]
            used = tuple([(short, long) for short, long in longs.items() if short in wording]) if longs else ()
            key = (kind, wording, used)
            keys.append(key)
            if key not in known:
                unknown.setdefault(key, (start, end))
        fresh = self._read(text, unknown, abbreviations) if unknown else {}
        readings = []
        for key, (_, (start, _)) in zip(keys, pieces, strict=True):
            place, reading = fresh.get(key) or known[key]
            readings.append(reading if place == start else reading.moved(start - place))
        known.update(fresh)
        while len(known) > self.KEPT:
            del known[next(iter(known))]
        return iter(readings)

    def _read(
        self, text: str, unknown: Mapping[_Wording, Span], abbreviations: Glossary
    ) -> dict[_Wording, tuple[int, Reading]]:
        """What wordings say that were not met before, each with the place where it was read."""
        lexemes = self.lexer.lex(text, unknown.values(), abbreviations.meanings)
        first = 0
        fresh: dict[_Wording, tuple[int, Reading]] = {}
        places = zip(unknown.items(), lexemes.breaks, strict=True)
        while some := list(islice(places, self.TOGETHER)):
            fresh |= self._told(text, lexemes, first, some)
            first = some[-1][1] + 1
        return fresh

    def _told(
        self, text: str, lexemes: Lexemes, first: int, pieces: list[tuple[tuple[_Wording, Span], int]]
    ) -> dict[_Wording, tuple[int, Reading]]:
        """What some pieces say, the first of which begins at lexeme `first`; each comes with where it ends."""
        fresh: dict[_Wording, tuple[int, Reading]] = {}
        grounds: dict[_Wording, dict[Span, str]] = {}
        doubtful: list[tuple[_Wording, Drafted, list[Span]]] = []
        for (key, (start, _)), last in pieces:
            fresh[key] = start, _UNREAD
            if self.recogniser is not None and (words := unknown(text, lexemes, first, last)):
                [named] = self.recogniser.names(text, lexemes, [(first, last)])
                if not any(judge(text, words, named, key[0]).values()):
                    fresh[key] = start, Reading(None, ((lexemes.starts[first], lexemes.ends[last - 1]),))
                    first = last
            if first < last:
                made = drafted(text, lexemes, first, last, key[0])
                fresh[key] = start, made.reading()
                if self.scorer is not None:
                    grounds[key] = made.grounds()
                if self.recogniser is not None and (guessed := made.guessed()):
                    doubtful.append((key, made, guessed))
            first = last + 1
        if self.recogniser is not None and doubtful:
            among = [near(lexemes, made.first, made.last, guessed) for _, made, guessed in doubtful]
            names = self.recogniser.names(text, lexemes, among)
            for (key, made, guessed), found in zip(doubtful, names, strict=True):
                told = judge(text, guessed, found, key[0])
                made.tell(told)
                if self.scorer is not None:
                    grounds[key] |= {span: "name" for span, domain in told.items() if domain not in ("other", None)}
                fresh[key] = fresh[key][0], made.reading()
        if self.normaliser is not None:
            fresh = {key: (start, self._named(key, reading)) for key, (start, reading) in fresh.items()}
        if self.scorer is not None:
            for key, (start, reading) in fresh.items():
                if reading.rule is not None:
                    piece = Piece(text, start, start + len(key[1]), key[0], reading.unparsed, grounds[key])
                    rule, score = self.scorer.rule(reading.rule, piece)
                    sure = self.scorer.criterion(score, children=False)
                    fresh[key] = start, replace(reading, rule=rule, score=score, sure=sure)
        return fresh

    def _named(self, wording: _Wording, reading: Reading) -> Reading:
        """The reading with names and codes for its concepts."""
        if reading.rule is None or self.normaliser is None:
            return reading
        return replace(reading, rule=self.normaliser.rule(reading.rule, dict(wording[2])))


_UNREAD = Reading(None, ())


def _encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"half a character (a lone surrogate) at {error.start}") from None


def _doubly_negated(text: str, item: Item) -> Note:
    message = f"an exclusion that denies what it lists, read as it is written: {_line(text, item.lead or item.span)}"
    return Note(code="double-negation", message=message, span=item.lead or item.span)


def _line(text: str, span: Span) -> str:
    line = " ".join(text[slice(*span)].split())
    return line if len(line) <= 120 else line[:119] + "…"


def _flat(text: str, span: Span) -> str:
    return f"'{_line(text, span)}' is read as a power of ten: its exponent was printed without a superscript"


_EVER = re.compile(r"(?i)\b(?:at any time|ever)\b")


def _canonical_criterion(text: str, rule: Rule) -> Criterion:
    start = len(text) - len(text.lstrip())
    return Criterion(id="unspecified.1", kind="unspecified", span=(start, len(text.rstrip())), rule=rule)


def _criterion(text: str, item: Item, id_: str, readings: Iterator[Reading], scorer: Scorer | None) -> Criterion:
    """An item and its children as a criterion; takes from `readings` what belongs to its pieces."""
    if not item.children:
        return _leaf(text, item, id_, readings)
    own = [next(readings) for _ in item.pieces()]
    lead = next(readings) if item.lead else None
    said = next((r for r in own if r.rule is not None), _UNREAD)
    rule = said.rule
    framing = next((r for r in own if r.time is not None), None) if rule is None else None
    unread = [s for r in own if (r.rule is rule or r.rule is None) and r is not framing for s in r.unparsed]
    children = tuple([_criterion(text, c, f"{id_}.{n}", readings, scorer) for n, c in enumerate(item.children, 1)])
    leads = lead is not None and (rule is None or item.combine == "except" or not _dated(rule))
    window = _frame(lead) if leads else None
    if window is None and rule is None:
        window = _frame(framing)
    if window is not None:
        children = tuple([_within_window(text, c, window) for c in children])
    elif item.lead and _EVER.search(text, *item.lead):
        pass  # "gout within a year, or any of the following at any time:"
    elif rule and item.combine not in ("except", "then") and (window := _named_time(rule)) is not None:
        children = tuple([_also_within(c, rule, window) for c in children])
    if item.combine not in ("all", "then", None):
        children = tuple([_alternative(c) for c in children])
    if item.denied:
        children = tuple([_denied(c) for c in children])
    known = [c.span for c in children]
    if framing is not None:
        known += framing.unparsed
    if rule is not None and rule.span:
        known.append(rule.span)
    if item.lead:
        known.append(item.lead)
    known.append((item.span[0], _printed(text, item)))
    return Criterion(
        id=id_,
        kind=item.kind,
        group=item.group,
        label=item.label,
        span=item.span,
        combine=_combined(item, rule),
        rule=rule,
        children=children,
        unparsed=tuple(sorted([*unread, *_gaps(text, item.span, [*known, *unread])])),
        confidence=UNSET if scorer is None or said.score is None else scorer.criterion(said.score, children=True),
    )


def _leaf(text: str, item: Item, id_: str, readings: Iterator[Reading]) -> Criterion:
    """An item that has no children as a criterion."""
    own = [next(readings) for _ in item.body]
    if len(own) == 1:
        said, unread = own[0], list(own[0].unparsed)
    else:
        said = next((r for r in own if r.rule is not None), _UNREAD)
        unread = [s for r in own if r.rule is said.rule or r.rule is None for s in r.unparsed]
    rule = said.rule
    known = [(item.span[0], _printed(text, item)), *unread]
    if rule is not None and rule.span:
        known.append(rule.span)
    unread += _gaps(text, item.span, known)
    return Criterion(
        id=id_,
        kind=item.kind,
        group=item.group,
        label=item.label,
        span=item.span,
        rule=rule,
        unparsed=tuple(sorted(unread)) if unread else (),
        confidence=UNSET if said.sure is None else said.sure,
    )


def _combined(item: Item, rule: Rule | None) -> Combine | None:
    """How children count; they are asked of some people only where the item's rule names these and asks nothing."""
    return "all" if item.combine == "then" and (rule is None or isinstance(rule, If)) else item.combine


def _frame(lead: Reading | None) -> Window | None:
    """The window of a lead-in: "adequate function within 7 days before the first dose:" holds for what follows."""
    if lead is None:
        return None
    if lead.time is not None:
        return without_spans(lead.time)  # its words lie outside the criteria that it holds for
    windows = {without_spans(f.time) for f in facts(lead.rule) if f.time is not None}
    if len(windows) != 1:
        return None
    window = windows.pop()
    bounds = [b for b in (window.start, window.end) if isinstance(b, Bound)]
    return window if bounds else None


def _within_window(text: str, criterion: Criterion, window: Window) -> Criterion:
    """A criterion whose facts, where they name no time or only how long before, are of this window."""
    return replace(
        criterion,
        rule=None if criterion.rule is None else _timed(text, criterion.rule, window),
        children=tuple([_within_window(text, c, window) for c in criterion.children]),
    )


def _dated(rule: Rule) -> bool:
    """Whether a rule says of anything when it holds."""
    return any(f.time is not None for f in facts(rule))


def _named_time(rule: Rule) -> Window | None:
    """The window of a rule that asks for one thing, or for several at the same time; None of one that is history."""
    windows = {f.time and without_spans(f.time) for f in facts(rule)}
    window = windows.pop()
    if windows or window is None or isinstance(rule, Not | If | Except):
        return None
    bounds = [b for b in (window.start, window.end) if isinstance(b, Bound)]
    shared = any(b.anchor.event != "event" and (b.offset is not None or b.anchor.text is not None) for b in bounds)
    return window if shared else None


def _also_within(criterion: Criterion, rule: Rule, window: Window) -> Criterion:
    """A criterion that goes on with what its lead-in asks for: what is of the same kind has the same window.

    "Cardiovascular disease within 6 months, including: stroke"; "function at enrollment: platelets ≥ 100".
    """
    kinds = {_KINDS.get(f.domain, f.domain) for f in facts(rule)}
    named = list(facts(criterion.rule))
    alike = all(_KINDS.get(f.domain, f.domain) in kinds and f.time is None for f in named)
    if criterion.rule is None or not alike:
        return criterion
    return replace(criterion, rule=_timed("", criterion.rule, window))


_KINDS: Mapping[Domain, Domain] = {"procedure": "drug", "device": "drug", "observation": "measurement"}


def _alternative(criterion: Criterion) -> Criterion:
    """One of several that may be met: a limit on some people would be met by all others, so both must hold."""
    rule = criterion.rule
    children = tuple([_alternative(c) for c in criterion.children])
    return replace(criterion, rule=None if rule is None else unguarded(rule), children=children)


def _denied(criterion: Criterion) -> Criterion:
    """One of several of which none may be; left as it is where its own children make its meaning more than a rule."""
    rule = criterion.rule
    if rule is None or criterion.children:
        return criterion
    return replace(criterion, rule=Not(of=unguarded(rule), span=rule.span))


def _timed(text: str, rule: Rule, window: Window) -> Rule:
    match rule:
        case Fact():
            if rule.time is not None:
                return replace(rule, time=framed_by(text, rule.time, window))
            return rule if rule.domain in ("person", "consent") else replace(rule, time=window)
        case If():
            return replace(rule, then=_timed(text, rule.then, window))
        case Except():
            return replace(rule, base=_timed(text, rule.base, window))
        case Not():
            return replace(rule, of=_timed(text, rule.of, window))
        case _:
            # "≤ 3 × ULN in Gilbert's syndrome": what was measured was measured then
            also = any(isinstance(m, Fact) and m.domain == "measurement" for m in rule.of)
            dated = [_timed(text, m, window) if also <= _measured(m) else m for m in rule.of]
            return replace(rule, of=tuple(dated))


def _measured(rule: Rule) -> bool:
    """Whether a rule is a measurement, or joins one with others."""
    if isinstance(rule, All | Any_):
        return any(f.domain == "measurement" for f in facts(rule))
    return isinstance(rule, Fact) and rule.domain == "measurement"


def _printed(text: str, item: Item) -> int:
    """Where the label and the group that are printed in front of an item end."""
    start, end = item.span
    place = start
    for words in (item.label, item.group):
        found = text.find(words, place, end) if words else -1
        if words and 0 <= found - place <= 16 and (not item.body or found < item.body[0][0]):
            place = found + len(words)
    return place


_WORD = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)


def _gaps(text: str, span: Span, known: list[Span]) -> list[Span]:
    """The words of a span that nothing known covers."""
    found = []
    place = span[0]
    for start, end in sorted([*known, (span[1], span[1])]):
        if start > place:
            word = _WORD.search(text, place, start)
            if word:
                found.append(word.span())
        place = max(place, end)
    return found


_shared: dict[tuple[str, bool, bool], Parser] = {}


def parse(source: str | Listing, *, concepts: str = "model", codes: bool = True, confidence: bool = True) -> Document:
    """Parse with a parser that is made on first use and shared; see `Parser`."""
    options = concepts, codes, confidence
    if options not in _shared:
        _shared[options] = Parser(concepts=concepts, codes=codes, confidence=confidence)
    return _shared[options].parse(source)
