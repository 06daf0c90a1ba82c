#!/usr/bin/env python3
"""Judges the content trees of structured reports: still valid, still worth reading, and nobody in them.

    judge_reports.py PROFILE.toml       on stdin: a JSON list of [source, result]

Both trees are walked together, without the items that PS3.15 Table E.3.4-1 removes (content_tree.py). Type,
relationship, concept, positions, references, coordinates, numbers, units and codes are what they were, unless
the table says otherwise. Names and UIDs are others; dates moved, all by the same number of days, or are
dummies. Free text of a row without an option is a dummy, and no other holds a name, an ID or a date that the
object states. Prints a line for each fault, with its place, never a value. Exit: 0 passed, 1 failed, 2 could
not judge.
"""

import datetime
import json
import re
import sys
import warnings
from pathlib import Path

import pydicom
from content_tree import Tree
from utility_identifiers import Identifiers, folded
from utility_rules import Rules

SAME = [
    "ValueType",
    "RelationshipType",
    "ContinuityOfContent",
    "ReferencedContentItemIdentifier",
    "GraphicType",
    "GraphicData",
    "TemporalRangeType",
]
DATES = ["Date", "Time", "DateTime"]
DUMMY, DUMMY_SCHEME = "ANONYMIZED", "99DEID"
NOBODY = {"name", "first", "last", "enter", "text", "test", "none", "unknown"}
DUMMY_DATES = {"19000101", "000000", "19000101000000"}


def units(item):
    """The unit of a measured value as code and scheme; one that says nothing where there is none."""
    of_it = item.get("MeasurementUnitsCodeSequence") or [{}]
    return [(unit.get("CodeValue"), unit.get("CodingSchemeDesignator")) for unit in of_it]


class Judge:
    def __init__(self, rules, source):
        self.tree = Tree(rules.columns, source)
        self.rules, self.identifiers = rules, Identifiers(source)
        self.known = {part for part in self.identifiers.parts if len(part) >= 4} - NOBODY
        self.faults, self.days, self.numbers = [], set(), 0

    def fault(self, path, what):
        self.faults.append(f"{path}: {what}")

    def item(self, before, after, path):
        for keyword in SAME:
            if before.get(keyword) != after.get(keyword):
                self.fault(path, f"{keyword} differs")
        neutral = self.tree.is_neutral(before)
        self.codes(before, after, "ConceptNameCodeSequence", path)
        if "ConceptCodeSequence" in before:
            self.codes(before, after, "ConceptCodeSequence", path, neutral)
        if "MeasuredValueSequence" in before:
            self.number(before, after, path, neutral)
        for keyword in DATES:
            if before.get(keyword):
                self.date(
                    str(before[keyword].value),
                    str(after.get(keyword) or ""),
                    self.tree.row(before),
                    f"{path}/{keyword}",
                )
        if before.get("PersonName") and after.get("PersonName") in (None, "", before.PersonName):
            self.fault(path, "the name is there, or none is")
        if before.get("UID"):
            self.uid(str(before.UID), str(after.get("UID") or ""), before, path)
        if before.get("TextValue"):
            self.text(str(after.get("TextValue") or ""), neutral, path)
        for old, new in zip(
            before.get("ReferencedSOPSequence") or [], after.get("ReferencedSOPSequence") or []
        ):
            if old.ReferencedSOPClassUID != new.ReferencedSOPClassUID:
                self.fault(path, "a reference is to another class")
            self.uid(old.ReferencedSOPInstanceUID, new.ReferencedSOPInstanceUID, before, path)
        if len(before.get("ReferencedSOPSequence") or []) != len(after.get("ReferencedSOPSequence") or []):
            self.fault(path, "a reference is lost")
        self.children(before, after, path)

    def children(self, before, after, path):
        staying = self.tree.staying(list(before.get("ContentSequence") or []))
        left = list(after.get("ContentSequence") or [])
        if len(staying) != len(left):
            return self.fault(path, f"{len(left)} items below it, not {len(staying)}")
        for number, (old, new) in enumerate(zip(staying, left), 1):
            self.item(old, new, f"{path}.{number}")
        return None

    def codes(self, before, after, keyword, path, neutral=False):
        old, new = before.get(keyword) or [], after.get(keyword) or []
        if len(old) != len(new):
            return self.fault(path, f"{keyword} has other items")
        for was, now in zip(old, new):
            dummy = now.get("CodingSchemeDesignator") == DUMMY_SCHEME and now.get("CodeMeaning") == DUMMY
            telling = self.tells(f"{was.get('CodeMeaning', '')} {was.get('CodeValue', '')}")
            strict = not self.rules.keeps_unlisted_text
            if neutral and not dummy:
                self.fault(path, f"{keyword} still tells")
            if dummy:
                if not (neutral or telling or strict):
                    self.fault(path, f"{keyword} is lost")
            elif (was.get("CodeValue"), was.get("CodingSchemeDesignator")) != (
                now.get("CodeValue"),
                now.get("CodingSchemeDesignator"),
            ):
                self.fault(path, f"{keyword} is another")
            elif telling:
                self.fault(path, f"{keyword} tells of somebody")
        return None

    def number(self, before, after, path, neutral):
        old, new = before.MeasuredValueSequence or [], after.get("MeasuredValueSequence") or []
        if neutral:
            if new:
                self.fault(path, "the number is still there")
            return
        self.numbers += len(old)
        told = [
            (item.get("NumericValue"), unit) for items in (old, new) for item in items for unit in units(item)
        ]
        strict = not self.rules.keeps_unlisted_text
        for was, now in zip(told[: len(told) // 2], told[len(told) // 2 :]):
            # where no text stays, neither does a unit of a scheme that is not public
            if was[0] != now[0] or (was[1] != now[1] and not (strict and now[1][1] == DUMMY_SCHEME)):
                self.fault(path, "the number or its unit is lost")
        if len(old) != len(new) or len(told) % 2:
            self.fault(path, "the number or its unit is lost")

    def date(self, before, after, row, path):
        moves = "modified_dates" in self.rules.columns
        listed = row is not None and not self.tree.cell(row)
        if not moves or listed:
            if after not in DUMMY_DATES:
                self.fault(path, "no dummy")
        elif path.endswith("/Time"):
            if after != before:
                self.fault(path, "a time of day differs")
        elif after[8:] != before[8:] or after == before:
            self.fault(path, "is no moved date")
        else:
            days = [datetime.datetime.strptime(text[:8], "%Y%m%d") for text in (before, after)]
            self.days.add((days[1] - days[0]).days)

    def uid(self, before, after, item, path):
        row = self.tree.row(item)
        stays = (
            "uids" in self.rules.columns
            or before.startswith("1.2.840.10008.")
            or (row and self.tree.cell(row) == "K")
        )
        if not after or (after == before) != bool(stays):
            self.fault(path, "a UID is lost, or the same")

    def text(self, after, neutral, path):
        if neutral and after != DUMMY:
            self.fault(path, "text that should be a dummy")
        elif not after:
            self.fault(path, "an empty text")
        elif self.tells(after):
            self.fault(path, "a text that tells of somebody")

    def tells(self, text):
        """A name, ID or date as a word, or a long one anywhere. What a form says in its place is nobody's."""
        words, compact = {folded(word) for word in re.split(r"\W+", text)}, folded(text)
        return any(part in words or (len(part) >= 8 and part in compact) for part in self.known)


def main():
    rules, pairs = Rules(sys.argv[1]), json.load(sys.stdin)
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    faults, numbers = [], 0
    for source, result in pairs:
        try:
            before, after = (pydicom.dcmread(path) for path in (source, result))
            judge = Judge(rules, before)
            judge.item(before, after, "1")
        except Exception as error:
            print(f"could not judge {Path(source).name}: {type(error).__name__}")
            return 2
        if len(judge.days) > 1:
            judge.fault("1", "dates moved differently")
        numbers += judge.numbers
        faults += [f"{Path(source).name}: {fault}" for fault in judge.faults]
    print("\n".join(faults))
    print(f"{len(pairs)} reports, {numbers} measurements, {len(faults)} faults")
    return 1 if faults or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
