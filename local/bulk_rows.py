"""Bulk rows: a CSV file of any size, and what an import has to make of it."""

import csv
import io
from dataclasses import dataclass

REFUSED_EVERY = 997  # rows; primes, so that they fall anywhere in a chunk
TWICE_EVERY = 101


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and what has to become of it."""

    body: bytes
    rows: int
    addresses: int
    refused: tuple[int, ...]  # lines


def source(rows: int) -> Source:
    """Make a file: most rows new people, some of them twice in other case, some that are wrong."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["email", "first_name", "city", "timezone"])
    refused = []
    known = 0
    for number in range(rows):
        if number % REFUSED_EVERY == REFUSED_EVERY - 1:
            refused.append(number + 2)
            writer.writerow([f"no address {number}", "Ann", "Rome", ""])
        elif known and number % TWICE_EVERY == TWICE_EVERY - 1:
            writer.writerow([_address(number % known).upper(), "", "Oslo", ""])
        else:
            writer.writerow([_address(known), f"Ann{number}", "Rome", "Europe/Rome"])
            known += 1
    return Source(text.getvalue().encode(), rows, known, tuple(refused))


def _address(number: int) -> str:
    domain = ("gmail.com", "yahoo.com", "outlook.com", f"company{number % 5000}.com")[number % 4]
    return f"person.{number}@{domain}"
