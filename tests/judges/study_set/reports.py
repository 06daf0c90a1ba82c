"""A structured report on an image of the same study."""

from generated.modules import code, item, reference
from generated.report_content import container, content, image, number, text, uidref

from . import texts


def report(maker, study, image_of):
    """Findings, a measurement, a date, persons and references."""
    ds, rng, key = maker.new(study, "SR"), maker.rng, maker.key
    maker.dated(ds, "ContentDate", study.date)
    ds.ContentTime = study.time
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    ds.ReferencedPerformedProcedureStepSequence = []
    finding = texts.described(rng, study, rng.choice(texts.FINDINGS), 400)
    doctor = study.physician
    root = container(
        None,
        ("18748-4", "LN", "Diagnostic imaging report"),
        [
            content("HAS OBS CONTEXT", "PNAME", ("121008", "DCM", "Person Observer Name"), PersonName=doctor),
            text("CONTAINS", ("121071", "DCM", "Finding"), finding.text),
            number("CONTAINS", ("410668003", "SCT", "Length"), "12.5", "mm", "millimeter"),
            content("CONTAINS", "DATE", ("111060", "DCM", "Study Date"), Date=study.date),
            uidref("CONTAINS", ("112227", "DCM", "Frame of Reference UID"), image_of.FrameOfReferenceUID),
            image("CONTAINS", ("121112", "DCM", "Source of Measurement"), image_of),
        ],
    )
    for element in root:
        ds.add(element)
    key.note("text_removed", "ContentSequence[0].PersonName", doctor.split("^")[0])
    maker.described("ContentSequence[1].TextValue", finding)
    key.note("text_retained", "ContentSequence[1].ConceptNameCodeSequence.CodeMeaning", "Finding")
    key.note("text_retained", "ContentSequence[2].MeasuredValueSequence[0].NumericValue", "12.50")
    key.note("tag_retained", "ContentSequence[2].MeasuredValueSequence[0].MeasurementUnitsCodeSequence")
    key.note("date_shifted", "ContentSequence[3].Date")
    key.note("uid_consistent", "ContentSequence[4].UID")
    key.note("uid_consistent", "ContentSequence[5].ReferencedSOPSequence[0].ReferencedSOPInstanceUID")
    series = item(SeriesInstanceUID=image_of.SeriesInstanceUID, ReferencedSOPSequence=[reference(image_of)])
    ds.CurrentRequestedProcedureEvidenceSequence = [
        item(StudyInstanceUID=ds.StudyInstanceUID, ReferencedSeriesSequence=[series])
    ]
    path = "CurrentRequestedProcedureEvidenceSequence[0]."
    key.note("uid_consistent", path + "StudyInstanceUID")
    key.note("uid_consistent", path + "ReferencedSeriesSequence[0].SeriesInstanceUID")
    return ds
