"""Structured reports and key objects, with persons in their content."""

from .modules import code, item, new, reference
from .people import BREAST, CHEST, HEART, HOSPITAL, PHYSICIAN, REPORTER, uid
from .report_content import (
    FINDING,
    LANGUAGE,
    coded,
    container,
    content,
    findings,
    image,
    number,
    observers,
    text,
    uidref,
)

ROOT = "1.2.840.10008.5.1.4.1.1."


def evidence(study, objects):
    """The objects that a document refers to, by their series."""
    series = {}
    for ds in objects:
        series.setdefault(ds.SeriesInstanceUID, []).append(ds)
    return item(
        StudyInstanceUID=study.uid,
        ReferencedSeriesSequence=[
            item(
                SeriesInstanceUID=of_series, RetrieveAETitle="ORLAPACS", StorageMediaFileSetID="DISK7",
                ReferencedSOPSequence=[reference(ds) for ds in members],
            )
            for of_series, members in series.items()
        ],
    )  # fmt: skip


def document(study, kind, sop_class, modality, series, root, objects, general=True):
    ds = new(study, kind, ROOT + sop_class, modality, series=series)
    for keyword in ("OperatorsName", "OperatorIdentificationSequence"):
        delattr(ds, keyword)
    ds.ReferencedPerformedProcedureStepSequence = []
    ds.ContentDate, ds.ContentTime = study.date, study.time
    if general:
        ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "VERIFIED"
        ds.VerifyingObserverSequence = [
            item(
                VerifyingObserverName=REPORTER, VerifyingOrganization=HOSPITAL,
                VerificationDateTime=study.date + "180000",
                VerifyingObserverIdentificationCodeSequence=[code("P-3003", "99ORLA", "Dunmorrow")],
            )
        ]  # fmt: skip
        ds.AuthorObserverSequence = [
            item(
                ObserverType="PSN", PersonName=PHYSICIAN, InstitutionName=HOSPITAL,
                InstitutionCodeSequence=[], PersonIdentificationCodeSequence=[code("P-1001", "99ORLA", "Quillfeather")],
            )
        ]  # fmt: skip
        ds.ReferencedRequestSequence = [request(study)]
        ds.PerformedProcedureCodeSequence = [code("P5-00001", "99ORLA", study.description)]
    if objects:
        ds.CurrentRequestedProcedureEvidenceSequence = [evidence(study, objects)]
    for elem in root:
        ds[elem.tag] = elem
    return ds


def request(study):
    return item(
        StudyInstanceUID=study.uid, ReferencedStudySequence=[], AccessionNumber=study.accession,
        PlacerOrderNumberImagingServiceRequest="PO-5518", FillerOrderNumberImagingServiceRequest="FO-5519",
        RequestedProcedureID="RP-" + study.ident, RequestedProcedureDescription=study.description,
        RequestedProcedureCodeSequence=[code("P5-00001", "99ORLA", study.description)],
    )  # fmt: skip


TITLE = ("18748-4", "LN", "Diagnostic imaging report")


def basic(slices):
    root = container(None, TITLE, [*LANGUAGE, *observers(CHEST)[:3], container(
        "CONTAINS", ("121070", "DCM", "Findings"),
        [text("CONTAINS", FINDING, "No finding in Wilhelmine Kaarst"), image("CONTAINS", FINDING, slices[0])],
    )])  # fmt: skip
    return document(CHEST, "basicsr", "88.11", "SR", 40, root, slices[:1])


def enhanced(slices):
    root = container(None, TITLE, [*LANGUAGE, *observers(CHEST), container(
        "CONTAINS", ("121070", "DCM", "Findings"), findings(slices)
    )], "2000")  # fmt: skip
    return document(CHEST, "enhancedsr", "88.22", "SR", 41, root, slices[:2])


def comprehensive(slices):
    root = container(None, TITLE, [*LANGUAGE, *observers(CHEST), container(
        "CONTAINS", ("121070", "DCM", "Findings"), findings(slices)
    )], "2000")  # fmt: skip
    ds = document(CHEST, "comprehensivesr", "88.33", "SR", 42, root, slices[:2])
    return ds


def spatial(slices):
    """Comprehensive 3D SR: coordinates of the patient, moments, a time."""
    point = content(
        "INFERRED FROM", "SCOORD3D", None, GraphicType="POINT", GraphicData=[1.0, 1.0, -5.0],
        ReferencedFrameOfReferenceUID=slices[0].FrameOfReferenceUID,
    )  # fmt: skip
    when = content(
        "INFERRED FROM", "TCOORD", None, TemporalRangeType="POINT", ReferencedDateTime=[CHEST.date + "081600"],
        ContentSequence=[image("SELECTED FROM", None, slices[0])],
    )  # fmt: skip
    length = number("CONTAINS", ("410668003", "SCT", "Length"), "12.5", "mm", "millimeter", [point, when])
    length.ObservationDateTime = CHEST.date + "170000"
    root = container(None, TITLE, [*LANGUAGE, *observers(CHEST), container(
        "CONTAINS", ("121070", "DCM", "Findings"),
        [length, content("CONTAINS", "TIME", ("111061", "DCM", "Study Time"), Time=CHEST.time)],
    )], "2000")  # fmt: skip
    return document(CHEST, "spatialsr", "88.34", "SR", 45, root, slices[:1])


def dose(angiogram):
    """TID 10001 of one irradiation."""
    event = container("CONTAINS", ("113706", "DCM", "Irradiation Event X-Ray Data"), [
        coded("CONTAINS", ("113764", "DCM", "Acquisition Plane"), ("113622", "DCM", "Single Plane")),
        uidref("CONTAINS", ("113769", "DCM", "Irradiation Event UID"), uid("irradiation", 1)),
        content("CONTAINS", "DATETIME", ("111526", "DCM", "DateTime Started"), DateTime=HEART.date + "101700"),
        coded("CONTAINS", ("113721", "DCM", "Irradiation Event Type"), ("113611", "DCM", "Stationary Acquisition")),
        text("CONTAINS", ("125203", "DCM", "Acquisition Protocol"), "Left coronary Kaarst"),
        number("CONTAINS", ("122130", "DCM", "Dose Area Product"), "0.00012", "Gy.m2", "Gy.m2"),
        number("CONTAINS", ("113738", "DCM", "Dose (RP)"), "0.012", "Gy", "Gy"),
    ])  # fmt: skip
    total = container("CONTAINS", ("113702", "DCM", "Accumulated X-Ray Dose Data"), [
        coded("HAS CONCEPT MOD", ("113764", "DCM", "Acquisition Plane"), ("113622", "DCM", "Single Plane")),
        number("CONTAINS", ("113722", "DCM", "Dose Area Product Total"), "0.00012", "Gy.m2", "Gy.m2"),
        number("CONTAINS", ("113725", "DCM", "Dose (RP) Total"), "0.012", "Gy", "Gy"),
    ])  # fmt: skip
    procedure = coded("HAS CONCEPT MOD", ("121058", "DCM", "Procedure reported"), ("113704", "DCM", "Projection X-Ray"), [
        coded("HAS CONCEPT MOD", ("363703001", "SCT", "Has Intent"), ("261004008", "SCT", "Diagnostic Intent"))
    ])  # fmt: skip
    scope = coded("HAS OBS CONTEXT", ("113705", "DCM", "Scope of Accumulation"), ("113014", "DCM", "Study"), [
        uidref("HAS PROPERTIES", ("110180", "DCM", "Study Instance UID"), HEART.uid)
    ])  # fmt: skip
    device = [
        coded("HAS OBS CONTEXT", ("121005", "DCM", "Observer Type"), ("121007", "DCM", "Device")),
        uidref("HAS OBS CONTEXT", ("121012", "DCM", "Device Observer UID"), uid("device")),
        text("HAS OBS CONTEXT", ("121013", "DCM", "Device Observer Name"), "ORLA-XA-1"),
        text("HAS OBS CONTEXT", ("121016", "DCM", "Device Observer Serial Number"), "SN-77120-Q"),
    ]  # fmt: skip
    source = coded(
        "CONTAINS",
        ("113854", "DCM", "Source of Dose Information"),
        ("113856", "DCM", "Automated Data Collection"),
    )
    root = container(
        None, ("113701", "DCM", "X-Ray Radiation Dose Report"), [*LANGUAGE, procedure, *device, scope, total, event, source], "10001"
    )  # fmt: skip
    return document(HEART, "rdsr", "88.67", "SR", 5, root, [angiogram])


def measurements(slices):
    """TID 1500: lesions followed over time, by persons and by an algorithm."""
    tracked = uid("lesion", 1)
    group = container("CONTAINS", ("125007", "DCM", "Measurement Group"), [
        text("HAS OBS CONTEXT", ("C67447", "NCIt", "Activity Session"), "2 of Mrs Kaarst"),
        text("HAS OBS CONTEXT", ("112039", "DCM", "Tracking Identifier"), "Lesion 1 of Kaarst"),
        uidref("HAS OBS CONTEXT", ("112040", "DCM", "Tracking Unique Identifier"), tracked),
        coded("CONTAINS", ("121071", "DCM", "Finding"), ("27925004", "SCT", "Nodule")),
        text("HAS OBS CONTEXT", ("126070", "DCM", "Subject Time Point Identifier"), "TP0 Kaarst"),
        text("HAS CONCEPT MOD", ("111001", "DCM", "Algorithm Name"), "Lung segmenter"),
        text("HAS CONCEPT MOD", ("111003", "DCM", "Algorithm Version"), "4.2"),
        coded("HAS CONCEPT MOD", ("363698007", "SCT", "Finding Site"), ("39607008", "SCT", "Lung")),
        number("CONTAINS", ("118565006", "SCT", "Volume"), "1480.5", "mm3", "cubic millimeter"),
        number("CONTAINS", ("410668003", "SCT", "Length"), "14.2", "mm", "millimeter"),
        image("CONTAINS", ("121112", "DCM", "Source of Measurement"), slices[0]),
    ])  # fmt: skip
    root = container(None, ("126000", "DCM", "Imaging Measurement Report"), [
        *LANGUAGE, *observers(CHEST),
        content("HAS OBS CONTEXT", "PNAME", ("121088", "DCM", "Fellow"), PersonName=PHYSICIAN),
        coded("HAS CONCEPT MOD", ("121058", "DCM", "Procedure reported"), ("77477000", "SCT", "Computed tomography")),
        container("CONTAINS", ("111028", "DCM", "Image Library"), [image("CONTAINS", None, slices[0])]),
        container("CONTAINS", ("126010", "DCM", "Imaging Measurements"), [group]),
        text("CONTAINS", ("121106", "DCM", "Comment"), "Kaarst, Wilhelmine: no change"),
    ], "1500")  # fmt: skip
    return document(CHEST, "tid1500", "88.34", "SR", 46, root, slices[:1])


def by_position(slices):
    """Items that refer to others by their place: what stands before those must stay."""
    found = text("CONTAINS", FINDING, "Nodule in Mrs Kaarst")
    observed = observers(CHEST)
    place = len(LANGUAGE) + len(observed) + 1
    length = number("CONTAINS", ("410668003", "SCT", "Length"), "9.5", "mm", "millimeter", [
        item(RelationshipType="INFERRED FROM", ReferencedContentItemIdentifier=[1, place, 1])
    ])  # fmt: skip
    root = container(None, TITLE, [
        *LANGUAGE, *observed, container("CONTAINS", ("121070", "DCM", "Findings"), [found, length])
    ], "2000")  # fmt: skip
    return document(CHEST, "byposition", "88.33", "SR", 47, root, slices[:1])


def radiopharmaceutical(pet):
    """TID 10021: who gave what, when, how much."""
    event = container("CONTAINS", ("113502", "DCM", "Radiopharmaceutical Administration"), [
        coded("CONTAINS", ("349358000", "SCT", "Radiopharmaceutical agent"), ("35321007", "SCT", "Fluorodeoxyglucose F^18^")),
        uidref("CONTAINS", ("113503", "DCM", "Radiopharmaceutical Administration Event UID"), uid("administration", 1)),
        content("CONTAINS", "DATETIME", ("123003", "DCM", "Radiopharmaceutical Start DateTime"), DateTime=CHEST.date + "071000"),
        number("CONTAINS", ("113507", "DCM", "Administered activity"), "370", "MBq", "MBq"),
        text("CONTAINS", ("113512", "DCM", "Radiopharmaceutical Lot Identifier"), "LOT-KAARST-1"),
        content("CONTAINS", "PNAME", ("113870", "DCM", "Person Name"), PersonName=REPORTER),
    ])  # fmt: skip
    root = container(None, ("113500", "DCM", "Radiopharmaceutical Radiation Dose Report"), [
        *LANGUAGE,
        coded("HAS CONCEPT MOD", ("121058", "DCM", "Procedure reported"), ("44139004", "SCT", "PET whole body")),
        event,
    ], "10021")  # fmt: skip
    return document(CHEST, "rrdsr", "88.68", "SR", 48, root, [pet])


def breast_cad(mammogram):
    root = container(None, ("111036", "DCM", "Mammography CAD Report"), [
        *LANGUAGE,
        container("CONTAINS", ("111028", "DCM", "Image Library"), [image("CONTAINS", None, mammogram)]),
        coded("CONTAINS", ("111017", "DCM", "CAD Processing and Findings Summary"),
              ("111242", "DCM", "All algorithms succeeded; without findings")),
        coded("CONTAINS", ("111064", "DCM", "Summary of Detections"), ("111222", "DCM", "Succeeded")),
        coded("CONTAINS", ("111065", "DCM", "Summary of Analyses"), ("111225", "DCM", "Not Attempted")),
    ], "4000")  # fmt: skip
    return document(BREAST, "cad", "88.50", "SR", 6, root, [mammogram])


def key_objects(slices):
    root = container(None, ("113000", "DCM", "Of Interest"), [
        content("HAS OBS CONTEXT", "PNAME", ("121008", "DCM", "Person Observer Name"), PersonName=REPORTER),
        text("CONTAINS", ("113012", "DCM", "Key Object Description"), "Kaarst: see slice 2"),
        *(image("CONTAINS", None, ct) for ct in slices[:2]),
    ], "2010")  # fmt: skip
    root.ContentSequence[0:0] = [
        coded("HAS OBS CONTEXT", ("121005", "DCM", "Observer Type"), ("121006", "DCM", "Person"))
    ]
    return document(CHEST, "kos", "88.59", "KO", 43, root, slices[:2], general=False)
