"""Bytes to text, or a refusal that says what the bytes are instead.

UTF-16 is read where a byte order mark says so, then UTF-8 with or without a mark, then the encoding that HTML or XML
declares, and Windows-1252 last: what older registry exports and office programs write.
"""

from __future__ import annotations

import codecs
import re

from protoparse.errors import InputError

_SIGNATURES = {
    b"%PDF-": "a PDF, not text",
    b"PK\x03\x04": "a ZIP archive (DOCX, XLSX, ODT …), not text",
    b"\x1f\x8b": "gzip data, not text",
    b"\x89PNG": "an image, not text",
    b"\xff\xd8\xff": "an image, not text",
    b"\xd0\xcf\x11\xe0": "an old Office document, not text",
}
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_CHARSET = re.compile(rb"""<(?:meta[^<>]{0,200}?charset|\?xml[^<>]{0,200}?encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_ZERO_WIDTH = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def decode(data: bytes) -> str:
    """The text of a file, its byte order mark dropped; raises `InputError` for what is empty or is not text."""
    if not data:
        raise InputError("the file is empty")
    for signature, cause in _SIGNATURES.items():
        if data.startswith(signature):
            raise InputError(cause)
    text = _text(data)
    # 1 in 10 still lets a stray form feed or an escape of some terminal through
    if "\0" in text or len(_CONTROLS.findall(text)) * 10 > len(text):
        raise InputError("binary data, not text")
    if is_blank(text):
        raise InputError("nothing but white space")
    return text


def is_blank(text: str) -> bool:
    """Whether there is nothing to read: white space and zero-width marks only."""
    return not text.strip() or not text.strip(_ZERO_WIDTH + " \t\r\n\f\v\xa0")


def _text(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeError:
            raise InputError("broken UTF-16") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if b"\0" in data:
        raise InputError("binary data, not text")
    declared = _CHARSET.search(data[:4096])
    if declared:
        try:
            return data.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeError):
            pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise InputError("neither UTF-8 nor Windows-1252 text") from None
