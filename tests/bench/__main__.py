"""`python -m tests.bench [SECTION …]`: runs benchmarks and prints their tables."""

import argparse
import asyncio
import json
import math
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import psutil
from rich.console import Console

from retrieval.evaluation.datasets import UnusableDataSet
from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.minilm import MiniLm
from tests.bench.ack import measure_acks
from tests.bench.agent import measure_agent
from tests.bench.chaos import measure_chaos
from tests.bench.chat import measure_chat
from tests.bench.clients import measure_clients
from tests.bench.corpora import Portion, load_sets
from tests.bench.hostile import measure_hostile
from tests.bench.ingest import measure_ingestion
from tests.bench.latency import measure_latency
from tests.bench.leaks import measure_leaks
from tests.bench.likeness import measure_likeness
from tests.bench.neighbours import measure_binary, measure_neighbours
from tests.bench.page import update_page
from tests.bench.peers import CONTENDERS, ContenderFailed, choose_contenders
from tests.bench.precision import measure_precision
from tests.bench.quality import measure_quality
from tests.bench.rendering import measure_rendering
from tests.bench.report import Section, print_section
from tests.bench.sizes import measure_sizes
from tests.bench.sockets import measure_sockets
from tests.bench.stores import BASE, REPOSITORY, Bench, run_tuned_postgres
from tests.bench.syncs import measure_syncs

SIZES = (10_000, 100_000)
LARGE = 1_000_000
PAGE = REPOSITORY / "docs/retrieval.md"
LOOK_SECONDS = 2.0
"""How long it is watched before a run how busy the machine is. A load average would be of a minute,
and tell of what ended before it."""
IDLE = 0.1
"""The share of all cores up to which a machine counts as idle."""
CACHED_QUERIES = 48
"""Fewer than there are different queries, so that none is answered from the cache."""

SECTIONS = (
    "ingest",
    "latency",
    "ann",
    "clients",
    "sizes",
    "hostile",
    "binary",
    "int8",
    "agent",
    "quality",
    "sync",
    "chat",
    "rendering",
    "ack",
    "sockets",
)
ON_DEMAND = ("chaos", "leaks", "likeness")
"""What takes too long to be among all."""


async def run_sections(arguments: argparse.Namespace, console: Console) -> list[Section]:
    directories = arguments.data or sorted((REPOSITORY / "tests/evals/data").glob("*/"))
    sizes = arguments.sizes or (*SIZES, *((LARGE,) if arguments.large else ()))
    portion = Portion(arguments.queries, arguments.corpus)
    peers = choose_contenders(arguments.peers)
    folder = REPOSITORY / ".bench"
    busy = psutil.cpu_percent(LOOK_SECONDS) / 100
    async with run_tuned_postgres(folder / "postgres") as url:
        bench = Bench(
            url,
            folder,
            MiniLmEmbedder(MiniLm(), cached_queries=CACHED_QUERIES),
            load_sets(directories),
            arguments.real_chunks,
            console,
            keep=arguments.keep,
        )
        choice: Mapping[str, Callable[[], Awaitable[Section]]] = {
            "ingest": lambda: measure_ingestion(bench, arguments.documents, arguments.turns, peers),
            "latency": lambda: measure_latency(bench, sizes),
            "ann": lambda: measure_neighbours(bench, sizes),
            "binary": lambda: measure_binary(bench, sizes),
            "clients": lambda: measure_clients(bench, sizes),
            "sizes": lambda: measure_sizes(bench, sizes),
            "hostile": measure_hostile,
            "int8": lambda: measure_precision(bench, directories, portion),
            "quality": lambda: measure_quality(bench, directories, portion, peers),
            "agent": lambda: measure_agent(bench),
            "chat": lambda: measure_chat(bench),
            "sync": lambda: measure_syncs(bench, large=arguments.large),
            "rendering": measure_rendering,
            "ack": measure_acks,
            "sockets": measure_sockets,
            "chaos": lambda: measure_chaos(arguments.questions, arguments.minutes),
            "leaks": lambda: measure_leaks(arguments.cases),
            "likeness": lambda: measure_likeness(bench),
        }
        console.print(f"[dim]{describe_machine(busy)}[/]\n")
        found = []
        for name in arguments.sections or SECTIONS:
            section = await choice[name]()
            print_section(section, console)
            for file, svg in section.charts.items():
                (folder / file).write_text(svg, encoding="utf-8")
                console.print(f"  chart: {folder / file}\n")
            if arguments.docs:
                write_docs(section, describe_machine(busy if section.timed else None))
            found.append(section)
    return found


def write_docs(section: Section, machine: str) -> None:
    """Put a section's table and charts into the documentation."""
    page = update_page(PAGE.read_text(encoding="utf-8"), section, machine)
    PAGE.write_text(page, encoding="utf-8")
    for file, svg in section.charts.items():
        (PAGE.parent / file).write_text(svg, encoding="utf-8")


def open_console() -> Console:
    """Wide enough for the tables, also where the output is no terminal."""
    console = Console(highlight=False, soft_wrap=True)
    return Console(highlight=False, soft_wrap=True, width=max(console.width, 150))


def describe_machine(busy: float | None) -> str:
    """What the figures hold for: this machine and, where they are times, how busy it was.

    `busy` is the share of its cores, 0..1, that other programs took before the run.
    """
    machine = f"{os.cpu_count()} cores, {platform.machine()}"
    if busy is None:
        return machine
    slow = "; shared with other programs, so that it took longer than on an idle one"
    return f"{machine}, {100 * busy:.0f} % busy before the run{slow if busy > IDLE else ''}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS + ON_DEMAND)
    )
    parser.add_argument("--data", nargs="+", type=Path, help="judged data sets; ours by default")
    parser.add_argument("--sizes", nargs="+", type=int, help="chunks, e.g. 10000 100000")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} chunks, too")
    parser.add_argument("--real-chunks", type=int, default=2000, help="that are really embedded")
    parser.add_argument("--keep", action="store_true", help="filled stores, whatever changed")
    parser.add_argument("--documents", type=int, default=400, help="for the section ingest")
    parser.add_argument("--cases", type=int, default=10_000, help="for the section leaks")
    parser.add_argument("--turns", type=int, default=2, help="for the section ingest")
    parser.add_argument("--questions", type=int, default=10_000, help="for the section chaos")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="that the section chaos asks at most"
    )
    parser.add_argument("--queries", type=int, default=300, help="of a set, for quality and int8")
    parser.add_argument("--corpus", type=int, help="documents of a set for quality and int8")
    parser.add_argument(
        "--peers", nargs="+", choices=CONTENDERS, default=CONTENDERS, help="for quality and ingest"
    )
    parser.add_argument("--docs", action="store_true", help="write the tables into the docs, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    if any(size > BASE and size % BASE for size in arguments.sizes or ()):
        parser.error(f"sizes above {BASE:,} must be multiples of it")
    unknown = set(arguments.sections) - {*SECTIONS, *ON_DEMAND}
    if unknown:
        parser.error(
            f"there is no section {min(unknown)!r}; choose from {', '.join(SECTIONS + ON_DEMAND)}"
        )
    try:
        found = asyncio.run(run_sections(arguments, open_console()))
    except (UnusableDataSet, ContenderFailed) as error:
        parser.exit(1, f"bench: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, "Stopped.\n")
    if arguments.json:
        figures = {section.name: section.to_json() for section in found}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
