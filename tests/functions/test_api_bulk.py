"""Many things in one call: contacts with a result each, members by their ids."""

from typing import Any

import pytest

from mailtide.domain.organisation import Scope
from tests.functions.tenants import Api, Tenant, furnish


def test_a_batch_of_contacts_says_what_became_of_each(acme: Tenant) -> None:
    batch = [{"email": "ann@example.com", "timezone": "UTC"}, {"email": "nobody"}]
    answer = acme.call("POST", "/api/contacts/batch", {"contacts": batch})
    assert answer.status == 200
    assert (answer.json["saved"], answer.json["refused"]) == (1, 1)
    ann, nobody = answer.json["results"]
    shown = acme.call("GET", f"/api/contacts/{ann['contact_id']}").json
    assert (shown["email"], shown["timezone"]) == ("ann@example.com", "UTC")
    assert (nobody["index"], nobody["contact_id"], nobody["code"]) == (1, None, "invalid_address")


def test_a_batch_can_be_sent_again(acme: Tenant) -> None:
    batch = {"contacts": [{"email": f"{n}@example.com"} for n in range(20)]}
    first = acme.call("POST", "/api/contacts/batch", batch).json
    assert acme.call("POST", "/api/contacts/batch", batch).json == first
    assert len(acme.call("GET", "/api/contacts").json["data"]) == 20


@pytest.mark.parametrize(
    "contacts", [[], [{"email": "a@example.com"}] * 501, [{"nmae": "x"}], ["ann@example.com"], None]
)
def test_a_batch_of_another_form_is_refused_as_a_whole(acme: Tenant, contacts: Any) -> None:
    answer = acme.call("POST", "/api/contacts/batch", {"contacts": contacts})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert acme.call("GET", "/api/contacts").json["data"] == []


def test_a_contact_is_looked_up_by_its_address(world: Api) -> None:
    ann = world.acme.make("/api/contacts", {"email": "ann@example.com"})
    world.acme.make("/api/contacts", {"email": "bob@example.com"})
    found = world.acme.call("GET", "/api/contacts", query={"email": " ANN@example.com"}).json
    assert found == {"data": [ann], "has_more": False, "next": None}
    other = world.other.call("GET", "/api/contacts", query={"email": "ann@example.com"})
    assert other.json["data"] == []
    assert world.acme.call("GET", "/api/contacts", query={"email": "ann"}).code == "invalid_address"


def test_members_are_added_by_their_ids(world: Api) -> None:
    ids, theirs = furnish(world.acme), furnish(world.other)
    new = [world.acme.make("/api/contacts", {"email": f"{n}@x.org"}, "contact_id") for n in "abc"]
    named = [*new, ids["contact_id"], new[0], theirs["contact_id"], "zebra"]
    path = f"/api/lists/{ids['list_id']}/members"
    answer = world.acme.call("POST", path, {"contact_ids": named})
    assert answer.json == {"added": 4, "not_found": [theirs["contact_id"], "zebra"]}
    shown = {one["contact_id"] for one in world.acme.call("GET", path).json["data"]}
    assert shown == {*new, ids["contact_id"]}


def test_the_organisation_is_shown_to_all_its_keys_and_renamed_by_its_admin(world: Api) -> None:
    path = "/api/organisation"
    shown = world.acme.clients[Scope.READ].call("GET", path).json
    assert shown["org_id"] == world.acme.org_id
    assert world.acme.call("PATCH", path, {}).json == shown
    renamed = world.acme.call("PATCH", path, {"name": " Acme Ltd "}).json
    assert renamed == {**shown, "name": "Acme Ltd"}
    assert world.acme.call("GET", path).json == renamed
    assert world.other.call("GET", path).json["org_id"] == world.other.org_id
    assert world.acme.call("PATCH", path, {"name": ""}).code == "invalid_request"
