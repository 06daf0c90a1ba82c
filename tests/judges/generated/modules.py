"""Modules that every generated object has, filled with what identifies a person."""

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from . import people
from .people import uid


def item(**attributes):
    """A data set with these attributes."""
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def code(value, scheme, meaning):
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def reference(ds, **more):
    """A reference to an object, as an item of a sequence."""
    return item(ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID, **more)


def person(name, number):
    return item(
        PersonIdentificationCodeSequence=[code(number, "99ORLA", name.split("^")[0])],
        PersonTelephoneNumbers=["+44 20 7946 0999"],
        InstitutionName=people.HOSPITAL,
        InstitutionAddress=people.HOSPITAL_ADDRESS,
    )


def new(study, kind, sop_class, modality, series=1, number=1, equipment=True):
    """An object with the modules that are the same for every IOD."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid(study.key, kind, "instance", series, number)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("implementation")
    ds = FileDataset(f"{kind}_{number}.dcm", {}, file_meta=meta, preamble=bytes(128))
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    ds.SpecificCharacterSet = study.characters
    ds.InstanceCreationDate, ds.InstanceCreationTime = study.date, study.time
    ds.InstanceCreatorUID = uid("creator")
    put_patient(ds, study.patient)
    put_study(ds, study)
    put_series(ds, study, kind, modality, series)
    ds.InstanceNumber = number
    if equipment:
        put_equipment(ds)
    put_private(ds, study)
    return ds


def put_patient(ds, patient):
    ds.PatientName, ds.PatientID = patient.name, patient.ident
    ds.IssuerOfPatientID = "ORLA-MPI"
    ds.PatientBirthDate, ds.PatientSex = patient.birth, patient.sex
    ds.PatientBirthTime = "031500"
    ds.OtherPatientIDsSequence = [
        item(PatientID="NHS-" + patient.ident[4:], IssuerOfPatientID="NHS", TypeOfPatientID="TEXT")
    ]
    ds.EthnicGroup = "Cornish"
    ds.PatientComments = f"Lives at {patient.address}"
    # Patient Study Module
    ds.PatientAge, ds.PatientSize, ds.PatientWeight = patient.age, "1.68", "71.5"
    ds.Occupation = "Boat builder"
    ds.AdditionalPatientHistory = f"{patient.name.split('^')[1]} had a fall in 2019"
    ds.AdmissionID = "ADM-30021"
    ds.PatientAddress = patient.address
    ds.PatientTelephoneNumbers = patient.phone


def put_study(ds, study):
    ds.StudyInstanceUID = study.uid
    ds.StudyDate, ds.StudyTime = study.date, study.time
    ds.ReferringPhysicianName = people.PHYSICIAN
    ds.ReferringPhysicianIdentificationSequence = [person(people.PHYSICIAN, "P-1001")]
    ds.StudyID, ds.AccessionNumber = study.ident, study.accession
    ds.IssuerOfAccessionNumberSequence = [item(UniversalEntityID="2.999.77.1", UniversalEntityIDType="ISO")]
    ds.StudyDescription = study.description
    ds.PhysiciansOfRecord = [people.REPORTER]
    ds.NameOfPhysiciansReadingStudy = people.REPORTER
    ds.ProcedureCodeSequence = [code("P5-00001", "99ORLA", study.description)]


def put_series(ds, study, kind, modality, series):
    ds.Modality = modality
    ds.SeriesInstanceUID = uid(study.key, kind, "series", series)
    ds.SeriesNumber = series
    ds.SeriesDate, ds.SeriesTime = study.date, study.time
    ds.SeriesDescription = f"Series {kind}"
    ds.OperatorsName = people.OPERATOR
    ds.OperatorIdentificationSequence = [person(people.OPERATOR, "P-2002")]
    ds.PerformedProcedureStepStartDate = study.date
    ds.PerformedProcedureStepStartTime = study.time
    ds.PerformedProcedureStepID = "PPS-" + study.ident
    ds.PerformedProcedureStepDescription = study.description
    ds.PerformedProtocolCodeSequence = [code("PP-7", "99ORLA", "Standard protocol")]
    ds.RequestAttributesSequence = [
        item(
            RequestedProcedureID="RP-" + study.ident,
            ScheduledProcedureStepID="SPS-" + study.ident,
            StudyInstanceUID=study.uid,
            AccessionNumber=study.accession,
            ReasonForTheRequestedProcedure=f"Asked for by {people.PHYSICIAN.split('^')[0]}",
            ScheduledProtocolCodeSequence=[code("SP-7", "99ORLA", "Scheduled protocol")],
        )
    ]


def put_equipment(ds):
    ds.Manufacturer, ds.ManufacturerModelName = "Example Imaging", "Model 7"
    ds.InstitutionName, ds.InstitutionAddress = people.HOSPITAL, people.HOSPITAL_ADDRESS
    ds.InstitutionalDepartmentName, ds.StationName = people.DEPARTMENT, people.STATION
    ds.DeviceSerialNumber, ds.SoftwareVersions = people.SERIAL, ["7.1", "2024a"]
    ds.DateOfLastCalibration, ds.TimeOfLastCalibration = "20240102", "060000"
    ds.DeviceUID = uid("device")


def put_private(ds, study):
    block = ds.private_block(0x0009, "ORLA PRIVATE 1.0", create=True)
    block.add_new(0x01, "LO", study.patient.name.replace("^", " "))
    block.add_new(0x02, "SQ", [item(PatientName=study.patient.name, PatientID=study.patient.ident)])
    block.add_new(0x03, "DS", "1.5")


def frame_of_reference(ds, study, which=""):
    ds.FrameOfReferenceUID = uid(study.key, "frame of reference", which)
    ds.PositionReferenceIndicator = ""


def pixels(ds, rows, columns, bits=16, stored=None, samples=1, frames=None, photometric=None):
    """The Image Pixel Module with a ramp as picture."""
    stored = stored or bits
    ds.SamplesPerPixel = samples
    ds.PhotometricInterpretation = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    if samples == 3:
        ds.PlanarConfiguration = 0
    if frames:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, stored, stored - 1
    ds.PixelRepresentation = 0
    count = rows * columns * samples * (frames or 1)
    if bits == 1:
        ds.PixelData = bytes((count + 15) // 16 * 2)
    elif bits == 8:
        ds.PixelData = bytes(n % 200 for n in range(count + count % 2))
    else:
        ds.PixelData = b"".join((n % (1 << stored)).to_bytes(2, "little") for n in range(count))


def window(ds, center="40", width="400"):
    ds.WindowCenter, ds.WindowWidth = center, width
    ds.WindowCenterWidthExplanation = "NORMAL"


def moment(ds, study, acquisition=True):
    """Dates and times of the content."""
    ds.ContentDate, ds.ContentTime = study.date, study.time + ".250000"
    if acquisition:
        ds.AcquisitionDate, ds.AcquisitionTime = study.date, study.time
        ds.AcquisitionNumber = 1
