"""The rows left aside, as a file to mend and import again."""

import csv
import io

FORMULA = ("=", "+", "-", "@", "\t", "\r")
REASON = "Motif du refus"


def write(header, rows, reasons):
    """Bytes of a CSV that a French spreadsheet opens: the original cells, then the reasons.

    `rows` are (line, cells) and `reasons` {line: sentences}.
    """
    lines = [[*header, REASON]]
    for line, cells in rows:
        padded = [*cells, *[""] * (len(header) - len(cells))]
        lines.append([*padded, " ".join(reasons.get(line, []))])
    return spreadsheet(lines)


def spreadsheet(lines):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows(map(harmless, cells) for cells in lines)
    return out.getvalue().encode("utf-8-sig")


def harmless(cell):
    """A cell that a spreadsheet would run as a formula is shown as text; reading undoes it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
