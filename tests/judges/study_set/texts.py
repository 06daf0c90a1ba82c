"""Descriptions as people write them: what has to stay, and an identifier between or behind it."""

from dataclasses import dataclass

TECHNIQUE = {
    "CT": ["CT CHEST W CONTRAST", "CT ABDOMEN PELVIS WO CONTRAST", "Thorax nativ axial", "TC torace con mezzo di contrasto",
           "CT ANGIO AORTA", "Lung nodule follow-up low dose", "Scanner thoracique sans injection"],
    "MR": ["MR BRAIN T2 TSE AXIAL", "MRT Kniegelenk links", "RM columna lumbar sagital", "MR LIVER DYNAMIC CONTRAST",
           "IRM cerebrale FLAIR", "MR PROSTATE DIFFUSION", "Knee proton density fat saturated coronal"],
    "PT": ["PET CT SKULL BASE TO MID THIGH", "FDG whole body attenuation corrected", "PET ganzkoerper"],
    "US": ["US ABDOMEN COMPLETE", "Ultrasound thyroid", "Sonographie Oberbauch", "Carotid doppler bilateral"],
    "CR": ["CHEST PA AND LATERAL", "Pelvis standing", "Hand links zwei Ebenen"],
    "DX": ["XR KNEE LEFT AP", "Chest portable supine", "Radiografia de torax"],
    "MG": ["MAMMOGRAPHY SCREENING BILATERAL", "Mammographie rechts MLO", "Breast tomosynthesis left CC"],
    "SC": ["Screen capture perfusion map", "Secondary capture of dose table"],
    "SR": ["Radiation dose summary", "Tumor measurement report", "Structured report of lung lesions"],
}  # fmt: skip
FINDINGS = [
    "No change of the nodule in the left lower lobe",
    "Liver lesion with arterial enhancement in segment seven",
    "Degenerative disc disease of the lumbar spine without stenosis",
    "Small pleural effusion on the right",
    "Hypodense lesion in the spleen measuring twelve millimeters",
]


@dataclass
class Text:
    """A text, the words of it that have to stay, and the parts that have to go."""

    text: str
    stay: str
    go: list


def dotted(date):
    return f"{date[6:]}.{date[4:6]}.{date[:4]}"


def slashed(date):
    return f"{date[4:6]}/{date[6:]}/{date[:4]}"


def identifiers(study):
    """Ways to name this patient or this study: what is written, and what of it identifies."""
    patient = study.patient
    doctor = study.physician.split("^")[0]
    return [
        (f"for {patient.given} {patient.family}", [f"{patient.given} {patient.family}"]),
        (f"{patient.family}, {patient.given}", [f"{patient.family}, {patient.given}"]),
        (f"{patient.family.upper()} {patient.ident}", [patient.family.upper(), patient.ident]),
        (f"ID {patient.ident}", [patient.ident]),
        (f"DOB {dotted(patient.birth)}", [dotted(patient.birth)]),
        (f"born {slashed(patient.birth)}", [slashed(patient.birth)]),
        (f"referred by Dr {doctor}", [doctor]),
        (f"call {patient.phone}", [patient.phone]),
        (f"({study.accession})", [study.accession]),
        (f"@ {study.hospital}", [study.hospital]),
    ]


def described(rng, study, stay, limit=64):
    """A description with an identifier behind, before or around it."""
    while True:
        written, go = rng.choice(identifiers(study))
        text = rng.choice([f"{stay} {written}", f"{stay} - {written}", f"{written}: {stay}", f"{stay}; {written}"])
        if len(text.encode("utf-8")) <= limit:
            return Text(text, stay, go)


def technique(rng, study, modality, limit=64):
    return described(rng, study, rng.choice(TECHNIQUE[modality]), limit)
