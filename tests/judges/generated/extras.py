"""What some objects have beside the modules of all: a trial, an owner, an overlay."""

from . import people
from .modules import code, item
from .people import uid


def put_management(ds, study):
    """References to what is no image: a study and a procedure step at the department's system."""
    ds.ReferencedStudySequence = [
        item(
            ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
            ReferencedSOPInstanceUID=uid(study.key, "study management"),
        )
    ]
    ds.ReferencedPerformedProcedureStepSequence = [
        item(
            ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.3",
            ReferencedSOPInstanceUID=uid(study.key, "procedure step"),
        )
    ]


def put_trial(ds):
    """Clinical Trial Subject, Study and Series."""
    ds.ClinicalTrialSponsorName, ds.ClinicalTrialProtocolID = "Orla Pharma", "OP-2291"
    ds.ClinicalTrialProtocolName = "Knees of boat builders"
    ds.ClinicalTrialSiteID, ds.ClinicalTrialSiteName = "S-07", people.HOSPITAL
    ds.ClinicalTrialSubjectID, ds.ClinicalTrialSubjectReadingID = "SUBJ-0042", "READ-0042"
    ds.ClinicalTrialProtocolEthicsCommitteeName = "Northgate Committee"
    ds.ClinicalTrialProtocolEthicsCommitteeApprovalNumber = "EC-118"
    ds.ClinicalTrialTimePointID = "TP-2"
    ds.ClinicalTrialTimePointDescription = "Second visit of Trevanion"
    ds.ClinicalTrialCoordinatingCenterName = "Northgate Trials Unit"
    ds.ClinicalTrialSeriesID = "CTS-9"


def put_animal(ds):
    ds.PatientSpeciesDescription = "Canis lupus familiaris"
    ds.PatientSpeciesCodeSequence = [code("448771007", "SCT", "Canis lupus subspecies familiaris")]
    ds.PatientBreedDescription, ds.PatientBreedCodeSequence = "Lurcher", []
    ds.BreedRegistrationSequence = []
    ds.PatientSexNeutered = "ALTERED"
    ds.ResponsiblePerson, ds.ResponsiblePersonRole = "Trevanion^Morwenna", "OWNER"
    ds.ResponsibleOrganization = "Polmere Kennels"


def put_overlay(ds):
    """A name as an overlay, and what describes it."""
    ds.add_new(0x60000010, "US", ds.Rows)
    ds.add_new(0x60000011, "US", ds.Columns)
    ds.add_new(0x60000022, "LO", "Name of patient")
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60003000, "OW", bytes((ds.Rows * ds.Columns + 15) // 16 * 2))


def put_safe_private(ds):
    """Elements of PS3.15 Table E.3.10-1, and one beside them that it does not list."""
    block = ds.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.000512")
    block.add_new(0x09, "DS", "1.25")
    block.add_new(0x77, "LO", "Kaarst")
