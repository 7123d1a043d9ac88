"""How sure a parse is of each of its facts and criteria; `CARD.md` tells what that means and how it was measured.

In: a rule and the words that it was read from. Out: the rule, its facts with a `confidence` from 0 to 1.
"""

from protoparse.confidence.features import Piece
from protoparse.confidence.scoring import Scorer

__all__ = ["Piece", "Scorer"]
