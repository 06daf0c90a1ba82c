#!/usr/bin/env python3
"""Writes a study set with planted identifiers and its answer key, another one for each seed.

    generate_study_set.py OUTDIR --seed N

Six patients with thirteen studies of CT, MR, PT, US, CR, DX, MG, SC and SR. OUTDIR/key.csv is a key for
`deid-gateway eval headers`. Prints JSON: how many items each check has. Exit: 0.
"""

import argparse
import json
import random
import sys
import warnings
from pathlib import Path

from study_set.headers import Maker
from study_set.key import Key
from study_set.modalities import Modalities
from study_set.people import patients
from study_set.reports import report


def objects(maker, people):
    """Every object, each noted in the key while it is made."""
    kinds = Modalities(maker)
    first, second, third, fourth, fifth, sixth = (patient.studies for patient in people)
    chest = kinds.ct(first[0])
    yield from (chest, kinds.ct(first[0], 2), report(maker, first[0], chest))
    yield from (kinds.pt(first[1]), kinds.ct(first[2]))
    yield from (kinds.mr(second[0], 1), kinds.mr(second[0], 2), kinds.us(second[1]))
    yield from (kinds.cr(third[0]), kinds.mg(third[1]))
    yield from (kinds.dx(fourth[0]), kinds.mr(fourth[1]))
    lung = kinds.ct(fifth[0])
    yield from (lung, report(maker, fifth[0], lung), kinds.sc(fifth[1]))
    yield from (kinds.pt(sixth[0]), kinds.us(sixth[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    arguments.outdir.mkdir(parents=True, exist_ok=True)
    rng, key = random.Random(arguments.seed), Key()
    maker = Maker(rng, key, arguments.seed)
    for ds in objects(maker, patients(rng, 6)):
        path = arguments.outdir / ds.filename
        assert not path.exists(), path
        ds.save_as(path, enforce_file_format=True)
    key.write(arguments.outdir / "key.csv")
    print(json.dumps(key.counts(), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
