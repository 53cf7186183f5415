"""Takes known secrets out of what a gateway sends, in the one place where it comes in.

A gateway that repeats our token, session or password, by mistake or on purpose, would otherwise see
it published in labels, pages, captures and log lines.
"""

import re
from collections import OrderedDict
from urllib.parse import quote, quote_plus

_MASK = b"***"
#: what looks like a token is one, wherever it stands
_TOKEN = re.compile(rb"eyJ[\w-]{8,}(?:\.[\w-]*)*")
#: shorter ones are as likely to be part of something else
_LEAST_COOKIE = 8
#: what is as long as this is nothing else by accident
_LONG = 12
#: of each kind, the latest: a gateway that sets cookies without end costs nothing
_MOST = 16
_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{4}|.)", re.S)
_SURROGATES = range(0xD800, 0xE000)
_QUOTE_OR_BACKSLASH = (0x22, 0x5C)


#: by secret, the ways to write it and what matches them
_Patterns = OrderedDict[str, tuple[tuple[bytes, ...], re.Pattern[bytes]]]


class SecretFilter:
    """The secrets that one gateway was shown or has given us."""

    def __init__(self) -> None:
        self._ours: _Patterns = OrderedDict()
        #: apart, so that a gateway cannot push out ours with cookies of its own
        self._cookies: _Patterns = OrderedDict()
        self._forms: tuple[bytes, ...] = ()

    def add(self, *secrets: str | None) -> None:
        """Take these out of whatever comes in from now on."""
        for secret in secrets:
            if secret:
                self._remember(self._ours, secret)

    def add_cookie(self, value: str) -> None:
        """Take out the value of a cookie, if it is long enough to be a secret."""
        if len(value) >= _LEAST_COOKIE:
            self._remember(self._cookies, value)

    def clean(self, body: bytes) -> bytes:
        """Return a body without the secrets; the same object if there are none in it."""
        cleaned = body
        if b"\\u" in cleaned:
            # A letter that is written as a number is the same letter.
            plain = _ESCAPE.sub(_unescape, cleaned)
            cleaned = plain if self._clean(plain) is not plain else cleaned
        return self._clean(cleaned)

    def clean_text(self, text: str) -> str:
        """Return a text, such as a header, without the secrets."""
        return self.clean(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def _clean(self, body: bytes) -> bytes:
        if b"eyJ" in body:
            body = _TOKEN.sub(_MASK, body)
        # far faster than patterns, and nearly always the end of it
        for form in self._forms:
            if form in body:
                break
        else:
            return body
        for _, pattern in (*self._ours.values(), *self._cookies.values()):
            if pattern.search(body):
                body = pattern.sub(_MASK, body)
        return body

    def _remember(self, patterns: _Patterns, secret: str) -> None:
        if secret in patterns:
            patterns.move_to_end(secret)
            return
        forms = _forms(secret)
        patterns[secret] = forms, _pattern(secret, forms)
        if len(patterns) > _MOST:
            patterns.popitem(last=False)
        kept = (*self._ours.values(), *self._cookies.values())
        self._forms = tuple(form for forms, _ in kept for form in forms)


def _forms(secret: str) -> tuple[bytes, ...]:
    """Return the ways to write a secret, as it is or quoted for JSON or a URL; longest first."""
    json_text = secret.replace("\\", "\\\\").replace('"', '\\"')
    forms = {secret, json_text, json_text.replace("/", "\\/")}
    forms |= {quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")}
    return tuple(sorted((form.encode() for form in forms), key=len, reverse=True))


def _pattern(secret: str, forms: tuple[bytes, ...]) -> re.Pattern[bytes]:
    pattern = b"|".join(map(re.escape, forms))
    if len(secret) >= _LONG:
        return re.compile(pattern)
    if secret.isdigit():
        # In a text of its own it is the secret; elsewhere it is part of a number.
        return re.compile(rb'(?<=")(?:' + pattern + rb')(?=")')
    return re.compile(rb"(?<![0-9A-Za-z])(?:" + pattern + rb")(?![0-9A-Za-z])")


def _unescape(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if len(escaped) == 1:
        return match[0]
    code = int(escaped[1:], 16)
    # What would end the text, is a control character or half of one has to stay escaped.
    if code in _QUOTE_OR_BACKSLASH or code < 0x20 or code in _SURROGATES:
        return match[0]
    return chr(code).encode()
