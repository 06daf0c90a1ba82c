"""What identifies in an object, for telling text that may go from text that must stay."""

import re
import unicodedata

TEXTS = {
    "PatientID", "OtherPatientIDs", "IssuerOfPatientID", "MedicalRecordLocator", "AccessionNumber",
    "StudyID", "AdmissionID", "ServiceEpisodeID", "RequestedProcedureID", "ScheduledProcedureStepID",
    "PerformedProcedureStepID", "PlacerOrderNumberImagingServiceRequest", "DeviceSerialNumber",
    "FillerOrderNumberImagingServiceRequest", "InstitutionName", "InstitutionAddress", "StationName",
    "InstitutionalDepartmentName", "PatientAddress", "PatientTelephoneNumbers", "ContainerIdentifier",
    "SpecimenIdentifier", "ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID",
    "PersonAddress", "PersonTelephoneNumbers", "ReferringPhysicianAddress", "RequestingService",
    "ReferringPhysicianTelephoneNumbers", "ResponsibleOrganization", "VerifyingOrganization",
    "HumanPerformerOrganization", "CurrentPatientLocation", "PatientInstitutionResidence",
    "CameraOwnerName", "RegionOfResidence", "MilitaryRank", "BranchOfService",
}  # fmt: skip


# What identifies by its form, wherever it comes from; written here without a look at the gateway.
FORMS = re.compile(
    r"""
    [\w.+-]+@[\w-]+\.\w+ | \w+://\S | \bwww\.
    | \d{4}[-/._ ]\d{1,2}[-/._ ]\d{1,2} | \d{1,2}[-/._ ]\d{1,2}[-/._ ]\d{2,4}
    | \d{7} | [^\W\d_]{1,4}\d{6}
    | \d[^\W\d_]{0,2}[\s.,-]*(of\s|de\s)?[^\W\d_]{3,10}[\s.,-]*(of\s|de\s)?\d{2,4} | [^\W\d_]{3,10}\.?\s\d{4}
    | \d{4}年 | \+\d | \(\d{3}\) | \d{3}[-.]\d{3}[-.]\d{4} | \b0\d+[-/ ]\d
    | (tel|phone|fax|mrn|id|ssn|acc\w*|pid)\W{0,3}(no|nr)?\W{0,3}[\w-]*\d{3}
    | \d+[\s-]*(y\b|y[/.]?o|years?|yrs?|jahre?|ans\b|a[nñ]os)
    | \d+\s(\w+\s){1,3}(street|st|avenue|ave|road|rd|lane|ln|drive|dr|grove|close|court|blvd)\b
    | \b[A-Z]{2}\s\d{5} | box\s\d | str(asse|aße|\.)?\s\d
    | \b(dr|mr|mrs|ms|miss|prof|herr|frau|mme|patient|name|pat|pt)\b\W
    | \bfor\s[A-Z]
    """,
    re.IGNORECASE | re.VERBOSE,
)
PROSE = {"LO", "SH", "ST", "LT", "UC", "UT"}
DUMMY = "ANONYMIZED"


def is_rest(before, after):
    """Whether a cleaned text says nothing that was not there: its words, in their order."""
    at = 0
    for word in re.findall(r"[^\W\d_]+|\d+", after):
        at = before.find(word, at)
        if at < 0:
            return False
        at += len(word)
    return True


def folded(text):
    """Letters and digits alone, without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if c.isalnum())


def alike(text):
    """One sign for those that look alike: 0 and O, 1, I and L, 5 and S, 8 and B."""
    return text.translate(str.maketrans("01l586z2g", "oiisbgzzg"))


class Identifiers:
    """Every name and date at every level, and the values of TEXTS."""

    def __init__(self, ds):
        self.parts = set()
        self.names = set()
        self.gather(ds)

    def gather(self, ds):
        for elem in ds:
            if elem.VR == "SQ":
                for item in elem.value or []:
                    self.gather(item)
                continue
            if elem.value is None or not (elem.VR in ("PN", "DA", "DT") or elem.keyword in TEXTS):
                continue
            for value in elem.value if elem.VM > 1 else [elem.value]:
                text = str(value)
                self.add(text[:8] if elem.VR in ("DA", "DT") else text)
                if elem.VR == "PN":
                    for part in re.split(r"[\W\d_]+", text):
                        self.add(part)
                        self.names.add(folded(part))

    def add(self, text):
        text = folded(text)
        # a name of one character is a name in scripts that have words of one character
        if len(text) >= 3 or not text.isascii():
            self.parts.add(text)

    def are_cleaned(self, before, after, vr):
        """Whether a text became a dummy or what is left without its identifiers, value by value."""
        if vr not in PROSE:
            return True
        if before is None or after is None:
            return True
        single = vr in ("ST", "LT", "UT")
        old, new = ([text] if single else text.split("\\") for text in (before, after))
        if len(old) != len(new):
            return False
        names = [part for part in self.names if len(part) > 3]
        for was, now in zip(old, new):
            if now.strip(" \0") == DUMMY:
                continue
            words = {folded(word) for word in re.findall(r"[^\W\d_]+", now)}
            if not is_rest(was, now) or any(name in words for name in names):
                return False
        return True

    def are_in(self, value, level, vr):
        """Whether a value contains one; in bulk data, as readable text."""
        text = level.text(value, vr) if vr not in ("OB", "OW", "UN") else None
        if text is None:
            text = value.decode("latin-1")
        compact = folded(text)
        # signs that look alike, and a letter wrong in a long name, are found as well
        return (
            any(part in compact for part in self.parts)
            or any(alike(part) in alike(compact) for part in self.parts if len(part) > 3)
            or (vr in PROSE and FORMS.search(text) is not None)
        )
