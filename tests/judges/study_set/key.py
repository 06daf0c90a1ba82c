"""The answer key: rows that are noted while objects are made."""

import csv
from collections import Counter

COLUMNS = ["id", "check", "source", "attribute", "text", "boxes"]


class Key:
    def __init__(self):
        self.rows = []
        self.source = None

    def of(self, source):
        """The next rows are of this file."""
        self.source = source

    def note(self, check, attribute="", text="", boxes=()):
        box = ";".join(",".join(str(side) for side in box) for box in boxes)
        row = [f"{len(self.rows) + 1:04d}", check, self.source, attribute, text, box]
        self.rows.append(dict(zip(COLUMNS, row)))

    def counts(self):
        return Counter(row["check"] for row in self.rows)

    def write(self, path):
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
