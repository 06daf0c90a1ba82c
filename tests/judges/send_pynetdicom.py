#!/usr/bin/env python3
"""Sends objects by C-STORE with pynetdicom, rightly or wrongly, to see what a receiver answers.

    send_pynetdicom.py HOST PORT AET FILE...        each in its own transfer syntax, byte for byte
    send_pynetdicom.py HOST PORT AET --echo
    send_pynetdicom.py HOST PORT AET --raw-dataset FILE --ts UID --sop-class UID --sop-uid UID

Prints one line per object: the status (0x0000), `no-context` (not accepted in negotiation), `aborted`
(by us, or by the peer without an answer) or `no-association`, then the file. With --echo a rejection is
`rejected-RESULT-SOURCE-REASON` (PS3.8 section 9.3.4). Exit: 0 if every status
is success or a warning (0xBxxx), and with --abort-after if the abort was sent; else 1.
"""

import argparse
import ssl
import sys
import threading
import time
import warnings
from io import BytesIO
from pathlib import Path

from pydicom.uid import UID
from pynetdicom import AE, build_context, evt
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import split_dataset
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.pdu_primitives import UserIdentityNegotiation
from pynetdicom.sop_class import Verification

DEFLATED = "1.2.840.10008.1.2.1.99"
MAX_CONTEXTS = 120  # of 128 in one association


class Sendable:
    """The bytes of one data set and what the command says about them."""

    def __init__(self, name, data, sop_class, sop_uid, syntax):
        self.name, self.data = name, data
        self.sop_class, self.sop_uid, self.syntax = UID(sop_class), UID(sop_uid), UID(syntax)

    @classmethod
    def from_file(cls, path):
        meta, offset = split_dataset(Path(path))
        data = Path(path).read_bytes()[offset:]
        if meta.TransferSyntaxUID == DEFLATED and len(data) % 2:
            data += b"\0"  # PS3.5 A.5: a deflated stream of odd length is padded
        return cls(
            path,
            data,
            meta.MediaStorageSOPClassUID,
            meta.MediaStorageSOPInstanceUID,
            meta.TransferSyntaxUID,
        )


def store_request(item, message_id):
    request = C_STORE()
    request.MessageID = message_id
    request.Priority = 2
    request.AffectedSOPClassUID = item.sop_class
    request.AffectedSOPInstanceUID = item.sop_uid
    request.DataSet = BytesIO(item.data)
    return request


def context_id(assoc, item):
    for context in assoc.accepted_contexts:
        if context.abstract_syntax == item.sop_class and context.transfer_syntax[0] == item.syntax:
            return context.context_id
    return None


def store(assoc, item, message_id):
    """One C-STORE of exactly these bytes; the status, or a word for no status."""
    context = context_id(assoc, item)
    if context is None:
        return "no-context"
    # As Association.send_c_store: the reactor must not take the answer from us.
    assoc._reactor_checkpoint.clear()
    while not assoc._is_paused:
        time.sleep(0.0001)
    assoc.dimse.send_msg(store_request(item, message_id), context)
    _, answer = assoc.dimse.get_msg(block=True)
    assoc._reactor_checkpoint.set()
    if answer is None or answer.Status is None:
        return "aborted"
    return f"0x{answer.Status:04X}"


def store_and_abort(assoc, item, message_id, after):
    """Sends the command and about `after` bytes of the data set, never a last fragment, then A-ABORT."""
    context = context_id(assoc, item)
    if context is None:
        return "no-context"
    message = C_STORE_RQ()
    message.primitive_to_message(store_request(item, message_id))
    message.context_id = context
    sent = 0
    for pdata in message.encode_msg(context, assoc.dimse.maximum_pdu_size):
        fragment = pdata.presentation_data_value_list[0][1]
        if not fragment[0] & 1:  # of the data set
            left = min(after - sent, len(fragment) - 1)
            if left <= 0:
                break
            pdata.presentation_data_value_list[0] = (context, b"\x00" + fragment[1 : 1 + left])
            sent += left
        assoc.dul.send_pdu(pdata)
    assoc.abort()
    return "aborted"


def user_identity(name, password):
    item = UserIdentityNegotiation()
    item.user_identity_type = 1 if password is None else 2
    item.primary_field = name.encode()
    if password is not None:
        item.secondary_field = password.encode()
    item.positive_response_requested = True
    return item


def associate(args, contexts):
    ae = AE(ae_title=args.calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = args.timeout
    asked = {"contexts": contexts, "ae_title": args.aet}
    if args.user is not None:
        asked["ext_neg"] = [user_identity(args.user, args.password)]
    if args.tls_ca:
        context = ssl.create_default_context(cafile=args.tls_ca)
        if args.tls_certificate:
            context.load_cert_chain(args.tls_certificate, args.tls_key)
        asked["tls_args"] = (context, args.tls_name)
    rejections = []

    def keep_rejection(event):
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            rejections.append(event.pdu)

    # The PDU itself: pynetdicom at times takes an Association that was rejected at once for an aborted one.
    asked["evt_handlers"] = [(evt.EVT_PDU_RECV, keep_rejection)]
    assoc = ae.associate(args.host, args.port, **asked)
    if assoc.is_established:
        return assoc, None
    if args.echo and rejections:
        said = rejections[0]
        return None, f"rejected-{said.result}-{said.source}-{said.reason_diagnostic}"
    return None, "no-context" if assoc.rejected_contexts else "no-association"


def batches(items):
    """Items in order, so many that their contexts fit into one association."""
    batch, pairs = [], set()
    for item in items:
        pair = (item.sop_class, item.syntax)
        if len(pairs | {pair}) > MAX_CONTEXTS:
            yield batch, pairs
            batch, pairs = [], set()
        batch.append(item)
        pairs.add(pair)
    if batch:
        yield batch, pairs


def send(args, items, results):
    for batch, pairs in batches(items):
        assoc = None
        for number, item in enumerate(batch, 1):
            if assoc is None or not assoc.is_established:
                contexts = [build_context(c, t) for c, t in sorted(pairs)]
                assoc, why = associate(args, contexts)
            if assoc is None:
                results[id(item)] = why
            elif args.abort_after is not None:
                results[id(item)] = store_and_abort(assoc, item, number, args.abort_after)
            else:
                results[id(item)] = store(assoc, item, number)
        if assoc is not None and assoc.is_established:
            assoc.release()


def echo(args):
    assoc, why = associate(args, [build_context(Verification)])
    if assoc is None:
        print(why)
        return 1
    status = assoc.send_c_echo()
    assoc.release()
    print(f"0x{status.Status:04X}" if status else "aborted")
    return 0 if status and status.Status == 0 else 1


def good(word, args):
    if args.abort_after is not None:
        return word == "aborted"
    return word == "0x0000" or word.startswith("0xB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("aet", help="called AE title")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--calling", default="PYNETDICOM", help="calling AE title")
    parser.add_argument("--timeout", type=float, default=60, help="seconds to wait for an answer")
    parser.add_argument("--echo", action="store_true", help="C-ECHO only")
    parser.add_argument("--user", help="user identity")
    parser.add_argument("--password", help="of that user")
    parser.add_argument("--tls-ca", metavar="FILE", help="speak TLS; who signed the receiver's certificate")
    parser.add_argument("--tls-name", default="localhost", help="the name in that certificate")
    parser.add_argument("--tls-certificate", metavar="FILE")
    parser.add_argument("--tls-key", metavar="FILE")
    parser.add_argument("--wrong-sop-uid", action="store_true", help="the command names another UID")
    parser.add_argument("--truncate", type=int, metavar="BYTES", help="send only so much, as complete")
    parser.add_argument("--abort-after", type=int, metavar="BYTES", help="A-ABORT inside the object")
    parser.add_argument("--parallel", type=int, default=1, metavar="N", help="associations")
    parser.add_argument("--raw-dataset", metavar="FILE", help="send these bytes as the data set")
    parser.add_argument("--ts", default="1.2.840.10008.1.2.1")
    parser.add_argument("--sop-class", default="1.2.840.10008.5.1.4.1.1.7")
    parser.add_argument("--sop-uid", default="1.2.826.0.1.3680043.8.498.1.2.3")
    args = parser.parse_intermixed_args()
    warnings.simplefilter("ignore")
    if args.echo:
        return echo(args)

    items = [Sendable.from_file(path) for path in args.files]
    if args.raw_dataset:
        data = Path(args.raw_dataset).read_bytes()
        items.append(Sendable(args.raw_dataset, data, args.sop_class, args.sop_uid, args.ts))
    if not items:
        parser.error("nothing to send")
    for item in items:
        if args.truncate is not None:
            item.data = item.data[: args.truncate]
        if args.wrong_sop_uid:
            item.sop_uid = UID(item.sop_uid[:60].rstrip(".") + ".9")

    results = {}
    shares = [items[n :: args.parallel] for n in range(args.parallel)]
    threads = [threading.Thread(target=send, args=(args, share, results)) for share in shares if share]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    words = [results.get(id(item), "aborted") for item in items]
    for word, item in zip(words, items):
        print(word, item.name)
    return 0 if all(good(word, args) for word in words) else 1


if __name__ == "__main__":
    sys.exit(main())
