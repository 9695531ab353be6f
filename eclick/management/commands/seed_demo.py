"""Fills E-Click with demo data."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eclick.seed import seed_demo


class Command(BaseCommand):
    help = "Adds demo clients, projects, tasks and comments: about 212 rows a project, the same for the same seed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--projects", type=int, required=True, help="How many projects to add.")
        parser.add_argument("--seed", type=int, default=1, help="Another number gives other data. Default: 1.")

    def handle(self, *, projects: int, seed: int, verbosity: int, **options: Any) -> None:
        if projects < 1:
            raise CommandError(f"--projects is {projects}; it has to be 1 or more.")
        started = monotonic()

        def report(rows: int) -> None:
            if verbosity > 0:
                self.stdout.write(f"{rows:>12,} rows  {rows / (monotonic() - started):>9,.0f} rows/s")

        made = seed_demo(projects, seed=seed, on_progress=report)
        if verbosity > 0:
            for label, rows in made.items():
                self.stdout.write(f"{rows:>12,} {label}")
            self.stdout.write(self.style.SUCCESS(f"Seeded {projects:,} projects in {monotonic() - started:.1f} s."))
