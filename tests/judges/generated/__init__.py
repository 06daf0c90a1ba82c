"""Valid objects of many SOP classes, full of invented identifiers, made with pydicom alone.

people          the invented persons and what identifies them
modules         what every object has: Patient, Study, Series, Equipment, private elements
extras          what only some have: a clinical trial, an animal's owner, an overlay
functional      what multi-frame objects with functional groups have
report_content  content items of structured reports
the others      the objects of each kind

Everything follows from constants, so that two runs write the same bytes. Objects of one study refer to
one another; what is referred to and not there is a study, a procedure step or a concatenation.
"""
