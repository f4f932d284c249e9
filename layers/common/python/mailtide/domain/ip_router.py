"""IP router: over which sending IPs a block of messages leaves.

Units: capacities and shares are messages.
"""

from collections.abc import Mapping


def share(count: int, capacity: Mapping[str, int | None], seed: str) -> dict[str, int]:
    """Split `count` messages evenly over IPs, none beyond its capacity (None is unlimited).

    The shares sum to min(count, total capacity). Which IP gets the odd one depends on `seed` only,
    so that a repeat decides the same and many small blocks still spread.
    """
    shares = dict.fromkeys(capacity, 0)
    start = sum(seed.encode())
    left = count
    while left:
        open_ips = sorted(ip for ip, most in capacity.items() if most is None or shares[ip] < most)
        if not open_ips:
            break
        turn = start % len(open_ips)
        each = max(1, left // len(open_ips))
        for ip in open_ips[turn:] + open_ips[:turn]:
            most = capacity[ip]
            room = left if most is None else most - shares[ip]
            given = min(each, room, left)
            shares[ip] += given
            left -= given
    return {ip: n for ip, n in shares.items() if n}


def scarcest_first(capacity: Mapping[str, int | None]) -> list[str]:
    """Return the IPs by what they have left, the unlimited last."""
    return sorted(capacity, key=lambda ip: (capacity[ip] is None, capacity[ip] or 0, ip))
