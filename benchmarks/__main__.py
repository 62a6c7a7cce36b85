"""`./script/bench`: run workloads on the product and on the tutorial app, and tell."""

import argparse
import json
import sys
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import targets
from benchmarks.targets import Engines, Target
from benchmarks.workloads import WORKLOADS, Outcome, Plan, Workload


def main() -> int:
    """Parse, run, report."""
    arguments = parse()
    chosen = [one for one in WORKLOADS if not arguments.workload or one.name in arguments.workload]
    results: list[dict[str, Any]] = []
    for name in arguments.engine:
        with targets.running(name) as engines:
            for number in range(arguments.runs):
                for workload in chosen:
                    results += run_once(engines, workload, number, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./script/bench", description=__doc__)
    add = parser.add_argument
    add("--workload", action="append", choices=[one.name for one in WORKLOADS], help="this one only; repeatable (all)")
    add("--engine", action="append", choices=targets.ENGINES, help="on this set of engines only; repeatable (both)")
    add("--mode", action="append", choices=["single", "arrays"], help="frames one by one, or chat.v1 (both)")
    add("--seconds", type=float, default=10.0, help="length of a measurement (10)")
    add("--runs", type=int, default=3, help="runs, of which the median counts (3)")
    add("--window", type=int, help="sends that each sender keeps on their way (by workload)")
    add("--no-tutorial", action="store_true", help="measure the product alone")
    add("--json", type=Path, help="where to write all figures")
    arguments = parser.parse_args()
    arguments.engine = arguments.engine or list(targets.ENGINES)
    arguments.mode = arguments.mode or ["single", "arrays"]
    return arguments


def run_once(engines: Engines, workload: Workload, number: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """One run of a workload in each mode, and on the tutorial app."""
    results = []
    plan = Plan(seconds=arguments.seconds, window=arguments.window)
    for mode in workload.modes:
        if mode in arguments.mode:
            serving = engines.serve_product(workload.crowd, as_arrays=mode == "arrays")
            results.append(measure(engines, workload, plan, serving, mode, number))
    if workload.on_tutorial and not arguments.no_tutorial:
        results.append(measure(engines, workload, plan, engines.serve_tutorial(), "tutorial", number))
    return results


def measure(
    engines: Engines,
    workload: Workload,
    plan: Plan,
    serving: AbstractContextManager[Target],
    mode: str,
    number: int,
) -> dict[str, Any]:
    """Start servers, run the workload on them, print a line."""
    with serving as target:
        pids = {name: [process.pid] for name, process in engines.processes.items()}
        pids["server"] = [server.pid for server in target.servers]
        found: Outcome = uvloop.run(workload.run(target, workload.crowd, replace(plan, pids=pids)))
    result = {"workload": workload.name, "engine": engines.name, "mode": mode, "run": number, **asdict(found)}
    show(result, workload)
    return result


def show(result: dict[str, Any], workload: Workload) -> None:
    """One run on one line."""
    figures = ", ".join(f"{name} {value:,.4g}" for name, value in result["figures"].items())
    cores = ", ".join(f"{name} {share:.2f}" for name, share in result["cpu_share"].items())
    place = f"{result['engine']:9} {workload.name:12} {result['mode']:9}"
    print(f"{place} {figures} | cores: {cores} | faults: {result['faults'] or 'none'}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
