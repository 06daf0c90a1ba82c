"""What multi-frame objects with functional groups have in common."""

from .extras import put_management
from .modules import frame_of_reference, item, moment, new, pixels
from .people import uid

ROOT = "1.2.840.10008.5.1.4.1.1."
ORIENTATION = ["1", "0", "0", "0", "1", "0"]


def organise(ds, study, kind):
    """Frames are ordered by their position in the stack."""
    dimension = uid(study.key, kind, "dimensions")
    ds.DimensionOrganizationSequence = [item(DimensionOrganizationUID=dimension)]
    ds.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=dimension,
            DimensionIndexPointer=0x00209057,
            FunctionalGroupPointer=0x00209111,
            DimensionDescriptionLabel="Position in stack",
        )
    ]


def content(study, number):
    return item(
        FrameAcquisitionNumber=1,
        FrameReferenceDateTime=study.date + study.time,
        FrameAcquisitionDateTime=study.date + study.time,
        FrameAcquisitionDuration=500.0,
        StackID="1",
        InStackPositionNumber=number,
        DimensionIndexValues=[number],
        FrameComments="Kaarst breathes",
    )


def position(number):
    return item(ImagePositionPatient=["-6", "-6", str(-5 * number)])


def shared():
    """The functional groups that are the same for all frames."""
    return item(
        PixelMeasuresSequence=[item(PixelSpacing=["0.75", "0.75"], SliceThickness="5")],
        PlaneOrientationSequence=[item(ImageOrientationPatient=ORIENTATION)],
    )


def anatomy(region, laterality):
    return [item(AnatomicRegionSequence=[region], FrameLaterality=laterality)]


def voi(center, width):
    return [item(WindowCenter=center, WindowWidth=width)]


def enhanced(study, kind, sop_class, modality, series):
    ds = new(study, kind, ROOT + sop_class, modality, series=series)
    frame_of_reference(ds, study)
    put_management(ds, study)
    organise(ds, study, kind)
    ds.AcquisitionDateTime, ds.AcquisitionDuration = study.date + study.time, 1.5
    ds.PatientPosition = "HFS"
    ds.AcquisitionContextSequence = []
    ds.PixelPresentation, ds.VolumetricProperties = "MONOCHROME", "VOLUME"
    ds.VolumeBasedCalculationTechnique, ds.ContentQualification = "NONE", "RESEARCH"
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    ds.PresentationLUTShape = "IDENTITY"
    ds.AcquisitionProtocolName = "Protocol of Dr Quillfeather"
    moment(ds, study)
    del ds.AcquisitionDate, ds.AcquisitionTime
    pixels(ds, 8, 8, stored=12, frames=2)
    return ds
