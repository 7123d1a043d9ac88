"""Under which licences everything is that a user of protoparse installs: `python -m tests.licences` lists them.

In: what is installed, asked for the requirements of the package with its extra `all`, and theirs. Out: a licence each.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

COPYLEFT = re.compile(r"(?<![A-Za-z])A?GPL|(?<!Lesser )General Public License")
EXCEPTION = re.compile(r"GPL-[\d.]+(?:-or-later|-only)? WITH GCC-exception-[\d.]+")
"""What GCC compiles may be under any licence."""


def licences(name: str = "protoparse", *extras: str) -> dict[str, str]:
    """The licence of a package and of each that it needs, as far as they are installed."""
    found: dict[str, str] = {}
    seen = set()
    waiting = [(name, frozenset(extras))]
    while waiting:
        name, wanted = waiting.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        found[name] = licence(name)
        for text in package.requires or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in wanted | {""}):
                waiting.append((needed.name, frozenset(needed.extras)))
    return found


def licence(name: str) -> str:
    said = distribution(name).metadata
    classifiers = [c.rpartition(" :: ")[2] for c in said.get_all("Classifier", ()) if c.startswith("License :: OSI")]
    return (
        said.get("License-Expression")
        or " OR ".join(classifiers)
        or (said.get("License") or "not said").splitlines()[0]
    )


def refused(said: str) -> bool:
    """Whether a licence leaves no choice but one that binds whoever imports the package.

    >>> [refused(said) for said in ("MIT", "MIT OR GPL-2.0-only", "LGPL-3.0-only", "AGPL-3.0", "MIT AND GPL-3.0")]
    [False, False, False, True, True]
    """
    return all(COPYLEFT.search(EXCEPTION.sub("", choice)) for choice in re.split(r"\s+OR\s+", said))


if __name__ == "__main__":
    listed = licences("protoparse", "all")
    print(*(f"{name}: {said}" for name, said in sorted(listed.items())), sep="\n")  # noqa: T201
    raise SystemExit(any(map(refused, listed.values())))
