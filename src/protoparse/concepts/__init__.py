"""What a phrase names, by a learned tagger.

In: a text's lexemes. Out: the names in it, and a verdict on concepts that the grammar could only guess (`recogniser`);
`tagging` finds the names, `forms` is what it sees of a word. The tagger is trained in `training/`; MODEL_CARD.md beside
this file says on what and how well.
"""

RECOGNISERS = ("lexicon", "model")
"""What may decide what kind of thing is named: tables and grammar alone, or the tagger besides."""
