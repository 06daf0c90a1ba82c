"""Specimens and whole slides."""

from .modules import code, item, moment, new, pixels
from .people import VISIBLE, uid
from .visible import ROOT, photograph


def microscopy():
    ds = photograph("gm", 3, "77.1.2", "GM")
    del ds.Laterality
    put_specimen(ds)
    return ds


def put_specimen(ds):
    ds.ContainerIdentifier = "SLIDE-77-4"
    ds.IssuerOfTheContainerIdentifierSequence = []
    ds.ContainerTypeCodeSequence = [code("433466003", "SCT", "Microscope slide")]
    step = item(
        SpecimenPreparationStepContentItemSequence=[
            item(
                ValueType="TEXT",
                ConceptNameCodeSequence=[code("121041", "DCM", "Specimen Identifier")],
                TextValue="SPEC-77-4-1",
            ),
            item(
                ValueType="CODE",
                ConceptNameCodeSequence=[code("111701", "DCM", "Processing type")],
                ConceptCodeSequence=[code("127790008", "SCT", "Staining")],
            ),
        ]
    )
    ds.SpecimenDescriptionSequence = [
        item(
            SpecimenIdentifier="SPEC-77-4-1",
            SpecimenUID=uid("specimen"),
            IssuerOfTheSpecimenIdentifierSequence=[],
            SpecimenShortDescription="Haut, 新しい",
            SpecimenDetailedDescription="Shave biopsy of B. Trevanion",
            SpecimenPreparationSequence=[step],
        )
    ]


def slide():
    ds = new(VISIBLE, "sm", ROOT + "77.1.6", "SM", series=4)
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = uid("slide"), "SLIDE_CORNER"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ds.AcquisitionContextSequence = []
    ds.AcquisitionDateTime = VISIBLE.date + VISIBLE.time
    ds.AcquisitionDuration = 12.5
    ds.ImagedVolumeWidth, ds.ImagedVolumeHeight, ds.ImagedVolumeDepth = 8.0, 8.0, 1.0
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = 32, 16
    ds.TotalPixelMatrixOriginSequence = [
        item(XOffsetInSlideCoordinateSystem="20", YOffsetInSlideCoordinateSystem="40")
    ]
    ds.ImageOrientationSlide = ["0", "-1", "0", "-1", "0", "0"]
    ds.SpecimenLabelInImage, ds.BurnedInAnnotation = "NO", "NO"
    ds.FocusMethod, ds.ExtendedDepthOfField = "AUTO", "NO"
    ds.VolumetricProperties, ds.LossyImageCompression = "VOLUME", "00"
    ds.NumberOfOpticalPaths = 1
    ds.TotalPixelMatrixFocalPlanes = 1
    ds.DimensionOrganizationType = "TILED_FULL"
    ds.DimensionOrganizationSequence = [item(DimensionOrganizationUID=uid("slide dimensions"))]
    ds.PyramidUID, ds.PyramidLabel = uid("pyramid"), "Pyramid of Trevanion"
    put_specimen(ds)
    ds.OpticalPathSequence = [
        item(
            OpticalPathIdentifier="1",
            OpticalPathDescription="Brightfield",
            IlluminationTypeCodeSequence=[code("111744", "DCM", "Brightfield illumination")],
            IlluminationColorCodeSequence=[code("414298005", "SCT", "Full Spectrum")],
            ICCProfile=b"\0" * 128,
            ColorSpace="SRGB",
        )
    ]
    measures = item(PixelSpacing=["0.25", "0.25"], SliceThickness="1")
    frame_type = item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
    ds.SharedFunctionalGroupsSequence = [
        item(PixelMeasuresSequence=[measures], WholeSlideMicroscopyImageFrameTypeSequence=[frame_type])
    ]
    moment(ds, VISIBLE, acquisition=False)
    ds.BarcodeValue, ds.LabelText = "77-4 TREVANION", "Trevanion, Barnaby"
    pixels(ds, 16, 16, bits=8, samples=3, frames=2)
    return ds
