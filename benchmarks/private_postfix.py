"""Private Postfix: a real mail server in a directory of its own, which throws all mail away.

It shares nothing with an installed one: configuration, queue, log and port are its own.
"""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.smtp_peers import free_port, wait_for

MAIN = """compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
maillog_file = {place}/log
maillog_file_prefixes = {place}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = discard
local_transport = discard
alias_maps =
default_destination_concurrency_limit = 100
smtpd_client_connection_count_limit = 0
enable_long_queue_ids = yes
"""
MASTER = """127.0.0.1:{whole} inet n - n - 100 smtpd
127.0.0.1:{plain} inet n - n - 100 smtpd -o smtpd_discard_ehlo_keywords=chunking
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_SENT = re.compile(r"discard\[\d+\]: (\w+): .*status=sent")


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running instance."""

    port: int  # with CHUNKING
    plain_port: int  # without
    place: Path

    def delivered(self) -> list[str]:
        """Return the queue ids of all messages that were delivered, one for each time."""
        return _SENT.findall((self.place / "log").read_text())

    def wait_until(self, delivered: int, seconds: float = 300) -> None:
        """Wait until so many messages were delivered, or nothing more happens."""
        end = time.monotonic() + seconds
        while len(self.delivered()) < delivered and time.monotonic() < end:
            time.sleep(1)

    def trouble(self) -> list[str]:
        """Return the log's warnings and errors."""
        lines = (self.place / "log").read_text().splitlines()
        return [line for line in lines if re.search(r"warning:|error:|fatal:|improper", line)]


@contextmanager
def running() -> Iterator[Postfix]:
    """Start an instance, and stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        place = Path(name)
        place.chmod(0o755)
        found = Postfix(free_port(), free_port(), place)
        for directory in ("etc", "queue", "data"):
            (place / directory).mkdir()
        shutil.chown(place / "data", "postfix")
        ports = {"whole": found.port, "plain": found.plain_port}
        (place / "etc/main.cf").write_text(MAIN.format(place=place))
        (place / "etc/master.cf").write_text(MASTER.format(**ports))
        _postfix(place, "start")
        try:
            wait_for(found.port)
            wait_for(found.plain_port)
            yield found
        finally:
            _postfix(place, "stop")


def _postfix(place: Path, command: str) -> None:
    subprocess.run(["postfix", "-c", str(place / "etc"), command], check=True, capture_output=True)
