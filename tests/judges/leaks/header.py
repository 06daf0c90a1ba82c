"""What is planted in the header of every object, and in the file around it."""

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from .markers import HANGUL, KANJI, Ideographic, Person

LETTERS = {"jp": KANJI, "kr": HANGUL}
PRIVATE_INFORMATION_CREATOR = "1.2.826.0.1.3680043.8.498.9"


def item(**values):
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def code(value, scheme, meaning):
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def raw(ds, tag, vr, value):
    """An element with exactly these bytes."""
    tag = Tag(tag)
    ds[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)


class Object:
    """An object in work: its data set, and the people whom it names."""

    def __init__(self, markers, name, sop_class, modality, charset, number, specific):
        self.markers, self.label, self.charset, self.number = markers, name, charset, number
        self.people, self.keep = [], {"basic": [], "research-longitudinal": []}
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = sop_class
        meta.MediaStorageSOPInstanceUID = markers.uid(f"{name}: SOP Instance UID")
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.ImplementationClassUID = "1.2.826.0.1.3680043.8.498.1"
        self.ds = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
        ds = self.ds
        ds.SpecificCharacterSet = specific
        ds.SOPClassUID, ds.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
        ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = modality, "Probe Works", "Sonde 3"
        ds.SeriesNumber, ds.InstanceNumber = 7, number
        ds.ImageType = ["ORIGINAL", "PRIMARY"]
        ds.StudyDate = ds.SeriesDate = ds.ContentDate = "20210304"
        ds.StudyTime = ds.ContentTime = "101112"
        ds.StudyInstanceUID = generate_uid(entropy_srcs=["probe", "study", name])
        ds.SeriesInstanceUID = generate_uid(entropy_srcs=["probe", "series", name])
        ds.PatientSex, ds.PatientBirthDate = "F", "19610203"

    def thing(self, place):
        return self.markers.thing(f"{self.label}: {place}")

    def person(self, place, form, template="{0}"):
        """Text with somebody in it, whom the object names elsewhere."""
        if self.charset in LETTERS and form in ("joined", "spaced"):
            who = Ideographic(self.markers, LETTERS[self.charset])
        else:
            who = Person(self.markers, self.charset if self.charset in ("latin1", "utf8") else "ascii")
        self.people.append(who)
        return template.format(who.planted(f"{self.label}: {place}", form))

    def pattern(self, place, text, telling=None):
        """Text that tells by its form alone what it is."""
        self.markers.plant(f"{self.label}: {place}", [telling or text])
        return text

    def keeps(self, *words, basic=False):
        """Words that describe, and that the profile keeps."""
        self.keep["research-longitudinal"] += words
        if basic:
            self.keep["basic"] += words

    def finish(self):
        """Names everybody whose name was planted."""
        others = [who.name() for who in self.people]
        self.ds.PatientName = others[0]
        self.ds.OtherPatientNames = others[1:]


def identity(obj):
    """Attributes that Table E.1-1 lists, of every textual VR."""
    ds, m, label = obj.ds, obj.markers, obj.label
    ds.PatientID = obj.thing("PatientID (LO)")
    ds.AccessionNumber = obj.thing("AccessionNumber (SH)")
    ds.StudyID = obj.thing("StudyID (SH)")
    ds.InstitutionName = obj.thing("InstitutionName (LO)")
    ds.InstitutionAddress = obj.thing("InstitutionAddress (ST)") + "\r\n12 Long Row"
    ds.AdditionalPatientHistory = obj.person(
        "AdditionalPatientHistory (LT)", "upper case", "asthma, says {0}"
    )
    ds.ReferringPhysicianName = m.name(f"{label}: ReferringPhysicianName (PN)")
    ds.OperatorsName = [
        m.name(f"{label}: OperatorsName (PN)"),
        m.name(f"{label}: OperatorsName (PN), second"),
    ]
    ds.StationAETitle = obj.thing("StationAETitle (AE)")
    ds.RetrieveURL = "https://pacs.example.org/" + obj.thing("RetrieveURL (UR)")
    ds.LabelText = obj.person("LabelText (UT)", "upper case", "block A {0}")
    ds.StudyDescription = obj.person("StudyDescription (LO)", "other order", "CT Chest with contrast for {0}")
    obj.keeps("CT Chest with contrast")
    ds.InstanceCreationDate = m.date(f"{label}: InstanceCreationDate (DA)")
    ds.FrameOfReferenceUID = m.uid(f"{label}: FrameOfReferenceUID (UI)")
    ds.OtherPatientIDsSequence = [
        item(PatientID=obj.thing("OtherPatientIDsSequence > PatientID"), TypeOfPatientID="TEXT")
    ]
    ds.PatientTelephoneNumbers = "+44 20 " + obj.thing("PatientTelephoneNumbers (SH)")[-9:]


def text_that_stays(obj):
    """Where a profile keeps text: somebody, in a form that a search for the value does not find."""
    ds = obj.ds
    ds.SeriesDescription = obj.person("SeriesDescription", "family alone", "Axial lung 1.25 mm {0}")
    obj.keeps("Axial lung 1.25 mm")
    ds.ProtocolName = obj.person("ProtocolName", "with underscores", "THORAX_ROUTINE_{0}")
    ds.ImageComments = obj.person("ImageComments (LT)", "initial", "Good inspiration. Please call {0} first.")
    obj.keeps("Good inspiration")
    ds.ProcedureCodeSequence = [
        code(
            "P5-09051",
            "99ORLA",
            obj.person("ProcedureCodeSequence > CodeMeaning", "without accents", "Chest of {0}"),
        )
    ]
    ds.ViewName = obj.person("ViewName (SH)", "family alone", "{0}")[:16]
    ds.DerivationDescription = obj.person("DerivationDescription (ST)", "lower case", "averaged by {0}")
    ds.ImageType = [
        "ORIGINAL",
        "PRIMARY",
        obj.person("ImageType (CS)", "family alone")
        .upper()
        .encode("ascii", "replace")
        .decode()
        .replace("?", "_"),
    ]
    deep = item(TextValue=obj.person("six sequences deep, TextValue (UT)", "spaced wider", "spoke to {0}"))
    deep.PersonName = obj.markers.name(f"{obj.label}: six sequences deep, PersonName")
    for _ in range(5):
        deep = item(
            CodeMeaning=obj.person("CodeMeaning without a code, nested", "other order"),
            SharedFunctionalGroupsSequence=[deep],
        )
    ds.SharedFunctionalGroupsSequence = [deep]
    request = item(
        RequestedProcedureDescription=obj.person(
            "RequestAttributesSequence > RequestedProcedureDescription", "joined", "Follow-up, {0}"
        )
    )
    request.RequestedProcedureID = obj.thing("RequestAttributesSequence > RequestedProcedureID")
    request.ScheduledProtocolCodeSequence = [
        item(LongCodeValue=obj.person("LongCodeValue (UC)", "joined", "longer-than-sixteen-{0}"), CodingSchemeDesignator="99ORLA",
             CodeMeaning=obj.person("ScheduledProtocolCodeSequence > CodeMeaning", "upper case"))
    ]  # fmt: skip
    ds.RequestAttributesSequence = [request]
    named = (
        obj.person("a local CodeValue", "family alone")
        .upper()
        .encode("ascii", "replace")
        .decode()
        .replace("?", "_")[:16]
    )
    ds.ReasonForRequestedProcedureCodeSequence = [code(named, "99ORLA", "reason")]
    ds.CodingSchemeIdentificationSequence = [
        item(
            CodingSchemeDesignator="99ORLA",
            CodingSchemeResponsibleOrganization=obj.person(
                "CodingSchemeResponsibleOrganization (ST)", "other order"
            ),
        )
    ]
    ds.SoftwareVersions = ["4.1", obj.person("SoftwareVersions (LO), of several", "with underscores")]


def history(obj):
    """What an object says of its own past, of other machines, and in items with a character set of their own."""
    ds, m, label = obj.ds, obj.markers, obj.label
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = obj.thing("DeidentificationMethod, of an earlier tool")
    changed = item(
        PatientName=m.name(f"{label}: ModifiedAttributesSequence > PatientName"),
        PatientID=obj.thing("ModifiedAttributesSequence > PatientID"),
    )
    ds.OriginalAttributesSequence = [
        item(ModifiedAttributesSequence=[changed], ModifyingSystem=obj.thing("ModifyingSystem"),
             SourceOfPreviousValues=obj.thing("SourceOfPreviousValues"), ReasonForTheAttributeModification="CORRECT",
             AttributeModificationDateTime=m.date(f"{label}: AttributeModificationDateTime"))
    ]  # fmt: skip
    ds.ContributingEquipmentSequence = [
        item(Manufacturer="Probe Works", InstitutionName=obj.thing("ContributingEquipmentSequence > InstitutionName"),
             OperatorsName=m.name(f"{label}: ContributingEquipmentSequence > OperatorsName"),
             ContributionDescription=obj.person("ContributionDescription (ST)", "upper case", "rotated by {0}"),
             PurposeOfReferenceCodeSequence=[code("109102", "DCM", "Processing Equipment")])
    ]  # fmt: skip
    ds.AcquisitionContextSequence = [
        item(ValueType="TEXT", ConceptNameCodeSequence=[code("109054", "DCM", "Patient State")],
             TextValue=obj.person("AcquisitionContextSequence > TextValue", "other order", "asleep, {0}"))
    ]  # fmt: skip
    other = Person(m, "utf8")
    own = item(SpecificCharacterSet="ISO_IR 192", CodeValue="3", CodingSchemeDesignator="99ORLA")
    own.CodeMeaning = "see " + other.planted(f"{label}: an item in another character set", "as it is")
    own.PatientName = other.name()
    ds.PerformedProtocolCodeSequence = [own]
    overlaid = item()
    overlaid.add_new(0x60000022, "LO", obj.thing("OverlayDescription in a sequence"))
    ds.SourceImageSequence = [overlaid]


def private(obj):
    """Private attributes, at the top level and in sequences, safe and unsafe."""
    ds = obj.ds
    block = ds.private_block(0x0029, "PROBE HEADER", create=True)
    block.add_new(0x01, "LO", obj.thing("a private LO"))
    block.add_new(0x02, "OB", obj.thing("a private OB").encode() + b"\0")
    block.add_new(0x03, "UN", obj.thing("a private UN").encode() + b"\0")
    block.add_new(0x04, "SQ", [item(PatientName=obj.markers.name(f"{obj.label}: inside a private sequence"))])
    ds.private_block(0x0031, obj.thing("a Private Creator"), create=True).add_new(0x01, "SH", "x")
    safe = ds.private_block(0x0019, "GEMS_ACQU_01", create=True)
    safe.add_new(0x9E, "LO", obj.person("a safe private LO", "other order", "EFGRE3D {0}"))
    safe = ds.private_block(0x0043, "GEMS_PARM_01", create=True)
    safe.add_new(0x27, "SH", obj.person("a safe private SH", "family alone", "{0}")[:16])
    safe.add_new(0x28, "LO", obj.thing("an unsafe attribute of a known creator"))
    nested = item(CodeMeaning="nested")
    nested.private_block(0x0029, "PROBE HEADER", create=True).add_new(
        0x01, "LO", obj.thing("a private LO in a sequence")
    )
    nested.private_block(0x0019, "GEMS_ACQU_01", create=True).add_new(
        0x9E, "LO", obj.person("a safe private LO in a sequence", "lower case")
    )
    ds.ReferencedStudySequence = [nested]
    # without the creator that would reserve it
    raw(ds, 0x00330110, "LO", padded(obj.thing("a private LO without a creator")))


def padded(text):
    value = text.encode()
    return value + b" " * (len(value) % 2)


def implicit(tag, value):
    """An element or item in Implicit VR Little Endian."""
    return (
        (tag >> 16).to_bytes(2, "little")
        + (tag & 0xFFFF).to_bytes(2, "little")
        + len(value).to_bytes(4, "little")
        + value
    )


def unknown(obj):
    """What PS3.6 does not list, or lists with another VR."""
    ds = obj.ds
    raw(ds, 0x0018FFF1, "LO", padded(obj.thing("an unlisted attribute of group 0018")))
    raw(ds, 0x0F0E0010, "UT", padded(obj.thing("an attribute of a group that PS3.6 lacks")))
    raw(ds, 0x0020FFF5, "UN", padded(obj.thing("an unlisted UN")))
    raw(
        ds,
        0x00181400,
        "UN",
        padded(obj.person("AcquisitionDeviceProcessingDescription as UN", "without accents", "LUNG {0}")),
    )
    raw(ds, 0x00180050, "DS", padded(obj.thing("text in a DS")))
    raw(ds, 0x00200012, "IS", padded(obj.thing("text in an IS")))
    raw(ds, 0x00282000, "OB", padded(obj.person("an ICC profile", "without accents", "\0\1acsp {0} mntr")))
    raw(ds, 0x00283006, "OW", padded(obj.person("LUTData (OW)", "without accents")))
    raw(
        ds, 0x00181030, "LO", padded(obj.person("ProtocolName after a NUL", "without accents", "THORAX\0{0}"))
    )
    # PS3.5 Section 6.2.2: a sequence as UN is Implicit VR Little Endian
    meaning = implicit(
        0x00080104,
        padded(obj.person("ScheduledProtocolCodeSequence as UN > CodeMeaning", "without accents", "for {0}")),
    )
    raw(
        ds,
        0x00400008,
        "UN",
        implicit(0xFFFEE000, implicit(0x00080100, b"A1") + implicit(0x00080102, b"99ORLA") + meaning),
    )
    ds.EncryptedAttributesSequence = [
        item(
            EncryptedContentTransferSyntaxUID="1.2.840.10008.1.2.1",
            EncryptedContent=padded(obj.thing("EncryptedContent")),
        )
    ]
    ds.DigitalSignaturesSequence = [
        item(MACIDNumber=1, CertificateOfSigner=padded(obj.thing("CertificateOfSigner")))
    ]
    raw(ds, 0x00041500, "CS", padded(obj.thing("ReferencedFileID, of a DICOMDIR")))


def graphics(obj):
    """Overlays, curves, an icon."""
    ds = obj.ds
    ds.add_new(0x60000010, "US", 8)
    ds.add_new(0x60000011, "US", 16)
    ds.add_new(0x60000022, "LO", obj.thing("OverlayDescription"))
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60001500, "LO", obj.thing("OverlayLabel"))
    ds.add_new(0x60003000, "OB", obj.thing("OverlayData").encode().ljust(16, b"\0"))
    ds.add_new(0x60040040, "CS", "G")
    ds.add_new(0x60044000, "LT", obj.thing("OverlayComments, of a second overlay"))
    ds.add_new(0x50000022, "LO", obj.thing("CurveDescription"))
    ds.add_new(0x50003000, "OW", padded(obj.thing("CurveData")))
    icon = item(
        Rows=4,
        Columns=4,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
    )
    icon.PixelData = obj.thing("pixels of an icon").encode().ljust(16, b"\0")
    ds.IconImageSequence = [icon]


def around(obj):
    """File Meta Information, the preamble, and what follows the data set."""
    meta = obj.ds.file_meta
    meta.SourceApplicationEntityTitle = obj.thing("SourceApplicationEntityTitle")
    meta.SendingApplicationEntityTitle = obj.thing("SendingApplicationEntityTitle")
    meta.ReceivingApplicationEntityTitle = obj.thing("ReceivingApplicationEntityTitle")
    meta.ImplementationVersionName = obj.thing("ImplementationVersionName")
    meta.PrivateInformationCreatorUID = PRIVATE_INFORMATION_CREATOR
    meta.PrivateInformation = padded(obj.thing("PrivateInformation"))
    obj.ds.preamble = obj.thing("the preamble").encode().ljust(128, b"\0")
    obj.ds.add_new(0xFFFCFFFC, "OB", obj.thing("DataSetTrailingPadding").encode().ljust(16, b"\0"))
