"""Data sets and items as they are in the file: raw values, and how they are read."""

import warnings

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_has_tag, dictionary_VR

WORD = {
    "US": 2, "SS": 2, "OW": 2, "AT": 2, "UL": 4, "SL": 4, "FL": 4, "OL": 4, "OF": 4,
    "FD": 8, "OD": 8, "OV": 8, "SV": 8, "UV": 8,
}  # fmt: skip


def unpadded(value):
    """A value without its padding."""
    return value.strip(b" \0")


class Level:
    """A data set or item as it is in the file."""

    def __init__(self, ds, encodings):
        self.ds = ds
        stated = ds.get_item(0x00080005)
        self.encodings = encodings
        if stated is not None and stated.value:
            names = stated.value
            if isinstance(names, bytes):
                names = names.decode("ascii", "replace").split("\\")
            self.encodings = convert_encodings([n.strip(" \0") for n in names])

    def vr(self, tag):
        raw = self.ds.get_item(tag)
        known = dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
        stated = raw.VR
        if stated in (None, "UN") or known == "SQ":
            return known if " " not in known else (stated or "US")
        return stated

    def bytes(self, tag):
        """The value field in little endian."""
        raw = self.ds.get_item(tag)
        value = raw.value
        if value is None or value == "":
            return b""
        if isinstance(value, int):  # pydicom had to look at it to know the VR of others
            return value.to_bytes(WORD[self.vr(tag)], "little", signed=self.vr(tag) in ("SS", "SL"))
        if not isinstance(value, bytes):
            raise ValueError(f"{tag:08x} was read before it could be judged")
        little = getattr(raw, "is_little_endian", True)
        size = WORD.get(self.vr(tag), 1)
        if not little and size > 1 and raw.VR != "UN" and len(value) % size == 0:
            value = b"".join(value[n : n + size][::-1] for n in range(0, len(value), size))
        return value

    def items(self, tag):
        """The items of a sequence; None if it cannot be read as one."""
        try:
            items = self.ds[tag].value
            return [Level(item, self.encodings) for item in items or []]
        except Exception:
            return None

    def text(self, value, vr):
        """Decoded; None if the stated character set does not read it."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                if vr in ("LO", "SH", "UC", "LT", "ST", "UT", "PN"):
                    return decode_bytes(value, self.encodings, {0x5C, 0x0A, 0x0C, 0x0D, 0x09})
                return value.decode("ascii")
        except Exception:
            return None
