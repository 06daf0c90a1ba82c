#!/usr/bin/env python3
"""A C-STORE SCP that stores nothing and answers every object with one status.

    scp_refusing.py PORT --status 0xA900 [--aet RESEARCH]

Accepts every storage SOP class in every uncompressed transfer syntax, and C-ECHO. Runs until it is
killed.
"""

import argparse

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import Verification


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--status", type=lambda text: int(text, 16), required=True)
    parser.add_argument("--aet", default="RESEARCH")
    args = parser.parse_args()
    ae = AE(ae_title=args.aet)
    ae.add_supported_context(Verification)
    for context in AllStoragePresentationContexts:
        ae.add_supported_context(
            context.abstract_syntax, [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
        )
    handlers = [(evt.EVT_C_STORE, lambda event: args.status)]
    ae.start_server(("127.0.0.1", args.port), block=True, evt_handlers=handlers)


if __name__ == "__main__":
    main()
