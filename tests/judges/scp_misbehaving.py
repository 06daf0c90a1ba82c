#!/usr/bin/env python3
"""A C-STORE SCP that behaves badly for a while and then well, on bare sockets.

    scp_misbehaving.py PORT BEHAVIOUR [--times N] [--status 0xA700] [--delay S] [--out DIR]

The first N times (default: always) it does this, then it stores objects as they come:

    mute               takes the connection and answers nothing, not even the association
    reject             rejects every association
    silent             takes objects and never answers them
    stop-reading       reads no more once an object begins
    abort, cut         A-ABORT, or a closed connection, in the middle of an object
    close-after-each   stores, answers, closes the connection (always)
    release-after-each stores, answers, asks for release at once (always)
    slow               answers after --delay seconds
    status             answers with --status, and stores nothing
    one-context        rejects an association of more than one presentation context (always)
    implicit-only      accepts contexts with Implicit VR Little Endian only (always)
    refuse-class       accepts no context of --class; rejects an association that has no other (always)

Prints one line for each thing that happens: `association CONTEXTS CONNECTIONS`, `object UID`,
`stored UID`, `status 0000`. Runs until it is killed.
"""

import argparse
import itertools
import socket
import struct
import threading
import time
from pathlib import Path

IMPLICIT = b"1.2.840.10008.1.2"
ALWAYS = ("close-after-each", "release-after-each", "one-context", "implicit-only", "refuse-class")
lock = threading.Lock()
numbers = itertools.count()
state = {"bad": 0, "open": 0}


def say(*words):
    with lock:
        print(*words, flush=True)


def receive(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def pdu(kind, body):
    return struct.pack(">BBL", kind, 0, len(body)) + body


def receive_pdu(connection):
    kind, _, length = struct.unpack(">BBL", receive(connection, 6))
    return kind, receive(connection, length)


def items(data):
    while data:
        kind, _, length = struct.unpack(">BBH", data[:4])
        yield kind, data[4 : 4 + length]
        data = data[4 + length :]


def contexts_of(request):
    """(id, abstract syntax, transfer syntaxes) of each proposed context."""
    for kind, value in items(request[68:]):
        if kind == 0x20:
            inner = list(items(value[4:]))
            syntaxes = [text for kind, text in inner if kind == 0x40]
            yield value[0], next(text for kind, text in inner if kind == 0x30), syntaxes


def item(kind, value):
    return struct.pack(">BBH", kind, 0, len(value)) + value


def accept(request, accepted):
    """An A-ASSOCIATE-AC; `accepted` maps context ids to a transfer syntax, others are refused."""
    body = request[:68] + item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, _, syntaxes in contexts_of(request):
        syntax = accepted.get(number)
        result = bytes([number, 0, 0 if syntax else 3, 0])
        body += item(0x21, result + item(0x40, syntax or syntaxes[0]))
    user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4")
    return pdu(2, body + item(0x50, user))


def command_set(elements):
    body = b"".join(struct.pack("<HHL", 0, tag, len(v)) + v for tag, v in elements)
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def parse_command(data):
    found = {}
    while data:
        _, tag, length = struct.unpack("<HHL", data[:8])
        found[tag] = data[8 : 8 + length]
        data = data[8 + length :]
    return found


def response(context, request, status):
    number = lambda value: struct.pack("<H", value)
    data = command_set(
        [
            (0x0002, request[0x0002]),
            (0x0100, number(0x8001)),
            (0x0120, request[0x0110]),
            (0x0800, number(0x0101)),
            (0x0900, number(status)),
            (0x1000, request[0x1000]),
        ]
    )
    return pdu(4, struct.pack(">LBB", len(data) + 2, context, 3) + data)


def store(args, request, syntax, data):
    uid = request[0x1000].rstrip(b"\0")
    even = lambda value: value + b"\0" * (len(value) % 2)
    meta = b""
    for element, value in ((2, request[0x0002]), (3, uid), (16, syntax), (18, b"1.2.3.4")):
        value = even(value)
        meta += struct.pack("<HH2sH", 2, element, b"UI", len(value)) + value
    meta = struct.pack("<HH2sHLH", 2, 1, b"OB", 0, 2, 0x0100) + meta
    length = struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(meta))
    part = Path(args.out) / f"{next(numbers)}.part"
    part.write_bytes(b"\0" * 128 + b"DICM" + length + meta + data)
    part.rename(part.with_suffix(".dcm"))
    say("stored", uid.decode())


class Peer(threading.Thread):
    def __init__(self, connection, args):
        super().__init__(daemon=True)
        self.connection, self.args = connection, args

    def is_bad(self):
        """Whether this time it misbehaves; counted."""
        if self.args.behaviour in ALWAYS:
            return True
        with lock:
            state["bad"] += 1
            return self.args.times is None or state["bad"] <= self.args.times

    def run(self):
        with lock:
            state["open"] += 1
        try:
            with self.connection:
                self.serve()
        except (ConnectionError, OSError):
            pass
        with lock:
            state["open"] -= 1

    def serve(self):
        kind, request = receive_pdu(self.connection)
        contexts = list(contexts_of(request))
        say("association", len(contexts), state["open"])
        behaviour = self.args.behaviour
        if behaviour == "mute" and self.is_bad():
            time.sleep(3600)
        accepted = {number: syntaxes[0] for number, _, syntaxes in contexts}
        if behaviour == "implicit-only":
            accepted = {number: IMPLICIT for number, _, syntaxes in contexts if IMPLICIT in syntaxes}
        if behaviour == "refuse-class":
            wanted = {n: c for n, c, _ in contexts if c.decode() != self.args.sop_class}
            accepted = {n: ts for n, ts in accepted.items() if n in wanted}
        too_much = behaviour == "one-context" and len(contexts) > 1
        nothing = behaviour == "refuse-class" and not accepted
        if too_much or nothing or (behaviour == "reject" and self.is_bad()):
            self.connection.sendall(pdu(3, bytes([0, 1, 1, 1])))
            return
        self.connection.sendall(accept(request, accepted))
        while self.message(accepted):
            pass

    def message(self, accepted):
        command, data, request, context, bad = b"", b"", None, None, None
        while True:
            kind, body = receive_pdu(self.connection)
            if kind == 5:
                self.connection.sendall(pdu(6, b"\0" * 4))
                return False
            if kind != 4:
                return False
            while body:
                length, context, control = struct.unpack(">LBB", body[:6])
                value, body = body[6 : 4 + length], body[4 + length :]
                if control & 1:
                    command += value
                    if control & 2:
                        request = parse_command(command)
                        say("object", request[0x1000].rstrip(b"\0").decode())
                        bad = self.is_bad()
                    continue
                data += value
                if bad and self.args.behaviour == "stop-reading":
                    time.sleep(3600)
                if bad and self.args.behaviour == "abort":
                    self.connection.sendall(pdu(7, bytes([0, 0, 0, 0])))
                    return False
                if bad and self.args.behaviour == "cut":
                    return False
                if control & 2:
                    return self.answer(context, request, accepted[context], data, bad)

    def answer(self, context, request, syntax, data, bad):
        behaviour, status = self.args.behaviour, 0
        if bad and behaviour == "silent":
            time.sleep(3600)
        if bad and behaviour == "slow":
            time.sleep(self.args.delay)
        if bad and behaviour == "status":
            status = self.args.status
        else:
            store(self.args, request, syntax, data)
        say(f"status {status:04X}")
        self.connection.sendall(response(context, request, status))
        if behaviour == "release-after-each":
            self.connection.sendall(pdu(5, b"\0" * 4))
            # until the other side has answered, and no longer
            while receive_pdu(self.connection)[0] != 6:
                pass
            return False
        return behaviour != "close-after-each"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("behaviour")
    parser.add_argument("--times", type=int)
    parser.add_argument("--status", type=lambda text: int(text, 16), default=0xA700)
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--class", dest="sop_class", default="")
    parser.add_argument("--out", default=".")
    args = parser.parse_args()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # what the kernel takes for a peer that does not read is little
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    listener.bind(("127.0.0.1", args.port))
    listener.listen()
    say("listening", listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Peer(connection, args).start()


if __name__ == "__main__":
    main()
