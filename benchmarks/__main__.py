"""`./script/bench`: run workloads on the product and on the tutorial app, and tell."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import calibration, machine, report, targets
from benchmarks.outcome import Plan
from benchmarks.targets import Engines, Target
from benchmarks.wire import HandshakeRefused
from benchmarks.workloads import WORKLOADS, Workload

CALIBRATION = "calibration"
CALIBRATION_SECONDS = 5.0

Result = dict[str, Any]


def main() -> int:
    """Parse, run, report."""
    arguments = parse()
    if arguments.render:
        found = json.loads(arguments.render.read_text(encoding="utf-8"))
    else:
        found = {"machine": machine.description(), "runs": arguments.runs, "seconds": arguments.seconds, "results": []}
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        for result in run_all(arguments):
            found["results"].append(result)
            arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    rows = report.rows(found["results"])
    for engine in dict.fromkeys(row.engine for row in rows):
        print(f"\n{engine}\n{report.main_table(rows, engine)}")
    if arguments.write:
        report.write(found)
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    names = [CALIBRATION, *(one.name for one in WORKLOADS)]
    parser = argparse.ArgumentParser(prog="./script/bench", description=__doc__)
    add = parser.add_argument
    add("--workload", action="append", choices=names, metavar="NAME", help=f"repeatable (all): {', '.join(names)}")
    add("--engine", action="append", choices=targets.ENGINES, help="on this set of engines only; repeatable (both)")
    add("--mode", action="append", choices=["single", "arrays"], help="frames one by one, or chat.v1 (both)")
    add("--seconds", type=float, default=10.0, help="length of a measurement (10)")
    add("--runs", type=int, default=3, help="runs, of which the median counts (3)")
    add("--window", type=int, help="sends that each sender keeps on their way (by workload)")
    add("--no-tutorial", action="store_true", help="measure the product alone")
    add("--json", type=Path, default=Path("var/benchmarks.json"), help="where to write all figures (%(default)s)")
    add("--write", action="store_true", help="write docs/benchmarks.md and its plots")
    add("--render", type=Path, metavar="JSON", help="measure nothing, take the figures of an earlier run")
    arguments = parser.parse_args()
    arguments.workload = arguments.workload or names
    arguments.engine = arguments.engine or list(targets.ENGINES)
    arguments.mode = arguments.mode or ["single", "arrays"]
    return arguments


def run_all(arguments: argparse.Namespace) -> Iterator[Result]:
    """All runs of all chosen workloads; the apps take turns, so that each run compares what is close in time."""
    if CALIBRATION in arguments.workload:
        yield from (calibrate(kind, number) for number in range(arguments.runs) for kind in calibration.KINDS)
    chosen = [one for one in WORKLOADS if one.name in arguments.workload]
    for name in arguments.engine:
        here = [workload for workload in chosen if name in workload.engines]
        if not here:
            continue
        with targets.running(name) as engines:
            for number in range(arguments.runs):
                for workload in here:
                    yield from run_once(engines, workload, number, arguments)


def calibrate(kind: str, number: int) -> Result:
    """One run of the load client against the blaster."""
    found = calibration.calibrate(kind, uvloop.run, CALIBRATION_SECONDS)
    return told({"workload": CALIBRATION, "engine": "none", "mode": kind, "run": number, **asdict(found)})


def run_once(engines: Engines, workload: Workload, number: int, arguments: argparse.Namespace) -> Iterator[Result]:
    """One run of a workload in each mode, and on the tutorial app."""
    plan = Plan(seconds=arguments.seconds, window=arguments.window or workload.window)
    for mode in workload.modes:
        if mode in arguments.mode:
            serving = engines.serve_product(workload.crowd, as_arrays=mode == "arrays", processes=workload.processes)
            yield from measure(engines, workload, plan, serving, mode, number)
    if workload.on_tutorial and not arguments.no_tutorial:
        yield from measure(engines, workload, plan, engines.serve_tutorial(), "tutorial", number)


def measure(
    engines: Engines,
    workload: Workload,
    plan: Plan,
    serving: AbstractContextManager[Target],
    mode: str,
    number: int,
) -> Iterator[Result]:
    """Start servers and run the workload on them. A run that fails is told and left out; the next ones go on."""
    with serving as target:
        pids = {name: [process.pid] for name, process in engines.processes.items()}
        pids["server"] = [server.pid for server in target.servers]
        try:
            found = uvloop.run(workload.run(target, workload.crowd, replace(plan, pids=pids)))
        except (HandshakeRefused, OSError) as error:  # a timeout is an OSError
            print(f"{engines.name:9} {workload.name:16} {mode:9} FAILED: {error!r}", file=sys.stderr, flush=True)
            return
        if defects := target.log_defects():
            found.faults["defects in the server's log"] = defects
    yield told({"workload": workload.name, "engine": engines.name, "mode": mode, "run": number, **asdict(found)})


def told(result: Result) -> Result:
    """Print a run on one line."""
    figures = ", ".join(f"{name} {report.number(value)}" for name, value in result["figures"].items())
    cores = ", ".join(f"{name} {share:.2f}" for name, share in result["cores"].items()) or "-"
    place = f"{result['engine']:9} {result['workload']:16} {result['mode']:9}"
    print(f"{place} {figures} | cores: {cores} | faults: {result['faults'] or 'none'}", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
