"""What every object of the set has in its header, and what the key asks of it."""

from generated.modules import code, item
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from . import texts

STORAGE = "1.2.840.10008.5.1.4.1.1."
SOP_CLASS = {
    "CT": "2", "MR": "4", "PT": "128", "US": "6.1", "CR": "1", "DX": "1.1", "MG": "1.2", "SC": "7", "SR": "88.33",
}  # fmt: skip
# Safe by PS3.15 Table E.3.10-1.
SAFE = ("GEMS_ACQU_01", 0x0019, 0x23, "DS")


class Maker:
    """Makes the objects of one set, and their key."""

    def __init__(self, rng, key, seed):
        self.rng, self.key, self.seed = rng, key, seed

    def uid(self, study, *what):
        whose = (self.seed, study.patient.ident, study.patient.issuer, study.number)
        return generate_uid(entropy_srcs=[str(word) for word in (*whose, *what)])

    def put(self, ds, keyword, described, check_removed=True):
        """Puts a description and notes what has to stay and what has to go."""
        setattr(ds, keyword, described.text)
        self.described(keyword, described, check_removed)

    def described(self, path, described, check_removed=True):
        self.key.note("text_retained", path, described.stay)
        for part in described.go if check_removed else ():
            self.key.note("text_removed", path, part)

    def identifying(self, ds, keyword, value, text=None):
        """Puts a value of which nothing may be left."""
        setattr(ds, keyword, value)
        self.key.note("text_removed", keyword, text or value)

    def kept(self, ds, keyword, value):
        """Puts a value that describes no one."""
        setattr(ds, keyword, value)
        self.key.note(self.rng.choice(["tag_retained", "text_notnull"]), keyword)
        if isinstance(value, str) and self.rng.random() < 0.5:
            self.key.note("text_retained", keyword, value)

    def dated(self, ds, keyword, value):
        setattr(ds, keyword, value)
        self.key.note("date_shifted", keyword)

    def new(self, study, modality, number=1):
        """An object without content."""
        name = f"p{study.patient.number}s{study.number}-{modality.lower()}-{number}.dcm"
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = STORAGE + SOP_CLASS[modality]
        meta.MediaStorageSOPInstanceUID = self.uid(study, modality, "instance", number)
        # structured reports and some of the others in the other encoding
        implicit = modality == "SR" or self.rng.random() < 0.3
        meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        meta.ImplementationClassUID = "1.2.826.0.1.3680043.8.498.1"
        ds = FileDataset(name, {}, file_meta=meta, preamble=bytes(128))
        self.key.of(ds.filename)
        if study.patient.characters:
            ds.SpecificCharacterSet = study.patient.characters
        self.put_entity(ds, study, modality, number)
        self.put_patient(ds, study)
        self.put_study(ds, study, modality)
        self.put_private(ds, study)
        return ds

    def put_entity(self, ds, study, modality, number):
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID
        ds.StudyInstanceUID = self.uid(study, "study")
        ds.SeriesInstanceUID = self.uid(study, modality, "series")
        ds.Modality, ds.InstanceNumber, ds.SeriesNumber = modality, number, 1
        for keyword in ("MediaStorageSOPInstanceUID", "StudyInstanceUID"):
            self.key.note("uid_changed", keyword)
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
            self.key.note("uid_consistent", keyword)
        self.key.note("text_notnull", "Modality")
        self.key.note("tag_retained", "SOPClassUID")
        self.key.note("text_notnull", "SOPInstanceUID")

    def put_patient(self, ds, study):
        patient = study.patient
        self.identifying(ds, "PatientName", patient.name)
        self.key.note("text_notnull", "PatientID")
        ds.PatientID, ds.IssuerOfPatientID = study.patient_id, patient.issuer
        self.key.note("patid_consistent")
        self.key.note("text_removed", "*", study.patient_id.strip())
        self.identifying(ds, "PatientBirthDate", patient.birth)
        self.kept(ds, "PatientSex", patient.sex)
        self.kept(ds, "PatientAge", patient.age)
        ds.PatientWeight = "71.50"
        self.key.note("text_retained", "PatientWeight", "71.5")
        self.identifying(ds, "PatientAddress", patient.address)
        self.identifying(ds, "PatientTelephoneNumbers", patient.phone)
        ds.OtherPatientIDsSequence = [item(PatientID=patient.other, TypeOfPatientID="TEXT")]
        self.key.note("text_removed", "*", patient.other)

    def put_study(self, ds, study, modality):
        rng = self.rng
        self.dated(ds, "StudyDate", study.date)
        self.dated(ds, "SeriesDate", study.date)
        ds.StudyTime = study.time
        self.identifying(ds, "ReferringPhysicianName", study.physician, study.physician.split("^")[0])
        self.identifying(ds, "OperatorsName", study.operator)
        self.identifying(ds, "AccessionNumber", study.accession)
        self.identifying(ds, "StudyID", study.ident)
        self.identifying(ds, "InstitutionName", study.hospital)
        self.identifying(ds, "StationName", study.station)
        self.identifying(ds, "DeviceSerialNumber", study.serial)
        self.kept(ds, "Manufacturer", "Example Imaging")
        self.put(ds, "StudyDescription", texts.technique(rng, study, modality))
        self.put(ds, "SeriesDescription", texts.technique(rng, study, modality))
        self.put_request(ds, study, modality)

    def put_request(self, ds, study, modality):
        """Sequences with names where they are forgotten."""
        meaning = texts.technique(self.rng, study, modality)
        ds.ProcedureCodeSequence = [code("P5-00001", "99SET", meaning.text)]
        self.described("ProcedureCodeSequence[0].CodeMeaning", meaning)
        wanted = texts.technique(self.rng, study, modality)
        ds.RequestAttributesSequence = [
            item(
                RequestedProcedureID="RP" + study.ident, ScheduledProcedureStepID="SP" + study.ident,
                RequestedProcedureDescription=wanted.text, StudyInstanceUID=ds.StudyInstanceUID,
            )
        ]  # fmt: skip
        path = "RequestAttributesSequence[0]."
        self.described("(0040,0275)[0].(0032,1060)", wanted)
        self.key.note("uid_consistent", path + "StudyInstanceUID")
        self.key.note("text_removed", path + "RequestedProcedureID", "RP" + study.ident)

    def put_private(self, ds, study):
        creator, group, element, vr = SAFE
        ds.private_block(group, creator, create=True).add_new(element, vr, "2.5")
        self.key.note("tag_retained", f'({group:04X},"{creator}",{element:02X})')
        block = ds.private_block(0x0009, "SET PRIVATE 1.0", create=True)
        block.add_new(0x10, "LO", f"{study.patient.family} {study.patient_id.strip()}")
        nested = item(PatientID=study.patient_id)
        block.add_new(0x11, "SQ", [nested])
        self.key.note("text_removed", '(0009,"SET PRIVATE 1.0",10)', study.patient.family)
