#!/usr/bin/env python3
"""Writes words.txt, the words that describe an image and no person.

    python -m venv VENV && VENV/bin/pip install pydicom==3.0.2 faker==40.63.0 names==0.3.0
    VENV/bin/python src/deid/phi_text/vocabulary/build.py

Words come from
- the meanings of the codes of PS3.16 context groups (pydicom.sr), but for groups of breeds, animal care,
  audit, kinship, and authors of equations;
- the names of the attributes of PS3.6 (pydicom.datadict);
- jargon.txt and languages.txt, written by hand.

A word of the first two that is also a common name of a person (of the US census in `names`, of any Latin
locale of `faker`) is left out, but where also_names.txt has it. What is written by hand stays; names among it
are printed, for whoever wrote it to think again. All is folded as the matching folds text: NFKD, no marks,
upper case. German umlauts come with the spelling without them as well.

testdata/descriptions/names.txt, the thousand most common family and given names of the census, is written
too: a test counts how many of them are in the list, since each is a person whose name needs a second sign.
"""

import importlib
import pkgutil
import re
import unicodedata
from pathlib import Path

import faker.providers.person as person
import names
from pydicom.datadict import DicomDictionary
from pydicom.sr._cid_dict import name_for_cid
from pydicom.sr._concepts_dict import concepts

HERE = Path(__file__).parent
NAMES = HERE.parents[3] / "testdata/descriptions/names.txt"

# Groups that describe no image of a patient, or that are full of the names of people and places.
LEFT_OUT_CIDS = {405, 3667, 3668, 6068, 6069, 6070, 6097, 6099, 7030, 7451, 7454, 7480, 7481, 7486, 7490, 10015, 10040}
LEFT_OUT_RANGES = [(400, 404), (601, 644), (3663, 3666), (8109, 8130), (12012, 12016)]
MIN_CHARS = 3
# Of the census this many of the most common names, of given names all.
CENSUS_FAMILY_NAMES = 10_000


def fold(text):
    marked = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in marked if not unicodedata.combining(c))
    folded = unicodedata.normalize("NFC", bare).upper()
    for letter, plain in [("Æ", "AE"), ("Œ", "OE"), ("Þ", "TH"), ("Ø", "O"), ("Ł", "L"), ("Đ", "D"), ("Ð", "D")]:
        folded = folded.replace(letter, plain)
    return folded


def words(text):
    return {word for word in re.findall(r"[^\W\d_]+", fold(text))}


def german(text):
    for umlaut, two in [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")]:
        text = text.replace(umlaut, two)
    return text


def by_hand(file):
    found = set()
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            found |= words(line) | words(german(line))
    return found


def left_out(cid):
    return cid in LEFT_OUT_CIDS or any(first <= cid <= last for first, last in LEFT_OUT_RANGES)


def of_context_groups():
    found = set()
    for scheme in concepts.values():
        for codes in scheme.values():
            for meaning, cids in codes.values():
                if any(not left_out(cid) for cid in cids):
                    found |= words(meaning)
    for cid, name in name_for_cid.items():
        if not left_out(cid):
            found |= words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return found


def of_attributes():
    found = set()
    for _, _, name, _, _ in DicomDictionary.values():
        found |= words(name)
    return found


def census(file):
    with open(Path(names.__file__).parent / file, encoding="ascii") as lines:
        return [line.split()[0] for line in lines]


def of_people():
    found = set(census("dist.all.last")[:CENSUS_FAMILY_NAMES])
    found |= set(census("dist.female.first")) | set(census("dist.male.first"))
    for module in pkgutil.iter_modules(person.__path__):
        provider = importlib.import_module(f"{person.__name__}.{module.name}").Provider
        for attribute in dir(provider):
            if re.fullmatch(r"(first|last|middle)_names?(_\w+)?", attribute):
                listed = getattr(provider, attribute)
                if isinstance(listed, (dict, list, tuple, set, frozenset)):
                    for name in listed:
                        # some come with their romanisation or their frequency
                        found |= words(name if isinstance(name, str) else " ".join(map(str, name)))
    return {name for name in found if len(name) >= MIN_CHARS}


def main():
    people, allowed = of_people(), by_hand("also_names.txt")
    hand = by_hand("jargon.txt") | by_hand("languages.txt")
    standard = of_context_groups() | of_attributes()
    standard = {word for word in standard if len(word) >= MIN_CHARS and word.isalpha()}
    ambiguous = standard & people - allowed - hand
    kept = sorted((standard - ambiguous) | hand | allowed)
    head = ["# Words that describe an image, not a person. Written by build.py, which says from what."]
    (HERE / "words.txt").write_text("\n".join(head + kept) + "\n", encoding="utf-8")

    family = census("dist.all.last")[:1000]
    female, male = census("dist.female.first"), census("dist.male.first")
    given = [name for pair in zip(female, male) for name in pair]
    given = list(dict.fromkeys(given))[:1000]
    lines = ["# The most common names of the US census of 1990 (public domain, by PyPI names 0.3.0),",
             "# for the measure of how many are technique words. Written by build.py.",
             "## family", *family, "## given", *given]
    NAMES.write_text("\n".join(lines) + "\n", encoding="ascii")

    print(len(kept), "words;", len(standard), "of the standard,", len(hand), "by hand;", len(people), "names")
    print("of the standard and left out as names:", *sorted(ambiguous))
    print("by hand and names:", *sorted((hand | allowed) & people))
    for label, common in [("family", family), ("given", given)]:
        both = sorted(set(common) & set(kept))
        print(f"{len(both)} of the 1000 most common {label} names are technique words:", *both)


if __name__ == "__main__":
    main()
