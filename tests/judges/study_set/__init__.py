"""A study set with an answer key, another one for each seed.

    people ─▶ modalities (headers, pictures) ─▶ files
       └────▶ texts ─────────┴──────────────▶ key

Every identifier is planted by code that notes it in the key in the same breath.
"""
