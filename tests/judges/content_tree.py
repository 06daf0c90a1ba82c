"""What PS3.15 Table E.3.4-1 makes of the content items of a report, from the table alone.

An item goes where its row says X and no option in force says otherwise; but it stays, without its value,
where the tree would break: where items are found by their position, where others stand below it (but for
a container, which goes whole), where coordinates are selected from it, and where no sibling would stay.
"""

import csv
from pathlib import Path

KIN = {"DATE": {"DATE", "TIME", "DATETIME"}, "NUM": {"NUM", "CODE"}}
KIN |= {"TIME": KIN["DATE"], "DATETIME": KIN["DATE"], "CODE": KIN["NUM"]}
OPTIONS = {
    "uids": "retain_uids", "device": "retain_device_identity", "institution": "retain_institution_identity",
    "patient": "retain_patient_characteristics", "full_dates": "retain_longitudinal_full_dates",
    "modified_dates": "retain_longitudinal_modified_dates", "descriptors": "clean_descriptors",
}  # fmt: skip


def table():
    lines = (Path(__file__).parent / "ps315_content_items.csv").read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def value(item, tag):
    """Text of an element that may be raw; empty if it is none."""
    element = item.get_item(tag) if tag in item else None
    text = element.value if element is not None else ""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return str(text or "").strip(" \0")


def items(item, tag):
    try:
        return list(item[tag].value or []) if tag in item else []
    except Exception:
        return []


class Tree:
    """The rules for one report under the options whose columns of profile.csv these are."""

    def __init__(self, columns, source):
        self.options = [OPTIONS[column] for column in columns if column in OPTIONS]
        self.rows = {}
        for row in table():
            code = row["code_value"], row["scheme"].split(" [")[0]
            self.rows.setdefault(code, {})[row["value_type"]] = row
        self.has_positions = self.finds_by_position(getattr(source, "ds", source))

    def finds_by_position(self, item):
        return 0x0040DB73 in item or any(self.finds_by_position(below) for below in items(item, 0x0040A730))

    def row(self, item):
        """The row of its concept and type, or of its concept told by a like type."""
        kind = value(item, 0x0040A040)
        for name in items(item, 0x0040A043):
            codes = [value(name, tag) for tag in (0x00080100, 0x00080119, 0x00080120)]
            for code in filter(None, codes):
                of_concept = self.rows.get((code, value(name, 0x00080102)), {})
                like = [k for k in of_concept if k == kind] or [
                    k for k in of_concept if kind == "TEXT" or k in KIN.get(kind, ())
                ]
                if like:
                    return of_concept[like[0]]
        return None

    def cell(self, row):
        """What the options in force ask of a row: C before K."""
        cells = {row[option] for option in self.options} - {""}
        return "C" if "C" in cells else "K" if cells else ""

    def is_neutral(self, item):
        """Whether the value says nothing any more."""
        row = self.row(item)
        return row is not None and not self.cell(row)

    def goes(self, item):
        row = self.row(item)
        if row is None or row["basic"] != "X":
            return False
        cell = self.cell(row)
        # a date cannot be moved that is told as text
        asked = cell == "K" or (
            cell == "C" and (row["clean_descriptors"] or value(item, 0x0040A040) != "TEXT")
        )
        leaf = not items(item, 0x0040A730) or value(item, 0x0040A040) == "CONTAINER"
        return not asked and leaf and value(item, 0x0040A010) != "SELECTED FROM"

    def staying(self, siblings):
        going = [self.goes(item) for item in siblings]
        if self.has_positions or all(going):
            return siblings
        return [item for item, goes in zip(siblings, going) if not goes]
