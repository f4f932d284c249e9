"""A resource: its routes answer their status, to keys of their scope, about one organisation."""

import pytest
from aws_lambda_powertools.event_handler import Response

from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.errors import NotFoundError
from mailtide.http import After, Body, Id, Limit, Listing, no_content
from mailtide.resource import Resource, found
from tests.frame import World, text_of
from tests.http import Client

THINGS = {"acme": ["anvil", "rocket", "spring"], "globex": ["globe", "map"]}


class Shown(Body):
    name: str


def page_of(org_id: str, limit: int, after: str | None) -> Page[str]:
    start = int(after or 0)
    end = start + limit
    return Page(THINGS[org_id][start:end], str(end) if end < len(THINGS[org_id]) else None)


def show(name: str) -> Shown:
    return Shown(name=name)


def things() -> Resource:
    resource = Resource("things")

    @resource.get("/api/things", Scope.READ, "List")
    def list_things(limit: Limit = 1, after: After = None) -> Listing[Shown]:
        return resource.listed("things", page_of, limit, after, show)

    @resource.get("/api/others", Scope.READ, "List others")
    def list_others(limit: Limit = 1, after: After = None) -> Listing[Shown]:
        return resource.listed("others", page_of, limit, after, show)

    @resource.post("/api/things", Scope.SEND, "Create", status=201)
    def create(thing: Shown) -> Shown:
        return thing

    @resource.put("/api/things/<name>", Scope.SEND, "Replace")
    def replace(name: Id, thing: Shown) -> Shown:
        return thing

    @resource.patch("/api/things/<name>", Scope.SEND, "Change")
    def change(name: Id, thing: Shown) -> Shown:
        return thing

    @resource.delete("/api/things/<name>", Scope.ADMIN, "Delete")
    def delete(name: Id) -> Response[None]:
        return no_content()

    return resource


@pytest.fixture
def acme() -> Client:
    return client("acme")


def client(org_id: str) -> Client:
    api = World().resolver()
    api.include_router(things().router)
    return Client(api.resolve, text_of(org_id, Scope.SEND))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/things", None, 200),
        ("POST", "/api/things", {"name": "box"}, 201),
        ("PUT", "/api/things/box", {"name": "box"}, 200),
        ("PATCH", "/api/things/box", {"name": "box"}, 200),
        ("DELETE", "/api/things/box", None, 403),  # the key may send, and is no admin's
    ],
)
def test_a_route_answers_its_status_to_keys_of_its_scope(
    acme: Client, method: str, path: str, body: dict[str, str] | None, status: int
) -> None:
    assert acme.call(method, path, body).status == status


def test_a_body_is_checked_against_the_route_s_annotations(acme: Client) -> None:
    assert acme.call("POST", "/api/things", {"nmae": "box"}).code == "invalid_request"


def test_a_listing_shows_what_the_caller_s_organisation_has() -> None:
    names = {
        org_id: client(org_id).call("GET", "/api/things", query={"limit": "9"}).json["data"]
        for org_id in THINGS
    }
    assert names == {org: [{"name": name} for name in mine] for org, mine in THINGS.items()}


def test_a_cursor_goes_on_in_its_own_listing(acme: Client) -> None:
    after = acme.call("GET", "/api/things").json["next"]
    assert acme.call("GET", "/api/things", query={"after": after}).json["data"] == [
        {"name": "rocket"}
    ]


@pytest.mark.parametrize(("org_id", "path"), [("globex", "/api/things"), ("acme", "/api/others")])
def test_a_cursor_opens_no_other_listing(acme: Client, org_id: str, path: str) -> None:
    after = acme.call("GET", "/api/things").json["next"]
    answer = client(org_id).call("GET", path, query={"after": after})
    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize("nothing", [None, False])
def test_what_a_store_does_not_have_is_not_found(nothing: bool | None) -> None:
    with pytest.raises(NotFoundError, match=r"There is no thing with this id\."):
        found(nothing, "thing")


def test_what_a_store_has_is_returned() -> None:
    assert found("box", "thing") == "box"
