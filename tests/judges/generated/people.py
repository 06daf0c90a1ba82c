"""Invented patients, staff, institutions and studies. No such person exists."""

import hashlib
from dataclasses import dataclass


def uid(*what):
    """The same UID for the same words, under a root that is free for examples."""
    digest = hashlib.sha256("/".join(str(word) for word in what).encode()).digest()
    return f"1.2.826.0.1.3680043.10.1515.{int.from_bytes(digest[:9], 'big')}"


@dataclass(frozen=True)
class Patient:
    name: str
    ident: str
    birth: str
    sex: str
    age: str
    address: str
    phone: str


@dataclass(frozen=True)
class Study:
    key: str
    patient: Patient
    date: str
    time: str
    accession: str
    ident: str
    description: str
    characters: str = "ISO_IR 100"

    @property
    def uid(self):
        return uid(self.key, "study")


KAARST = Patient(
    "Kaarst^Wilhelmine^Dorothea", "MRN-4471902", "19410623", "F", "082Y",
    "17 Lindenhof Lane, Oberwald", "+44 20 7946 0817",
)  # fmt: skip
TREVANION = Patient(
    "Trevanion^Barnaby^^^III", "MRN-8812345", "19781130", "M", "045Y",
    "4 Harbour Steps, Polmere", "+44 20 7946 0033",
)  # fmt: skip

REX = Patient(
    "Trevanion^Rex", "VET-00917", "20190401", "M", "004Y", "4 Harbour Steps, Polmere", "+44 20 7946 0033"
)

PHYSICIAN = "Quillfeather^Ottoline^^Dr"
OPERATOR = "Bramblewick^Jasper"
REPORTER = "Dunmorrow^Sigrun^^Prof"
HOSPITAL = "Saint Orla Infirmary"
HOSPITAL_ADDRESS = "1 Orla Square, Northgate"
DEPARTMENT = "Radiology Wing West"
STATION = "ORLAWS07"
SERIAL = "SN-77120-Q"

CHEST = Study("chest", KAARST, "20240117", "081530", "ACC5501872", "ST-9931", "CT chest follow-up")
HEART = Study("heart", KAARST, "20240212", "101500", "ACC5509911", "ST-9977", "Coronary angiography")
BREAST = Study("breast", KAARST, "20240305", "140210", "ACC5512034", "ST-9988", "Mammography screening")
KNEE = Study("knee", TREVANION, "20231109", "163045", "ACC5402210", "ST-8701", "MR knee left")
DOG = Study("dog", REX, "20231215", "150000", "ACC5404001", "ST-8719", "Abdomen of a dog")
VISIBLE = Study(
    "visible", TREVANION, "20231201", "093000", "ACC5403377", "ST-8715", "Skin lesion of arm", "ISO_IR 192"
)
