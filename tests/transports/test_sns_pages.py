"""SNS's pages from a server on loopback: certificates are kept, nothing endless is read."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from urllib3 import PoolManager

from local.receivers.certificate import server_context
from mailtide.errors import RetryableError
from mailtide.transports.sns_pages import MOST_KEPT, SIZE_LIMIT, SnsPages
from tests.serving import QuietHandler, serving


class Answers:
    """What the server answers, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.body = b"a certificate"

    def handler(self) -> type[BaseHTTPRequestHandler]:
        answers = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
                answers.asked.append(self.path)
                self.send_response(answers.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(answers.body)))
                self.end_headers()
                self.wfile.write(answers.body)

        return Handler


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def url(answers: Answers) -> Iterator[str]:
    with serving(answers.handler()) as address:
        yield address


@pytest.fixture
def pages() -> SnsPages:
    return SnsPages(PoolManager())


def test_a_certificate_is_fetched_once(pages: SnsPages, answers: Answers, url: str) -> None:
    assert [pages.certificate(f"{url}/x.pem") for _ in range(3)] == [answers.body] * 3
    assert answers.asked == ["/x.pem"]


def test_no_more_certificates_are_kept_than_there_can_be(
    pages: SnsPages, answers: Answers, url: str
) -> None:
    for number in range(MOST_KEPT + 1):
        pages.certificate(f"{url}/{number}.pem")
    assert len(pages.kept) == 1
    assert pages.certificate(f"{url}/0.pem") == answers.body


def test_a_confirmation_is_visited_every_time(pages: SnsPages, answers: Answers, url: str) -> None:
    pages.confirm(f"{url}/?Action=ConfirmSubscription")
    pages.confirm(f"{url}/?Action=ConfirmSubscription")
    assert len(answers.asked) == 2


@pytest.mark.parametrize("status", [301, 302, 403, 404, 500, 503])
def test_any_other_answer_is_for_another_try(
    pages: SnsPages, answers: Answers, url: str, status: int
) -> None:
    answers.status = status
    with pytest.raises(RetryableError):
        pages.certificate(f"{url}/x.pem")
    assert answers.asked == ["/x.pem"]  # no redirect is followed
    answers.status = 200
    assert pages.certificate(f"{url}/x.pem") == answers.body


def test_no_more_is_read_than_a_certificate_can_have(
    pages: SnsPages, answers: Answers, url: str
) -> None:
    answers.body = b"x" * SIZE_LIMIT
    assert len(pages.certificate(f"{url}/fits.pem")) == SIZE_LIMIT
    answers.body += b"x"
    with pytest.raises(RetryableError):
        pages.certificate(f"{url}/x.pem")


def test_a_host_that_does_not_answer_is_for_another_try(pages: SnsPages) -> None:
    with pytest.raises(RetryableError):
        pages.certificate("http://127.0.0.1:1/x.pem")


def test_a_host_that_cannot_prove_who_it_is_is_not_listened_to(
    pages: SnsPages, answers: Answers
) -> None:
    with serving(answers.handler(), server_context()) as url, pytest.raises(RetryableError):
        pages.certificate(f"{url}/x.pem")
    assert answers.asked == []
