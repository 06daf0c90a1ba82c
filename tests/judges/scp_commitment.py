#!/usr/bin/env python3
"""A research PACS that stores objects and commits to keep them, with pynetdicom.

    scp_commitment.py PORT --out DIR --report same|new --gateway PORT
                      [--fail-first N] [--silent-first N] [--refuse-first N]

Answers a request (N-ACTION) with success and reports (N-EVENT-REPORT) on the same association, or
on a new one to the gateway. It keeps what lies in DIR. The first N objects of all are reported as
failed; the first N requests are never reported on; the first N are refused. Prints one line for
each thing that happens: `stored UID`, `asked COUNT`, `reported COMMITTED FAILED STATUS`.
"""

import argparse
import threading
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, AllStoragePresentationContexts, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

INSTANCE = "1.2.840.10008.1.20.1.1"
lock = threading.Lock()


def say(*words):
    with lock:
        print(*words, flush=True)


class Pacs:
    def __init__(self, args):
        self.args, self.stored, self.asked, self.failed = args, {}, 0, 0

    def store(self, event):
        uid = str(event.request.AffectedSOPInstanceUID)
        path = Path(self.args.out) / f"{len(self.stored)}-{uid}.dcm"
        path.write_bytes(event.encoded_dataset())
        self.stored[uid] = str(event.request.AffectedSOPClassUID)
        say("stored", uid)
        return 0x0000

    def action(self, event):
        request = event.action_information
        self.asked += 1
        say("asked", len(request.ReferencedSOPSequence))
        if self.asked <= self.args.refuse_first:
            return 0x0110, None
        if self.asked > self.args.refuse_first + self.args.silent_first:
            result = self.result(request)
            association = event.assoc if self.args.report == "same" else None
            threading.Thread(target=self.report, args=(result, association), daemon=True).start()
        return 0x0000, None

    def result(self, request):
        result, kept, failed = Dataset(), [], []
        result.TransactionUID = request.TransactionUID
        for item in request.ReferencedSOPSequence:
            uid = str(item.ReferencedSOPInstanceUID)
            if self.failed < self.args.fail_first:
                self.failed += 1
                # what it does not keep it does not have any more either
                self.stored.pop(uid, None)
            if self.stored.get(uid) == item.ReferencedSOPClassUID:
                kept.append(item)
            else:
                item.FailureReason = 0x0110
                failed.append(item)
        if kept:
            result.ReferencedSOPSequence = kept
        if failed:
            result.FailedSOPSequence = failed
        return result

    def report(self, result, association):
        opened = association is None
        if opened:
            ae = AE(ae_title=self.args.aet)
            ae.add_requested_context(StorageCommitmentPushModel)
            role = build_role(StorageCommitmentPushModel, scp_role=True)
            association = ae.associate(
                "127.0.0.1", self.args.gateway(), ae_title="DEID", ext_neg=[role]
            )
            if not association.is_established:
                say("reported no-association")
                return
        kept, failed = (len(result.get(n, [])) for n in ("ReferencedSOPSequence", "FailedSOPSequence"))
        status, _ = association.send_n_event_report(
            result, 2 if failed else 1, StorageCommitmentPushModel, INSTANCE
        )
        say("reported", kept, failed, f"{status.Status:04X}" if "Status" in status else "none")
        if opened:
            association.release()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--out", required=True)
    parser.add_argument("--report", choices=("same", "new"), required=True)
    parser.add_argument("--gateway", help="a file with the port of the gateway", default="")
    parser.add_argument("--aet", default="RESEARCH")
    parser.add_argument("--fail-first", type=int, default=0)
    parser.add_argument("--silent-first", type=int, default=0)
    parser.add_argument("--refuse-first", type=int, default=0)
    args = parser.parse_args()
    file = args.gateway
    args.gateway = lambda: int(Path(file).read_text())
    pacs = Pacs(args)
    ae = AE(ae_title=args.aet)
    ae.add_supported_context(Verification)
    ae.add_supported_context(StorageCommitmentPushModel)
    for context in AllStoragePresentationContexts:
        ae.add_supported_context(
            context.abstract_syntax, [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
        )
    handlers = [(evt.EVT_C_STORE, pacs.store), (evt.EVT_N_ACTION, pacs.action)]
    server = ae.start_server(("127.0.0.1", args.port), block=False, evt_handlers=handlers)
    say("listening", server.server_address[1])
    threading.Event().wait()


if __name__ == "__main__":
    main()
