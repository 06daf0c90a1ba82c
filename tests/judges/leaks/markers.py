"""Markers: strings that occur once in all objects, so that a leak is told by its number.

Two kinds. A *thing* stands where an attribute, block or byte goes as a whole; nobody else knows it. A
*person* stands in text that may stay, and is somebody whom the object names elsewhere, as every patient
and staff member is: what is planted is that name in another form.
"""

import random
import unicodedata

SYLLABLES = [
    "bra",
    "dro",
    "fle",
    "gwi",
    "kho",
    "lue",
    "mne",
    "pli",
    "quo",
    "sta",
    "tri",
    "vek",
    "wol",
    "xam",
    "yst",
    "zur",
]
# Letters beyond ASCII that a character set has, and what they are without accents.
ACCENTS = {
    "latin1": {"o": "ö", "u": "ü", "e": "é", "a": "å"},
    "ascii": {},
    "utf8": {"o": "ő", "s": "ş", "e": "ě", "a": "ą"},
}
KANJI = "鷹栖柏葉槙峰渕岬樫蔭雫淵榊漣轟凪楢碓箕"
HANGUL = "곽뢰맹빈설섬팽황팔봉탁궁옥견당묵"
# Cyrillic and Greek letters that look like Latin ones, and digits that do.
LOOKALIKE = {"a": "а", "e": "е", "o": "о", "p": "р", "x": "х", "k": "к"}
DIGITS = {"O": "0", "I": "1", "S": "5", "B": "8"}
# So far apart that no date moved by up to five years falls on another, nor a date of every object (StudyDate,
# PatientBirthDate) on one of these.
DATES = iter(
    [
        f"{year}{month:02d}{day:02d}"
        for year, month, day in zip(range(1901, 2018, 6), [2, 3, 7, 11] * 5, [9, 17, 23, 28] * 5)
    ]
)


def without_accents(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


class Markers:
    """Everything that was planted."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.listing = []
        self.used = set()

    def plant(self, place, strings):
        """Notes strings that must not be in any result; returns the first."""
        strings = [s for s in dict.fromkeys(strings) if s]
        self.listing.append({"number": len(self.listing) + 1, "place": place, "strings": strings})
        return strings[0]

    def word(self, syllables=3):
        while True:
            word = "".join(self.rng.choice(SYLLABLES) for _ in range(syllables))
            if word not in self.used:
                self.used.add(word)
                return word

    def thing(self, place, upper=True):
        """Eleven characters at most."""
        word = self.word(2) + f"{len(self.listing) + 1:03d}"
        return self.plant(place, [word.upper() if upper else word])

    def name(self, place):
        """A person name that goes: its parts are markers, too."""
        family, given = self.word(), self.word()
        self.plant(place, [family, given])
        return f"{family.title()}^{given.title()}"

    def date(self, place):
        return self.plant(place, [next(DATES)])

    def uid(self, place):
        digits = f"{self.rng.randrange(10**18, 10**19)}"
        self.plant(place, [digits])
        return f"1.2.826.0.1.3680043.8.498.{digits}"


class Person:
    """Somebody whom the object names; each place has its own."""

    def __init__(self, markers, charset):
        self.markers, self.charset = markers, charset
        accents = ACCENTS.get(charset, {})
        self.family = self.accented(markers.word(), accents)
        self.given = self.accented(markers.word(), accents)

    @staticmethod
    def accented(word, accents):
        for plain, letter in accents.items():
            if plain in word:
                return word.replace(plain, letter, 1).title()
        return word.title()

    def name(self):
        return f"{self.family}^{self.given}"

    def planted(self, place, form):
        """The name in a form; `{0}` of a template is replaced by it."""
        text = FORMS[form](self.family, self.given)
        strings = [text, self.family, self.given, without_accents(self.family), without_accents(self.given)]
        self.markers.plant(f"{place}, {form}", strings)
        return text


def lookalike(family, given):
    """Only where the letters can be written: UTF-8."""
    return "".join(LOOKALIKE.get(c, c) for c in f"{without_accents(family)} {without_accents(given)}")


def misread(family, given):
    text = f"{without_accents(given)} {without_accents(family)}".upper()
    return "".join(DIGITS.get(c, c) for c in text)


FORMS = {
    "as it is": lambda family, given: f"{given} {family}",
    "other order": lambda family, given: f"{family}, {given}",
    "upper case": lambda family, given: f"{family} {given}".upper(),
    "lower case": lambda family, given: f"{given} {family}".lower(),
    "without accents": lambda family, given: without_accents(f"{given} {family}"),
    "joined": lambda family, given: f"{family}{given}",
    "with underscores": lambda family, given: f"{family}_{given}_01",
    "family alone": lambda family, given: family,
    "initial": lambda family, given: f"{given[0]}. {family}",
    "spaced wider": lambda family, given: f"{family}   ,\t{given}",
    "lookalikes": lookalike,
    "misread digits": misread,
}


class Ideographic:
    """A person in a script that puts no space between words."""

    def __init__(self, markers, letters):
        self.markers = markers
        while True:
            self.family = "".join(markers.rng.sample(letters, 2))
            self.given = "".join(markers.rng.sample(letters, 2))
            if self.family + self.given not in markers.used:
                markers.used.add(self.family + self.given)
                break
        self.latin = Person(markers, "ascii")

    def name(self):
        return f"{self.latin.name()}={self.family}^{self.given}"

    def planted(self, place, form="joined"):
        text = f"{self.family} {self.given}" if form == "spaced" else self.family + self.given
        self.markers.plant(f"{place}, {form}", [text, self.family + self.given])
        return text
