#!/usr/bin/env python3
"""Judges many (source, result) pairs as judge_delivered.py judges one, two at a time.

Reads a JSON list of [source, result] or [source, result, boxes] on stdin and prints one JSON line for each pair that does not
pass. Exit 0 only if every pair passed and there was at least one.
"""

import json
import multiprocessing
import sys

import judge_delivered


def judged(job):
    source, result, options = job
    args = judge_delivered.parser().parse_args([source, result, *options])
    return source, judge_delivered.judge(args)


def main():
    options = sys.argv[1:]
    jobs = []
    for source, result, *boxes in json.load(sys.stdin):
        jobs.append((source, result, [*options, *(["--boxes", *boxes] if boxes else [])]))
    failed = 0
    with multiprocessing.Pool(2) as pool:
        for source, report in pool.imap_unordered(judged, jobs):
            if not report["ok"]:
                failed += 1
                report.pop("pixels", None)
                print(json.dumps({"source": source, **report}))
    print(f"{len(jobs) - failed} passed, {failed} failed")
    return 1 if failed or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
