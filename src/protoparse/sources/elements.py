"""XML: the record of a registry, or several in one file.

In: a decoded text. Out: a `Listing` each; which registry it is from is told by the root element. Entities are not
declared, files not included, nothing is fetched: a document that tries is refused.

>>> [found] = read("<clinical_study><eligibility><criteria><textblock> Adults </textblock></criteria></eligibility>"
...                "</clinical_study>")
>>> found.text
'Adults'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree
from msgspec.structs import replace

from protoparse.errors import InputError
from protoparse.sources import chictr, ictrp, isrctn, legacy
from protoparse.sources.listing import Listing

CONTAINERS = ("ctgov", "chictr", "ictrp", "isrctn")
"""What a file of XML may be said to hold."""

_XML = re.compile(r"\s*+(?:<\?xml\b(?!.{0,2000}?<html\b)|<(?:clinical_study|[Tt]riall?|trials?)\b[^<>]{0,2000}>)", re.S)
_DECLARATION = re.compile(r"\s*<\?xml\b[^<>]*\?>")
_ENTITY = re.compile(r"<!(?:ENTITY|NOTATION|ATTLIST|ELEMENT)\b|<!DOCTYPE[^>\[]*\[", re.I)
_RECORDS = {
    "ctgov": ("clinical_study",),
    "chictr": ("triall", "trial"),
    "ictrp": ("trial",),
    "isrctn": ("fulltrial", "trial"),
}


def recognises(text: str) -> bool:
    """Whether a text is meant as XML, XHTML pages aside."""
    return _XML.match(text) is not None


def read(text: str, *, container: str | None = None) -> Iterator[Listing | InputError]:
    """Every record of an XML text, an error in the place of one without eligibility.

    Raises `InputError` for broken XML, for what declares entities, and for XML of no registry that is known.
    """
    root = _tree(text)
    registry = _registry(root)
    if registry and container not in (None, registry):
        raise InputError(f"XML of {registry}, not of {container}")
    if registry is None:
        raise InputError(f"XML that is not read: <{_name(root)}> is the element of no registry that is known")
    found = [root] if _name(root) in _RECORDS[registry] else [e for e in root if _name(e) in _RECORDS[registry]]
    if not found:
        raise InputError("no study in this XML")
    for place, element in enumerate(found, start=1):
        try:
            listing = _study(registry, element)
        except InputError as error:
            if len(found) == 1:
                raise
            yield InputError(str(error) if str(error).startswith("study ") else f"study {place}: {error}")
        else:
            yield listing if len(found) == 1 else replace(listing, name=f"#{listing.trial.id or place}")


def as_object(element: Any) -> Any:
    """An element as JSON has it: its text, or an object of what is in it, lists where a name comes again."""
    children = [child for child in element if isinstance(child.tag, str)]
    attributes = {f"@{name}": value for name, value in element.attrib.items()}
    if not children:
        text = element.text or ""
        return {**attributes, "#text": text} if attributes else text
    made: dict[str, Any] = dict(attributes)
    for child in children:
        name, value = etree.QName(child).localname, as_object(child)
        if name in made:
            made[name] = [*(made[name] if isinstance(made[name], list) else [made[name]]), value]
        else:
            made[name] = value
    return made


def _study(registry: str, element: Any) -> Listing:
    if registry == "ctgov":
        return legacy.study(element)
    if registry == "chictr":
        return chictr.study(element)
    record = as_object(element)
    if registry == "ictrp":
        return ictrp.study(record)
    return isrctn.study(record)


def _registry(root: Any) -> str | None:
    name = _name(root)
    names = {_name(e) for e in root.iter() if isinstance(e.tag, str)}
    if name in ("clinical_study", "search_results", "clinical_studies") and "clinical_study" in names:
        return "ctgov"
    if "isrctn" in names and "participants" in names:
        return "isrctn"
    if "main" in names and "criteria" in names:
        return "chictr"
    return "ictrp" if "trialid" in names and name in ("trials_downloaded_from_ictrp", "trials", "trial") else None


def _name(element: Any) -> str:
    return str(etree.QName(element).localname).lower() if isinstance(element.tag, str) else ""


def _tree(text: str) -> Any:
    if _ENTITY.search(text):
        raise InputError("XML that declares entities or a grammar of its own, which is not read")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, dtd_validation=False, no_network=True, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(_DECLARATION.sub("", text, count=1).lstrip().encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        cause = re.sub(r", line \d+, column \d+.*", "", " ".join(str(error).split()), flags=re.S)
        line, column = getattr(error, "position", (0, 0))
        raise InputError(f"broken XML at line {line}, column {column}: {cause}") from None
    return root
