"""HTML and Markdown received → plain text that keeps its lists and its addresses. Pure."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

MAX_LENGTH = 100_000
BLOCKS = {
    *("address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figure"),
    *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "p"),
    *("pre", "section", "table", "tbody", "tfoot", "thead", "tr"),
}
INLINE = {
    *("a", "abbr", "b", "br", "caption", "cite", "code", "col", "colgroup", "em", "embed", "font"),
    *(
        "body",
        "button",
        "head",
        "html",
        "i",
        "iframe",
        "img",
        "input",
        "label",
        "li",
        "link",
        "mark",
    ),
    *("meta", "object", "ol", "s", "small", "span", "strike", "strong", "sub"),
    *("sup", "svg", "td", "th", "title", "u", "ul"),
}
# « effectif <PME », « <10 salariés »: only a known name makes a tag, the rest is what was written.
NO_TAG = re.compile(rf"<(?!/?(?:{'|'.join(sorted(BLOCKS | INLINE))})\b[^<>]*>)", re.IGNORECASE)
# What is not text, from its opening to its closing; one that is never closed hides nothing.
UNSEEN = (
    (re.compile("<!--"), re.compile("-->")),
    (re.compile(r"<script\b[^<>]*>", re.I), re.compile(r"</script\s*>", re.I)),
    (re.compile(r"<style\b[^<>]*>", re.I), re.compile(r"</style\s*>", re.I)),
)
# Controls, and the marks that reverse or hide what is written.
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
MARKDOWN_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\(\s*<?([^()\s<>]{0,500})>?[^()\n]{0,200}\)")
STRONG = re.compile(r"(\*\*|__)(?=\S)([^\n]{1,500}?)(?<=\S)\1")
HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+", re.MULTILINE)
BULLET = re.compile(r"^([ \t]*)[-*•·▪‣◦–][ \t]+", re.MULTILINE)


def plain(text):
    """Lines without markup: « – » for the items of a list, « text (address) » for a link."""
    text = INVISIBLE.sub("", str(text).replace("\r\n", "\n").replace("\r", "\n")[:MAX_LENGTH])
    if "<" in text or "&" in text:
        text = from_html(text)
    return tidy(from_markdown(text))


def one_line(text):
    return " ".join(plain(text).split())


def from_html(text):
    for opening, closing in UNSEEN:
        text = without(text, opening, closing)
    reader = Reader()
    reader.feed(NO_TAG.sub("&lt;", text))
    reader.close()
    return "".join(reader.pieces)


def without(text, opening, closing):
    kept, at = [], 0
    while match := opening.search(text, at):
        kept.append(text[at : match.start()])
        end = closing.search(text, match.end())
        if end is None:
            return " ".join([*kept, opening.sub(" ", text[match.end() :])])
        at = end.end()
    return " ".join([*kept, text[at:]])


class Reader(HTMLParser):
    """Keeps the text and the shape; entities are decoded once, nothing is executed or fetched."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.pieces, self.lists, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag in {"ul", "ol"}:
            self.lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self.pieces.append(f"\n{self._mark()} ")
        elif tag == "br":
            self.pieces.append("\n")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")
        elif tag in BLOCKS:
            self.pieces.append("\n" if self.lists else "\n\n")
        elif tag == "a":
            self.links.append((dict(attrs).get("href") or "", len(self.pieces)))

    def handle_endtag(self, tag):
        if tag in {"ul", "ol"}:
            if self.lists:
                self.lists.pop()
            self.pieces.append("\n")
        elif tag in BLOCKS:
            self.pieces.append("\n" if self.lists else "\n\n")
        elif tag == "a" and self.links:
            address, start = self.links.pop()
            said = "".join(self.pieces[start:])
            self.pieces.append(beside(said, address))

    def handle_data(self, data):
        self.pieces.append(data)

    def _mark(self):
        if not self.lists or self.lists[-1] is None:
            return "–"
        self.lists[-1] += 1
        return f"{self.lists[-1]}."


def beside(said, address):
    """« (https://…) » after the text of a link, unless the text is the address."""
    address = web_address(address)
    if not address or address.rstrip("/") in said:
        return ""
    return f" ({address})"


def web_address(address):
    """An http or https address, or "": anything else is no link for us."""
    address = INVISIBLE.sub("", str(address)).strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        return ""
    return "" if re.search(r"[\s<>\"]", address) else address


def from_markdown(text):
    text = MARKDOWN_LINK.sub(lambda link: link[1] + beside(link[1], link[2]), text)
    text = STRONG.sub(r"\2", text)
    text = re.sub(r"\\\n", "\n", HEADING.sub("", text))
    return BULLET.sub(r"\1– ", text)


def tidy(text):
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def items(text):
    """The conditions that a plain text lists: its lines, without their marks. A line that begins
    with a small letter goes on from the one just above, unless that one had come to its end."""
    found, above = [], ""
    for raw in map(str.strip, text.split("\n")):
        line = re.sub(r"^(?:–|\d{1,2}[.)])\s+", "", raw)
        if above and line == raw and line[:1].islower() and above[-1] not in ".;:!?":
            found[-1] += f" {line}"
        elif line:
            found.append(line)
        above = line
    return found


def shortened(text, limit):
    """At most `limit` characters, cut after a sentence or a word, with « … » when cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    stop = max(cut.rfind(mark) for mark in (". ", "! ", "? ", ".\n"))
    if stop >= limit // 2:
        return cut[: stop + 1]
    return f"{cut.rsplit(' ', 1)[0]}…"
