"""What a record says of one fact: names, amounts and windows against dated events."""
