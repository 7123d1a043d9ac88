"""Gold written by hand: YAML that quotes the text becomes a document; a parse becomes a draft of it; doubts are told.

criteria.yaml ─ notation, quotes ─▶ building ─▶ Document ─▶ doubting
Document ─ drafting ─▶ criteria.yaml
"""
