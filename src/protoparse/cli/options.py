"""Options that several commands take, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from protoparse.concepts import RECOGNISERS

_F = TypeVar("_F", bound=Callable[..., Any])

CONTAINERS = (
    "auto", "text", "page", "html", "json", "xml", "table",
    "ctgov", "ctis", "euctr", "isrctn", "chictr", "ictrp", "aact", "pdf", "docx",
)  # fmt: skip
"""What `--from` takes: said here too, so that `--help` need not import the readers."""

STDOUT = "-"
"""Where a file to write to may be standard output, it is called so."""


def debug(command: _F) -> _F:
    """Take `--debug`."""
    return click.option("--debug", is_flag=True, help="Show where an unexpected error comes from.")(command)


def container(command: _F) -> _F:
    """Take `--from`."""
    return click.option(
        "--from", "container", type=click.Choice(CONTAINERS), default="auto", show_default=True,
        help="What INPUT is: a form (bare text, text saved from a registry's page, HTML, JSON, XML, a table with a "
        "trial a row), the registry that its records are from, or a protocol as PDF or DOCX.",
    )(command)  # fmt: skip


def concepts(command: _F) -> _F:
    """Take `--concepts`."""
    return click.option(
        "--concepts", type=click.Choice(RECOGNISERS), default="model", show_default=True,
        help="What decides what kind of thing a name is of: tables and grammar alone, or a learned tagger too, where "
        "they leave it open.",
    )(command)  # fmt: skip


def terms(command: _F) -> _F:
    """Take `--terms`."""
    return click.option(
        "--terms", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
        help="A vocabulary of your own, whose codes stand first: OMOP's CONCEPT.csv (from Athena), a SNOMED CT "
        "description file (RF2) or LOINC's Loinc.csv; may be given several times.",
    )(command)  # fmt: skip


def confidence(command: _F) -> _F:
    """Take `--confidence` or `--no-confidence`."""
    return click.option(
        "--confidence/--no-confidence", default=True, show_default=True,
        help="Whether facts and criteria say how sure the parser is of them.",
    )(command)  # fmt: skip


def written(name: str, says: str) -> Callable[[_F], _F]:
    """Take a file to write to besides, - for standard output."""
    return click.option(
        name, type=click.Path(dir_okay=False, allow_dash=True), metavar="FILE", help=f"{says} - is standard output."
    )


def quiet(command: _F) -> _F:
    """Take `--quiet`."""
    return click.option("-q", "--quiet", is_flag=True, help="Show nothing, only write what is asked for.")(command)
