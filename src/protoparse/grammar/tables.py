"""LALR tables made by Lark, run over lexemes that the lexer made beforehand.

In: a grammar's source and a transformer. Out: a `Table`, whose `run` takes a sequence of lexemes (anything with a
`type`) and gives what the transformer makes of it; a rule of one symbol for which the transformer has no method hands
its child on. Lark analyses the grammar, reports its conflicts and shapes the
callbacks; only the loop over the finished table is here: Lark's own looks rules up by their contents at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

from lark import Lark, Transformer
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift


class Typed(Protocol):
    """A terminal: its type is its name in the grammar."""

    type: str


class Premade(Lexer):
    """Lark's lexer for lexemes that exist already."""

    def __init__(self, lexer_conf: Any) -> None:
        pass

    def lex(self, data: Any) -> Any:  # type: ignore[override]
        """The lexemes themselves."""
        return iter(data)


class RefusedError(Exception):
    """The lexeme at `place` does not continue what stands before it."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


_END = "$END"
_SHORT = 24
"""Few terminals come in few orders: how these are put together is kept."""
_KEPT = 10_000
_Step = tuple[int, int, Callable[[list[Any]], Any]]
"""How many terminals were taken before a reduction, how many children it has, and what is made of them."""


class Table:
    """A grammar, compiled: for each state, what to do at each terminal."""

    def __init__(self, source: str, transformer: Transformer[Any, Any], *, strict: bool = False) -> None:
        lark = Lark(source, parser="lalr", lexer=Premade, transformer=transformer, strict=strict)
        conf = lark.parse_interactive().parser_state.parse_conf
        rules: dict[Any, tuple[int, Callable[[list[Any]], Any] | None, str]] = {}
        self.first = conf.start_state
        self.final = conf.end_state
        self._short = lru_cache(maxsize=_KEPT)(lambda types: tuple(self._steps(types)))
        self.handed: dict[tuple[int, int, str], int] = {}
        # A step is (next state, None) for a shift, (-1, reduction) for a reduction.
        self.states: list[dict[str, tuple[int, Any]]] = [{} for _ in range(len(conf.states))]
        for state, steps in conf.states.items():
            row = self.states[state]
            for token, (action, arg) in steps.items():
                symbol = str.__str__(token)  # a plain string: Lark's tokens compare in Python
                if action is Shift:
                    row[symbol] = (arg, None)
                else:
                    if arg not in rules:
                        name = arg.alias or arg.origin.name
                        handing_on = len(arg.expansion) == 1 and name[0] != "_" and not hasattr(transformer, name)
                        callback = None if handing_on else conf.callbacks[arg]
                        rules[arg] = (len(arg.expansion), callback, str.__str__(arg.origin.name))
                    row[symbol] = (-1, rules[arg])

    def run(self, lexemes: Sequence[Typed]) -> Any:
        """What the transformer makes of the lexemes; raises `RefusedError` at the first that does not fit."""
        types = tuple([lexeme.type for lexeme in lexemes])
        values: list[Any] = []
        begin = 0
        for end, size, callback in self._short(types) if len(types) <= _SHORT else self._steps(types):
            values += lexemes[begin:end]
            begin = end
            children = values[-size:]
            del values[-size:]
            values.append(callback(children))
        values += lexemes[begin:]  # one that is handed on to the end
        return values[-1]

    def _steps(self, types: Sequence[str]) -> Iterator[_Step]:
        """The reductions that make a whole of terminals of these types."""
        states, rows, final, handed = [self.first], self.states, self.final, self.handed
        for place, kind in enumerate((*types, _END)):
            while states[-1] != final:
                step = rows[states[-1]].get(kind)
                if step is None:
                    raise RefusedError(place)
                rule = step[1]
                if rule is None:
                    states.append(step[0])
                    break
                size, callback, origin = rule
                if callback is None:
                    chain = (states[-2], states[-1], kind)
                    top = handed.get(chain)
                    if top is None:
                        top = handed[chain] = self._hand_on(*chain)
                    states[-1] = top
                else:
                    del states[-size:]
                    states.append(rows[states[-1]][origin][0])
                    yield place, size, callback

    def _hand_on(self, below: int, top: int, kind: str) -> int:
        """The state after all the rules of one symbol that hand their child on before this terminal."""
        while top != self.final:
            step = self.states[top].get(kind)
            if step is None or step[1] is None or step[1][1] is not None:
                break
            top = self.states[below][step[1][2]][0]
        return top

    def accepts(self, types: Sequence[str]) -> int:
        """How many of these terminals, from the first, make a whole; 0 where none do. Nothing is made."""
        states, rows = [self.first], self.states
        whole = 0
        for place, kind in enumerate(types):
            while True:
                step = rows[states[-1]].get(kind)
                if step is None:
                    return whole
                if step[1] is None:
                    states.append(step[0])
                    break
                size, _, origin = step[1]
                del states[-size:]
                states.append(rows[states[-1]][origin][0])
            if self._ends(states):
                whole = place + 1
        return whole

    def _ends(self, states: list[int]) -> bool:
        rest = list(states)
        while True:
            step = self.states[rest[-1]].get(_END)
            if step is None:
                return False
            size, _, origin = step[1]
            del rest[-size:]
            rest.append(self.states[rest[-1]][origin][0])
            if rest[-1] == self.final:
                return True
