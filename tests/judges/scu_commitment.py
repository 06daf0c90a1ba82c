#!/usr/bin/env python3
"""A sender that asks the gateway to commit to objects, and hears what it answers, with pynetdicom.

    scu_commitment.py ask PORT FILE... [--calling AET] [--transaction UID] [--class UID]
    scu_commitment.py hear PORT [--calling AET]

`ask` requests storage commitment for the SOP Instances of the files (of --class, if it is given) and
prints the status of the response. `hear` listens for results and prints for each `result EVENT`, then
`kept UID` and `failed UID REASON`; it runs until it is killed.
"""

import argparse
import threading

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

INSTANCE = "1.2.840.10008.1.20.1.1"


def ask(args):
    ae = AE(ae_title=args.calling)
    ae.add_requested_context(StorageCommitmentPushModel)
    association = ae.associate("127.0.0.1", args.port, ae_title="DEID")
    if not association.is_established:
        print("no-association")
        return
    request = Dataset()
    request.TransactionUID = args.transaction or generate_uid()
    request.ReferencedSOPSequence = []
    for path in args.files:
        source, item = dcmread(path, stop_before_pixels=True), Dataset()
        item.ReferencedSOPClassUID = args.sop_class or source.SOPClassUID
        item.ReferencedSOPInstanceUID = source.SOPInstanceUID
        request.ReferencedSOPSequence.append(item)
    status, _ = association.send_n_action(request, 1, StorageCommitmentPushModel, INSTANCE)
    print(f"{status.Status:04X}" if "Status" in status else "none")
    association.release()


def heard(event):
    result = event.event_information
    lines = [f"result {event.event_type}"]
    for item in result.get("ReferencedSOPSequence", []):
        lines.append(f"kept {item.ReferencedSOPInstanceUID}")
    for item in result.get("FailedSOPSequence", []):
        lines.append(f"failed {item.ReferencedSOPInstanceUID} {item.FailureReason:04X}")
    print("\n".join(lines), flush=True)
    return 0x0000, None


def hear(args):
    ae = AE(ae_title=args.calling)
    # it is the user of the service although it accepts the association
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    handlers = [(evt.EVT_N_EVENT_REPORT, heard)]
    server = ae.start_server(("127.0.0.1", args.port), block=False, evt_handlers=handlers)
    print("listening", server.server_address[1], flush=True)
    threading.Event().wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("ask", "hear"))
    parser.add_argument("port", type=int)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--calling", default="MODALITY")
    parser.add_argument("--transaction")
    parser.add_argument("--class", dest="sop_class")
    args = parser.parse_intermixed_args()
    (ask if args.what == "ask" else hear)(args)


if __name__ == "__main__":
    main()
