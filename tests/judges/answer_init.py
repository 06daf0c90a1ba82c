#!/usr/bin/env python3
"""Answers the questions of `deid-gateway init` at a terminal, as a person would, and says what was asked.

Usage: answer_init.py PROGRAM ARGUMENTS... -- ANSWER...

An answer `down` presses the key for the next item of a list; an empty one takes what is offered. The exit code
is that of the program.
"""

import sys

import pexpect

TIMEOUT_S = 120
# A prompt ends in this where something is offered or nothing is, and a list begins with the other.
PROMPT = [r"\]: ", r"folder: ", r"burned-in text:"]
DOWN = "\x1b[B"


def main() -> int:
    split = len(sys.argv) - 1 - sys.argv[::-1].index("--")
    program, answers = sys.argv[1:split], sys.argv[split + 1 :]
    child = pexpect.spawn(program[0], program[1:], timeout=TIMEOUT_S, encoding="utf-8", dimensions=(40, 160))
    child.logfile_read = sys.stdout
    for answer in answers:
        child.expect(PROMPT)
        child.send(DOWN + "\r" if answer == "down" else answer + "\r")
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus if child.exitstatus is not None else 128 + child.signalstatus


if __name__ == "__main__":
    sys.exit(main())
