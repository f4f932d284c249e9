"""People: made-up contacts as CSV files, the same for the same seed, with rows bad in every way.

Pure. Lines count from 1, the header's; a quoted field may hold a line break.
"""

import csv
import io
import itertools
import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

COLUMNS = ("email", "first_name", "last_name", "city", "timezone", "note")
FIRST_NAMES = (
    "Aaliyah Ada Agnieszka Aisha Alejandro Amara Amélie Ananya Anders Anna Ayşe Beatriz Ben "
    "Björn Carlos Chiara Chinedu Chloé Cleo Daniel Dora Elena Emil Emma Fatima Felix Freya "
    "Giulia Grace Hannah Haruto Hugo Imran Ines Isla Jakob James Jasmin Jin José Julia Kaito "
    "Karolina Kwame Lars Laura Léa Leo Lin Lucía Luka Maja Marek Maria Mateo Mei Mia Mohammed "
    "Nadia Nina Noah Olga Oliver Omar Paula Pedro Petra Priya Rosa Ryan Samuel Sara Sofia "
    "Stefan Thandiwe Theo Tomás Uma Valentina Viktor Wanjiru Wei William Yara Yuki Zoë"
)
LAST_NAMES = (
    "Almeida Andersson Bauer Bianchi Brown Castillo Chen Costa Diallo Dubois Eriksen Fernández "
    "Fischer Fontana García González Gruber Haddad Hansen Horvat Ivanova Jansen Johnson Kaya "
    "Keller Khan Kim Kovács Kowalska Kumar Laurent Lopez Marino Martin Meier Mensah Moreau "
    "Müller Nakamura Ndiaye Nguyen Novák Nowak Okafor Olsen Patel Pereira Petrov Popescu "
    "Ramírez Rossi Sato Schmidt Silva Singh Smith Sørensen Suzuki Tanaka Torres Vargas Virtanen "
    "Wagner Walker Wang Weber Yilmaz"
)
CITIES = (
    ("Berlin", "Europe/Berlin"),
    ("Lisboa", "Europe/Lisbon"),
    ("London", "Europe/London"),
    ("Paris", "Europe/Paris"),
    ("New York", "America/New_York"),
    ("São Paulo", "America/Sao_Paulo"),
    ("Nairobi", "Africa/Nairobi"),
    ("Mumbai", "Asia/Kolkata"),
    ("Tokyo", "Asia/Tokyo"),
    ("Sydney", "Australia/Sydney"),
)
DOMAINS = {  # by how many of a thousand live there
    "gmail.com": 420,
    "outlook.com": 90,
    "hotmail.com": 80,
    "yahoo.com": 110,
    "aol.com": 30,
    "icloud.com": 80,
    "me.com": 20,
    "northwind.example": 60,
    "contoso.example": 50,
    "tailspin.example": 60,
}
SCANNED = ("northwind.example",)  # companies behind a gateway that follows links
NOTES = (
    "",
    "",
    "",
    "asked for the catalogue",
    'calls it "the letter"',
    "two lines:\nsummer, winter",
)
LETTERS = str.maketrans({"ø": "o", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "ß": "ss"})

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class People:
    """One file, and what an import must make of it."""

    csv: bytes
    rows: int  # without the header
    addresses: tuple[str, ...]  # of the good rows, each once, in order
    merged: int  # rows whose address stands further up
    bad: dict[int, str]  # what is wrong, by line


BAD = (  # (what is wrong, the row; None stands for a good value)
    ("no at sign", ("anna.meier.gmail.com", None, None, None, None, None)),
    ("two at signs", ("ben@@outlook.com", None, None, None, None, None)),
    ("nothing behind the at sign", ("cleo@", None, None, None, None, None)),
    ("nothing before the at sign", ("@yahoo.com", None, None, None, None, None)),
    ("a blank inside", ("dora meier@gmail.com", None, None, None, None, None)),
    ("two dots in a row", ("emil..weber@gmail.com", None, None, None, None, None)),
    ("a dot at the start", (".freya@icloud.com", None, None, None, None, None)),
    ("a domain without a dot", ("hugo@localhost", None, None, None, None, None)),
    ("a domain that begins with a hyphen", ("ines@-gmail.com", None, None, None, None, None)),
    ("no address", ("", None, None, None, None, None)),
    ("too few fields", ("jakob.bauer@gmail.com", None, None)),
    ("too many fields", ("julia.sato@gmail.com", None, None, None, None, None, "and one more")),
    ("no such time zone", ("lars.olsen@gmail.com", None, None, None, "Mars/Olympus_Mons", None)),
)


def make(rows: int, *, seed: str, bad: int, twice: int) -> People:
    """Make a file of `rows` rows, `bad` of them bad and `twice` of an address further up."""
    dice = random.Random(seed)  # noqa: S311 - a repeatable world, no secret
    people = list(itertools.islice(_strangers(dice), rows - bad - twice))
    again = [_shouted(dice, person) for person in dice.sample(people[: len(people) // 2], twice)]
    lines: list[tuple[Values, str]] = [(person, "") for person in people]
    for person in again:  # behind the first half, so that the address stands further up
        lines.insert(dice.randrange(len(people) // 2, len(lines) + 1), (person, ""))
    for what, values in itertools.islice(itertools.cycle(BAD), bad):
        filled = tuple(given if given is not None else "x" for given in values)
        lines.insert(dice.randrange(len(lines) + 1), (filled, what))
    return _written(lines, tuple(person[0] for person in people), twice)


def overlapping(people: People, *, shared: int, strangers: int, seed: str) -> People:
    """Make a file of people of whom `shared` stand in another file, too."""
    dice = random.Random(seed)  # noqa: S311
    known = set(people.addresses)
    fresh = (person for person in _strangers(dice) if person[0] not in known)
    shown = dice.sample(people.addresses, shared)
    rows: list[Values] = [(address, "", "", "", "", "") for address in shown]
    rows += itertools.islice(fresh, strangers)
    dice.shuffle(rows)
    return _written([(row, "") for row in rows], tuple(row[0] for row in rows), 0)


def _strangers(dice: random.Random) -> Iterator[Values]:
    """Yield people whose addresses all differ."""
    used: set[str] = set()
    while True:
        first, last = dice.choice(FIRST_NAMES.split()), dice.choice(LAST_NAMES.split())
        (domain,) = dice.choices(list(DOMAINS), list(DOMAINS.values()))
        local = f"{_plain(first)}.{_plain(last)}"
        address = f"{local}@{domain}"
        if address in used:
            address = f"{local}{dice.randrange(10, 9999)}@{domain}"
        if address not in used:
            used.add(address)
            yield address, first, last, *dice.choice(CITIES), dice.choice(NOTES)


def _plain(name: str) -> str:
    """Write a name as people do in an address."""
    decomposed = unicodedata.normalize("NFKD", name.lower().translate(LETTERS))
    return decomposed.encode("ascii", "ignore").decode()


def _shouted(dice: random.Random, person: Values) -> Values:
    """Write the same address in another case, as a second list often does."""
    return dice.choice((person[0].upper(), person[0].title())), *person[1:]


def _written(lines: Sequence[tuple[Values, str]], addresses: Values, merged: int) -> People:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    bad = {}
    line = 2
    for values, what in lines:
        writer.writerow(values)
        if what:
            bad[line] = what
        line += 1 + sum(value.count("\n") for value in values)
    return People(text.getvalue().encode(), len(lines), addresses, merged, bad)
