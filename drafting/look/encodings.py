"""Which encoding bytes are in, by what they would read as."""

from __future__ import annotations

import codecs
import re
from typing import Final

from definition.mapping.encodings import codec

_LOOKED_AT = 1 << 20
"""Bytes that are enough to know."""

_CHINESE: Final = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成"
    "方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使"
    "情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老"
    "给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目"
    "這個們來為國說時對發會過學當動還進樣開實無與長機業將兩間問應戰頭體產總電數報關點現經沒後見給話應員書買賣"
    "浏览支付创建订单加购商品图书籍电影音乐小说北京上海广州瀏覽購訂單圖電影"
)
"""Characters that Chinese texts, and the words of shops, are mostly made of."""

_KOREAN: Final = frozenset(
    "이다는의에을를가고하한지사도로기은인어리그나자대있시해아일정과서스수들전부연보상만면원장제게라구주여성동문세경국실신오"
    "계조선영화유방내무비생교관용학음트드마무료소개발라니안네할습입까요되것같우모두물건회중더분공미호진명감독야"
)
_WESTERN_WORD: Final = re.compile(r"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]")
_EASTERN: Final[tuple[str, ...]] = ("shift_jis", "euc-kr", "big5", "gb18030")
_DAMAGED = 0.02
"""Share of characters that may be damaged: the transform rejects their lines."""

_MOSTLY = 0.5
_SOME = 0.1


def encoding_of(content: bytes, *, whole: bool) -> str | None:
    """Return the encoding of a text, None if the bytes are no text.

    Args:
        content: a file's beginning.
        whole: whether it is the whole file, so that its last character is not cut.
    """
    content = content[:_LOOKED_AT]
    whole = whole and len(content) < _LOOKED_AT
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_bare_utf16(content):
        return "utf-16"
    if b"\0" in content:
        return None
    if _decoded(content, "utf-8", whole=whole) is not None:
        return "utf-8"
    return _eastern(content, whole=whole) or _single_byte(content)


def _is_bare_utf16(content: bytes) -> bool:
    """Say whether every second byte of mostly Western text is zero."""
    high = content[1:2000:2]
    return bool(high) and high.count(0) > len(high) * _MOSTLY and content[0:2000:2].count(0) < len(high) * _SOME


def _decoded(content: bytes, encoding: str, *, whole: bool) -> str | None:
    """Return the text, None if more than a few of its characters beyond ASCII are none of the encoding."""
    decoder = codecs.getincrementaldecoder(codec(encoding))("replace")
    text = decoder.decode(content, final=whole)
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return text if text.count("\ufffd") <= foreign * _DAMAGED else None


def _eastern(content: bytes, *, whole: bool) -> str | None:
    """Return the encoding of several bytes a character as which the text has what its language is made of."""
    scores: dict[str, float] = {}
    for encoding in _EASTERN:
        text = _decoded(content, encoding, whole=whole)
        foreign = [character for character in text or "" if character > "\x7f"]
        if not foreign:
            continue
        common = sum(_is_common(encoding, character) for character in foreign)
        scores[encoding] = common / len(foreign)
    if not scores:
        return None
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] > _SOME else None


def _is_common(encoding: str, character: str) -> bool:
    if encoding == "shift_jis":
        return "\u3041" <= character <= "\u30ff"
    return character in (_KOREAN if encoding == "euc-kr" else _CHINESE)


def _single_byte(content: bytes) -> str:
    """Return an encoding of one byte a character: letters beyond ASCII stand alone in the West, in words in Russian."""
    high = re.findall(rb"[\x80-\xff]+", content)
    letters = sum(len(run) for run in high)
    in_words = sum(len(run) for run in high if len(run) > 2)  # noqa: PLR2004  # umlauts may stand in pairs
    if in_words > letters * _MOSTLY and not _WESTERN_WORD.search(content[:2000].decode("latin-1")):
        return "windows-1251"
    return "windows-1252" if re.search(rb"[\x80-\x9f]", content) else "latin-1"
