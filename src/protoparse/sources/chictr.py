"""ChiCTR: a trial of its XML export, which is in the exchange format of the WHO's registry network.

In: an element with `<main>` and `<criteria>`. Out: `<inclusion_criteria>` and `<exclusion_criteria>` joined, with the
fields of both elements.

>>> found = study(etree.fromstring("<trial><main><trial_id>ChiCTR9900000001</trial_id></main><criteria>"
...     "<inclusion_criteria>Adults</inclusion_criteria><agemin>18</agemin></criteria></trial>"))
>>> found.text, found.trial.minimum_age.value
('Inclusion Criteria:\\n\\nAdults', 18)
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from protoparse.sources import ictrp
from protoparse.sources.listing import Listing

__all__ = ["etree", "study"]

_MAIN = ("trial_id", "reg_name", "public_title", "scientific_title", "hc_freetext")
_CRITERIA = ("inclusion_criteria", "exclusion_criteria", "agemin", "agemax", "gender")


def study(element: Any) -> Listing:
    """The listing of an element; raises `InputError`, with its number, where it has no eligibility section."""
    main = {name: element.findtext(f"main/{name}") for name in _MAIN}
    return ictrp.study(main | {name: element.findtext(f"criteria/{name}") for name in _CRITERIA})
