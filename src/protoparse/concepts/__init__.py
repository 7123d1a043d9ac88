"""What a phrase names: the tables' word for it, or a learned tagger's.

In: a text's lexemes. Out: the same with each name one lexeme (`recogniser`); `tagging` finds the names, `forms` is
what it sees of a word. The tagger is trained in `training/`; MODEL_CARD.md beside this file says on what and how well.
"""

RECOGNISERS = ("lexicon", "model")
"""What may say what names things: the tables and the heads of phrases alone, or the tagger besides."""
