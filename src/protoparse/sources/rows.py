r"""Delimited text, one trial a row: WHO ICTRP's CSV, AACT's pipes, or a table of one's own.

In: lines, the first of them names of columns. Out: each row as a JSON object of these names.

>>> [json.loads(row) for _, row in objects([b"nct_id|criteria\n", b'NCT99990001|"Age > 5\n', b'Gout | none"\n'])]
[{'nct_id': 'NCT99990001', 'criteria': 'Age > 5\nGout | none'}]
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator

from protoparse.errors import InputError
from protoparse.sources import aact, ictrp, plain
from protoparse.sources.decoding import decode

_DELIMITERS = "|\t,;"
_LONGEST = 4_000_000
"""So many characters of a field are read: ten times what the longest listing has."""


def is_header(line: bytes) -> bool:
    """Whether a line names the columns of such a table: a trial's number, and its criteria."""
    return _delimiter(line) is not None


def objects(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes | InputError]]:
    """Each row with the number of the line that it ends in, an error in the place of one that cannot be read."""
    rest = iter(lines)
    head = next((line for line in rest if line.strip()), b"")
    delimiter = _delimiter(head)
    if delimiter is None:
        raise InputError("no table with a column of numbers and one of criteria")
    [names] = csv.reader([_line(head)], delimiter=delimiter)
    rows = csv.reader(map(_line, rest), delimiter=delimiter, strict=True)
    longest = csv.field_size_limit(_LONGEST)
    blank = True
    try:
        while True:
            try:
                row = next(rows, None)
            except csv.Error as error:
                yield rows.line_num + 1, InputError(f"broken row: {error}")
                continue
            except InputError as error:
                yield rows.line_num + 1, error
                continue
            if row is None:
                break
            if not any(cell.strip() for cell in row):
                continue
            blank = False
            if len(row) != len(names):
                yield rows.line_num + 1, InputError(f"a row of {len(row)} columns, where {len(names)} have a name")
                continue
            yield rows.line_num + 1, json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False).encode()
        if blank:
            yield 1, InputError("no row below the names of the columns")
    finally:
        csv.field_size_limit(longest)


def _line(line: bytes) -> str:
    return decode(line) if line.strip() else "\n"


def _delimiter(line: bytes) -> str | None:
    try:
        text = decode(line) if line.strip() and b"\0" not in line else ""
        for delimiter in _DELIMITERS:
            if delimiter in text:
                [names] = csv.reader([text], delimiter=delimiter)
                record = dict.fromkeys(names, "")
                numbered = not record.keys().isdisjoint(plain.NUMBERS) and plain.recognises(record)
                if aact.recognises(record) or ictrp.recognises(record) or numbered:
                    return delimiter
    except (InputError, csv.Error, ValueError):
        pass
    return None
