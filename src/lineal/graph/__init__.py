"""The graph's values and names. No input or output happens here."""
