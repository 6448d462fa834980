"""What an address or a form carries as text, read without trusting it."""

LARGEST_ID = 2**63 - 1  # what a column of either database holds


def row_id(text):
    """The id of a row, or 0, which no row has: « ² », garbage and what no column can hold."""
    text = str(text or "")
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return 0
    return int(text) if int(text) <= LARGEST_ID else 0
