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


def folded(text):
    """Letters and digits alone, without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if c.isalnum())


class Identifiers:
    """Every name and date at every level, and the values of TEXTS."""

    def __init__(self, ds):
        self.parts = set()
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

    def add(self, text):
        text = folded(text)
        # a name of one character is a name in scripts that have words of one character
        if len(text) >= 3 or not text.isascii():
            self.parts.add(text)

    def are_in(self, value, level, vr):
        """Whether a value contains one; in bulk data, as readable text."""
        text = level.text(value, vr) if vr not in ("OB", "OW", "UN") else None
        if text is None:
            text = value.decode("latin-1")
        compact = folded(text)
        return any(part in compact for part in self.parts)
