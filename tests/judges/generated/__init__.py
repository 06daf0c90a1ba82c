"""Valid objects of many SOP classes, full of invented identifiers, made with pydicom alone.

people          the invented persons and what identifies them
modules         what every object has: Patient, Study, Series, Equipment, private elements
projection, sectional, enhanced, visible, waveform, radiotherapy, reports, references
                the objects of each kind, as generators of data sets

Everything follows from constants, so that two runs write the same bytes. Objects of one study refer to
one another; nothing refers to an object that is not generated.
"""
