"""What was made of the CT: a segmentation and a parametric map."""

from .functional import ROOT, anatomy, organise, shared, voi
from .modules import code, frame_of_reference, item, moment, new, pixels, reference
from .people import CHEST, uid


def derived(kind, sop_class, modality, series, slices):
    """What segmentations and parametric maps of the CT have in common."""
    ds = new(CHEST, kind, ROOT + sop_class, modality, series=series)
    frame_of_reference(ds, CHEST)
    organise(ds, CHEST, kind)
    ds.ContentLabel, ds.ContentDescription = "LUNG", "Lung of W. Kaarst"
    ds.ContentCreatorName = "Dunmorrow^Sigrun^^Prof"
    ds.SoftwareVersions, ds.LossyImageCompression = ["7.1"], "00"
    ds.ReferencedSeriesSequence = [
        item(
            SeriesInstanceUID=slices[0].SeriesInstanceUID,
            ReferencedInstanceSequence=[reference(ct) for ct in slices],
        )
    ]
    moment(ds, CHEST, acquisition=False)
    groups = shared()
    groups.PixelMeasuresSequence[0].SpacingBetweenSlices = "5"
    return ds, groups


def derivation(source):
    made = reference(source)
    made.PurposeOfReferenceCodeSequence = [
        code("121322", "DCM", "Source Image for Image Processing Operation")
    ]
    return item(
        DerivationImageSequence=[
            item(
                SourceImageSequence=[made],
                DerivationCodeSequence=[code("113076", "DCM", "Segmentation")],
            )
        ],
        FrameContentSequence=[item(DimensionIndexValues=[1], StackID="1", InStackPositionNumber=1)],
        PlanePositionSequence=[item(ImagePositionPatient=source.ImagePositionPatient)],
    )


def segmentation(slices):
    ds, groups = derived("seg", "66.4", "SEG", 30, slices)
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.SegmentationType, ds.SegmentsOverlap = "BINARY", "NO"
    ds.SegmentSequence = [
        item(
            SegmentNumber=1, SegmentLabel="Lung", SegmentDescription="Left lung of Kaarst",
            SegmentAlgorithmType="MANUAL", TrackingID="W KAARST 1", TrackingUID=uid("tracking"),
            SegmentedPropertyCategoryCodeSequence=[code("123037004", "SCT", "Anatomical Structure")],
            SegmentedPropertyTypeCodeSequence=[code("39607008", "SCT", "Lung")],
        )
    ]  # fmt: skip
    groups.SegmentIdentificationSequence = [item(ReferencedSegmentNumber=1)]
    ds.SharedFunctionalGroupsSequence = [groups]
    ds.PerFrameFunctionalGroupsSequence = [derivation(ct) for ct in slices]
    for number, frame in enumerate(ds.PerFrameFunctionalGroupsSequence, 1):
        frame.FrameContentSequence[0].DimensionIndexValues = [number]
        frame.FrameContentSequence[0].InStackPositionNumber = number
    pixels(ds, 16, 16, bits=1, frames=len(slices))
    ds.ConcatenationUID = uid("concatenation")
    ds.ConcatenationFrameOffsetNumber = 0
    ds.InConcatenationNumber, ds.InConcatenationTotalNumber = 1, 2
    ds.SOPInstanceUIDOfConcatenationSource = uid("concatenation source")
    return ds


def parametric_map(slices):
    ds, groups = derived("pm", "30", "OT", 31, slices)
    ds.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"]
    ds.ContentQualification, ds.BurnedInAnnotation = "RESEARCH", "NO"
    ds.RecognizableVisualFeatures = "NO"
    ds.PresentationLUTShape = "IDENTITY"
    ds.AcquisitionContextSequence = []
    groups.FrameAnatomySequence = anatomy(code("51185008", "SCT", "Chest"), "U")
    groups.ParametricMapFrameTypeSequence = [item(FrameType=ds.ImageType)]
    groups.PixelValueTransformationSequence = [item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")]
    groups.FrameVOILUTSequence = voi("128", "256")
    groups.RealWorldValueMappingSequence = [mapping("HU", "Hounsfield unit")]
    ds.SharedFunctionalGroupsSequence = [groups]
    ds.PerFrameFunctionalGroupsSequence = [derivation(ct) for ct in slices]
    for number, frame in enumerate(ds.PerFrameFunctionalGroupsSequence, 1):
        frame.FrameContentSequence[0].DimensionIndexValues = [number]
        frame.FrameContentSequence[0].InStackPositionNumber = number
    pixels(ds, 16, 16, frames=len(slices))
    return ds


def mapping(unit, meaning):
    return item(
        LUTLabel="LINEAR",
        LUTExplanation="Linear",
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=4095,
        RealWorldValueIntercept=0.0,
        RealWorldValueSlope=1.0,
        MeasurementUnitsCodeSequence=[code("[hnsf'U]", "UCUM", meaning)],
        QuantityDefinitionSequence=[
            item(
                ValueType="CODE",
                ConceptNameCodeSequence=[code("246205007", "SCT", "Quantity")],
                ConceptCodeSequence=[code("112031", "DCM", "Attenuation Coefficient")],
            )
        ],
    )
