"""Late routes: loaded once, by the first admitted request for their resource."""

import sys
from types import SimpleNamespace

import pytest

from mailtide.domain.organisation import Scope
from mailtide.http import Id
from mailtide.resource import Resource
from tests.frame import World, text_of
from tests.http import Client

KEY = text_of("acme", Scope.READ)
MODULES = {"boxes": ["late_boxes", "late_lids"], "lids": ["late_lids"]}


class Late:
    """Stands in for modules, and remembers which were loaded."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def module(self, name: str, path: str) -> SimpleNamespace:
        resource = Resource(name)

        @resource.get(f"{path}/<one>", Scope.READ, "Get one")
        def get(one: Id) -> dict[str, str]:
            return {name: one}

        class Module(SimpleNamespace):
            @property
            def resource(_) -> Resource:  # noqa: N805 - `self` is the test's
                self.loaded.append(name)
                return resource

        return Module()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Late:
    late = Late()
    monkeypatch.setitem(sys.modules, "late_boxes", late.module("boxes", "/api/boxes"))
    monkeypatch.setitem(sys.modules, "late_lids", late.module("lids", "/api/lids"))
    return late


def client(key: str | None = KEY) -> Client:
    return Client(World().resolver(modules=MODULES).resolve, key)


def test_a_resource_s_routes_are_loaded_once_and_those_of_others_stay_away(late: Late) -> None:
    acme = client()
    assert [acme.call("GET", f"/api/lids/{n}").json for n in "12"] == [{"lids": "1"}, {"lids": "2"}]
    assert late.loaded == ["lids"]
    assert acme.call("GET", "/api/boxes/1").json == {"boxes": "1"}
    assert late.loaded == ["lids", "boxes"]


def test_who_describes_the_routes_loads_all_of_them(late: Late) -> None:
    api = World().resolver(modules=MODULES)
    api.load_all()
    assert late.loaded == ["boxes", "lids"]
    api.load_all()
    assert late.loaded == ["boxes", "lids"]
    assert Client(api.resolve, KEY).call("GET", "/api/boxes/1").status == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/", "/api/box", "/api/BOXES/1", "/boxes/1", "/api//boxes"],
)
def test_another_path_loads_nothing_and_is_not_found(late: Late, path: str) -> None:
    assert client().call("GET", path).code == "not_found"
    assert late.loaded == []


def test_another_method_is_not_found(late: Late) -> None:
    assert client().call("POST", "/api/boxes/1", {}).code == "not_found"


def test_a_stranger_makes_nothing_load(late: Late) -> None:
    assert client(key=None).call("GET", "/api/boxes/1").code == "unauthenticated"
    assert late.loaded == []


def test_what_failed_to_load_is_loaded_by_the_next_request(
    late: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = client()
    with monkeypatch.context() as broken:
        broken.setitem(sys.modules, "late_lids", None)  # its import fails
        assert acme.call("GET", "/api/lids/1").code == "internal"
    assert acme.call("GET", "/api/lids/1").json == {"lids": "1"}
