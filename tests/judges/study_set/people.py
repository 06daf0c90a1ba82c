"""Invented patients and staff. Half of the names are made of syllables, so that no list has them."""

from dataclasses import dataclass, field

FAMILY = ["Hollerbach", "Oyelaran", "Petrosyan", "Quiroga", "Wisniewski", "O'Brien-Smith", "Kowalczyk",
          "Vandermeer", "Achterberg", "Nakashima", "Thorvaldsen", "Li", "Abernathy", "Castellanos"]  # fmt: skip
GIVEN = ["Adelheid", "Casimir", "Desmond", "Eusebio", "Frederica", "Gwendolyn", "Wei", "Ottilie",
         "Leocadia", "Thaddeus", "Ignatius", "Rosalinde"]  # fmt: skip
LATIN_1 = [("Müllner", "Jörg"), ("Lefèvre", "Aimée"), ("Núñez", "Begoña"), ("Håkansson", "Åse")]
CYRILLIC = [("Кузнецов", "Фёдор"), ("Соловьёва", "Зинаида"), ("Чернышев", "Георгий")]
UTF_8 = [("Šimůnek", "Řehoř"), ("Gökçeoğlu", "Ayşegül"), ("Παπανικολάου", "Ευφροσύνη")]
HOSPITAL = ["Infirmary", "Klinik", "Hospital", "Clinic", "Medical Center"]
STREET = ["Lane", "Steps", "Road", "Gardens", "Crescent"]
ONSETS = ["b", "br", "d", "dr", "f", "g", "gr", "k", "kr", "l", "m", "n", "p", "s", "st", "t", "tr", "v", "z"]
CODAS = ["l", "n", "r", "s", "rk", "nd", "mb", "lt", "sk"]


def made(rng, syllables):
    """A word that is no name, in title case."""
    word = "".join(rng.choice(ONSETS) + rng.choice("aeiou") for _ in range(syllables))
    return (word + rng.choice(CODAS)).capitalize()


def digits(rng, count):
    return str(rng.randrange(1, 10)) + "".join(str(rng.randrange(10)) for _ in range(count - 1))


def phone(rng):
    return f"+44 20 7946 {digits(rng, 4)}"


def date(rng, first, last):
    return f"{rng.randrange(first, last)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"


@dataclass
class Patient:
    number: int
    family: str
    given: str
    ident: str
    issuer: str
    characters: str
    birth: str
    sex: str
    age: str
    other: str
    address: str
    phone: str
    studies: list = field(default_factory=list)

    @property
    def name(self):
        return f"{self.family}^{self.given}"


@dataclass
class Study:
    patient: Patient
    number: int
    date: str
    time: str
    accession: str
    ident: str
    patient_id: str
    physician: str
    operator: str
    hospital: str
    station: str
    serial: str


def patients(rng, count):
    """Patients of several character sets; the last two have one ID of two issuers."""
    made_up = []
    for number in range(count):
        kind = number % 6
        characters = {2: "ISO_IR 100", 3: "ISO_IR 144", 4: "ISO_IR 192"}.get(kind, "")
        if kind == 2:
            family, given = rng.choice(LATIN_1)
        elif kind == 3:
            family, given = rng.choice(CYRILLIC)
        elif kind == 4:
            family, given = rng.choice(UTF_8)
        else:
            family = made(rng, 3) if rng.random() < 0.5 else rng.choice(FAMILY)
            given = made(rng, 2) if rng.random() < 0.5 else rng.choice(GIVEN)
        made_up.append(
            Patient(
                number, family, given,
                ident="MR" + digits(rng, 7), issuer=f"{made(rng, 2).upper()}-MPI", characters=characters,
                birth=date(rng, 1942, 1999), sex=rng.choice("MF"), age=f"0{rng.randrange(25, 80)}Y",
                other="NH" + digits(rng, 9),
                address=f"{rng.randrange(3, 99)} {made(rng, 3)} {rng.choice(STREET)}", phone=phone(rng),
            )
        )  # fmt: skip
    made_up[-1].ident = made_up[-2].ident
    for patient in made_up:
        for number in range(2):
            patient.studies.append(study(rng, patient, number))
    # one more for the first, whose ID is written otherwise there
    patient = made_up[0]
    patient.studies.append(study(rng, patient, 2))
    patient.studies[2].patient_id = f" {patient.ident.lower()} "
    return made_up


def study(rng, patient, number):
    return Study(
        patient, number,
        date=date(rng, 2012, 2025),
        time=f"{rng.randrange(7, 20):02d}{rng.randrange(60):02d}{rng.randrange(60):02d}",
        accession="AC" + digits(rng, 8), ident="ST" + digits(rng, 5), patient_id=patient.ident,
        physician=f"{made(rng, 3)}^{rng.choice(GIVEN)}^^Dr", operator=f"{made(rng, 3)}^{made(rng, 2)}",
        hospital=f"{made(rng, 3)} {rng.choice(HOSPITAL)}", station=made(rng, 2).upper() + digits(rng, 2),
        serial="SN" + digits(rng, 6),
    )  # fmt: skip
