"""What a profile keeps: PS3.15 Table E.1-1 with the options in force, and the profile's own rules.

Read from the project's copies of the tables (`src/deid/header/*.csv`) and from the profile; never from
the gateway's code or its reports.
"""

import csv
import tomllib
from pathlib import Path

from pydicom.datadict import dictionary_has_tag, keyword_for_tag

TABLES = Path(__file__).parents[2] / "src/deid/header"

# The options of PS3.16 CID 7050 and their columns in profile.csv.
COLUMNS = {
    "Retain Safe Private Option": "safe_private",
    "Retain UIDs Option": "uids",
    "Retain Device Identity Option": "device",
    "Retain Institution Identity Option": "institution",
    "Retain Patient Characteristics Option": "patient",
    "Retain Longitudinal Temporal Information Full Dates Option": "full_dates",
    "Retain Longitudinal Temporal Information Modified Dates Option": "modified_dates",
    "Clean Descriptors Option": "descriptors",
    "Clean Structured Content Option": "structured",
    "Clean Graphics Option": "graphics",
}

# What an attribute may become.
FREE = "anything"  # the profile removes or replaces it, or this judge has no opinion
KEPT = "kept"  # by an option: with its bytes
CLEANED = "cleaned"  # with its bytes, where nothing in it identifies
MOVED = "moved"  # a date that is there, and another
NEW_UID = "new UID"
UNLISTED = "unlisted"  # neither table names it: what may become of it depends on its VR

# What the gateway says of its own work, or writes anew; and what ends where a repair ends it.
STATEMENTS = {
    "SpecificCharacterSet", "LengthToEnd", "PatientIdentityRemoved", "DeidentificationMethod",
    "DeidentificationMethodCodeSequence", "LongitudinalTemporalInformationModified",
    "BurnedInAnnotation", "RecognizableVisualFeatures",
}  # fmt: skip


def rows(name):
    lines = [line for line in (TABLES / name).read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def parsed(tag):
    """A tag of a table as a number; None for a repeating group."""
    try:
        return int(tag.strip("()").replace(",", ""), 16)
    except ValueError:
        return None


class Rules:
    def __init__(self, profile):
        text = tomllib.loads(Path(profile).read_text())
        options = text.get("options", [])
        unknown = [option for option in options if option not in COLUMNS]
        if unknown:
            raise ValueError(f"options without a column: {unknown}")
        self.columns = [COLUMNS[option] for option in options]
        self.keeps_unlisted_text = text.get("unlisted_text", "search") == "search"
        # a rule of the profile comes before the table; this judge has no opinion on what it names
        self.ruled = {str(rule.get("attribute", "")) for rule in text.get("rules", [])}
        self.listed = {parsed(row["tag"]): self.of_row(row) for row in rows("profile.csv")}
        self.stricter = {parsed(row["tag"]) for row in rows("stricter.csv")}
        self.safe_private = set()
        if "safe_private" in self.columns:
            # the file is the gateway's copy of Table E.3.10-1
            self.safe_private = {
                (row["creator"], row["group"], row["element"]) for row in rows("safe_private.csv")
            }
            if not self.safe_private:
                raise ValueError("no table of safe private attributes")

    def of_row(self, row):
        cells = {row.get(column, "") for column in self.columns} - {""}
        if "device" in self.columns and row["device"] == "C":
            # AE titles and the like: what is cleaned of a name of a place is another name
            return FREE
        if "C" in cells:
            dates = "modified_dates" in self.columns and row.get("modified_dates") == "C"
            # K for the device and C for dates at once: the date moves
            return MOVED if dates else CLEANED
        if cells:
            return KEPT
        return NEW_UID if row["basic"] == "U" else FREE

    def of(self, tag):
        """What a standard attribute may become."""
        keyword = keyword_for_tag(tag) if dictionary_has_tag(tag) else ""
        group = tag >> 16
        if group < 8 or tag & 0xFFFF == 0 or group % 2 == 1 or not keyword:
            return FREE
        # an overlay or curve goes whole: without its data the rest describes nothing
        if group >> 8 in (0x50, 0x60) or tag >= 0x7FE00000 or keyword in STATEMENTS:
            return FREE
        if keyword in self.ruled:
            return FREE
        if keyword == "ContentSequence":
            # D: the items of a report keep their places, as others refer to them by place, and what
            # is in them is replaced
            return UNLISTED
        if tag in self.listed:
            return self.listed[tag]
        return FREE if tag in self.stricter else UNLISTED

    def is_safe(self, creator, tag):
        """Whether a private attribute is one of Table E.3.10-1."""
        return (creator, f"{tag >> 16:04X}", f"{tag & 0xFF:02X}") in self.safe_private
