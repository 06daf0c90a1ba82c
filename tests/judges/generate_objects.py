#!/usr/bin/env python3
"""Writes valid objects of many SOP classes, full of invented identifiers, the same at every run.

    generate_objects.py OUTDIR

The objects form whole studies and refer to one another. Prints a JSON list of file names. Exit: 0.
"""

import json
import sys
import warnings
from pathlib import Path

from pydicom.uid import ImplicitVRLittleEndian

from generated import (
    derived,
    enhanced_ct,
    enhanced_mr,
    enhanced_pet,
    microscopy,
    projection,
    radiotherapy,
    references,
    reports,
    sectional,
    visible,
    waveform,
)

# Modalities that are written in the other encoding.
IMPLICIT = {"MR", "RTPLAN", "SR", "PR", "US"}


def objects():
    """Every object, what is referred to first."""
    slices = [sectional.ct(number) for number in (1, 2, 3)]
    pet = sectional.pet()
    structures = radiotherapy.structures(slices)
    plan = radiotherapy.plan(structures)
    angiogram, mammogram, photograph = projection.xa(), projection.mg(), visible.vl()
    yield from slices
    yield from (pet, sectional.nm(), enhanced_ct.ct(), enhanced_pet.pet())
    yield from (derived.segmentation(slices), derived.parametric_map(slices))
    yield from (structures, plan, radiotherapy.dose(plan), radiotherapy.record(plan))
    yield radiotherapy.summary(plan)
    yield projection.portal(plan)
    yield from (reports.basic(slices), reports.enhanced(slices), reports.comprehensive(slices))
    yield from (reports.spatial(slices), reports.key_objects(slices), references.grey_state(slices))
    yield from (references.registration(slices, pet), references.real_world(slices))
    yield from (references.fiducials(slices), references.surface(slices), waveform.pdf())
    yield from (angiogram, projection.rf(), reports.dose(angiogram), waveform.ecg())
    yield from (reports.measurements(slices), reports.by_position(slices), reports.radiopharmaceutical(pet))
    yield from (projection.cr(), projection.dx(), mammogram, projection.intraoral())
    yield from (reports.breast_cad(mammogram), projection.dog())
    yield from (sectional.mr(number) for number in (1, 2))
    yield from (enhanced_mr.mr(), visible.us(), visible.us_cine(), visible.sc())
    yield from (visible.sc_colour(), visible.sc_words(), visible.sc_bytes())
    yield from (photograph, visible.endoscopy(), microscopy.microscopy(), microscopy.slide())
    yield from (visible.dermoscopy(), visible.eye(), references.colour_state(photograph))


def main():
    warnings.simplefilter("error")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    listing = []
    for ds in objects():
        if ds.Modality in IMPLICIT:
            ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        assert not (out / ds.filename).exists(), ds.filename
        ds.save_as(out / ds.filename, enforce_file_format=True)
        listing.append(ds.filename)
    print(json.dumps(listing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
