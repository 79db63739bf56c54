"""The command line: `python -m benchmarks [NAME …] [--list] [--quick] [--publish]`."""

import argparse
import sys

from benchmarks import report
from benchmarks.bench import FULL, QUICK, Bench
from benchmarks.figures import FIGURES


def main() -> int:
    """Take the figures asked for and print each as soon as it is there."""
    options = _parse()
    if options.list:
        print("\n".join(f"{name:18} {figure.title}, {figure.unit}" for name, figure in FIGURES.items()))
        return 0
    results: list[report.Result] = []
    failed: list[str] = []
    with Bench(QUICK if options.quick else FULL) as bench:
        for name in options.names or FIGURES:
            try:
                results.append(report.Result(name, FIGURES[name], FIGURES[name].take(bench)))
            except Exception as error:  # a figure that cannot be taken must not cost the others
                failed.append(name)
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            else:
                print(results[-1].json(), flush=True)
    if options.publish and not failed:
        report.publish(results)
    return 1 if failed else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to take; all when none is named")
    parser.add_argument("--list", action="store_true", help="print the names of the figures")
    parser.add_argument("--quick", action="store_true", help="small and short: a test that it all runs")
    parser.add_argument("--publish", action="store_true", help=f"write {report.PAGE}; needs every figure")
    options = parser.parse_args()
    if unknown := set(options.names) - set(FIGURES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; see --list")
    if options.publish and (options.names or options.quick):
        parser.error("--publish takes all figures at full size")
    return options


if __name__ == "__main__":
    sys.exit(main())
