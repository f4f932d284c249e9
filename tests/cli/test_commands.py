"""The commands against an API that answers as it is told, and against the API's own description."""

import json
import stat
from pathlib import Path

import httpx
import pytest

from cli.commands import campaigns, files
from cli.commands.resources import RESOURCES
from cli.figures import COUNTS
from tests.cli.conftest import ScriptedApi, run

ROOT = Path(__file__).resolve().parents[2]
PATHS = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
PAGE = {"has_more": False, "next": None}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(campaigns, "LOOK_EVERY_SECONDS", 0.0)


@pytest.mark.parametrize("name", RESOURCES)
def test_every_command_of_a_resource_is_a_route(name: str) -> None:
    resource = RESOURCES[name]
    one = {path: set(routes) for path, routes in PATHS.items()}
    below = [methods for path, methods in one.items() if _is_item(path, resource.path)]
    item = set().union(*below)
    assert "get" in one[resource.path]
    assert ("post" in one[resource.path]) == resource.creates
    assert ("get" in item) == resource.shows
    assert ("delete" in item) == resource.deletes
    assert (resource.change or "").lower() in {*item, ""}
    assert bool({"patch", "put"} & item) == (resource.change is not None)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_table_shows_fields_that_there_are(name: str) -> None:
    resource = RESOURCES[name]
    shown = _described(PATHS[resource.path]["get"])
    assert set(resource.columns) <= shown


def _is_item(path: str, parent: str) -> bool:
    rest = path.removeprefix(f"{parent}/")
    return rest != path and rest.startswith("{") and "/" not in rest


def _described(operation: dict[str, object]) -> set[str]:
    """Return the fields of what a listing lists."""
    schemas = json.loads((ROOT / "docs" / "openapi.json").read_text())["components"]["schemas"]
    answer = json.dumps(operation["responses"]["200"])  # type: ignore[index]
    listing = schemas[answer.split("#/components/schemas/")[1].split('"')[0]]
    item = listing["properties"]["data"]["items"]["$ref"].rsplit("/", 1)[1]
    return set(schemas[item]["properties"])


def test_a_listing_is_a_table_or_a_line_of_json_each(api: ScriptedApi) -> None:
    rows = [{"list_id": "l1", "name": "[b]News[/b]", "last_sent": None}]
    api.on("GET /api/lists", {"data": rows, **PAGE})
    assert "[b]News[/b]" in run("lists", "list").output
    assert json.loads(run("lists", "list", "--json").output) == rows[0]


def test_no_more_is_read_than_was_asked_for(api: ScriptedApi) -> None:
    rows = [{"list_id": str(n)} for n in range(3)]
    api.on("GET /api/lists", {"data": rows, "has_more": True, "next": "n"})
    assert len(run("lists", "list", "--limit", "2", "--json").output.splitlines()) == 2
    assert len(api.requests) == 1


def test_one_is_created_shown_changed_and_deleted(api: ScriptedApi) -> None:
    api.on("POST /api/lists", {"list_id": "l1", "name": "News", "last_sent": None}, status=201)
    api.on("GET /api/lists/l1", {"list_id": "l1"})
    api.on("PATCH /api/lists/l1", {"list_id": "l1", "name": "Other"})
    api.on("DELETE /api/lists/l1", status=204)
    assert "News" in run("lists", "create", "name=News").output
    assert "l1" in run("lists", "show", "l1").output
    assert (
        json.loads(run("lists", "change", "l1", "name=Other", "--json").output)["name"] == "Other"
    )
    run("lists", "delete", "l1", "--yes")
    assert [(r.method, r.body) for r in api.requests] == [
        ("POST", b'{"name":"News"}'),
        ("GET", b""),
        ("PATCH", b'{"name":"Other"}'),
        ("DELETE", b""),
    ]


def test_nothing_is_deleted_without_a_yes(api: ScriptedApi) -> None:
    run("lists", "delete", "l1", code=1, typed="n\n")
    assert api.requests == []


def test_a_problem_is_told_with_its_places(api: ScriptedApi) -> None:
    places = [{"at": "html:3", "detail": "unknown tag"}]
    body = {"code": "template_error", "detail": "It has errors.", "errors": places}
    api.on("POST /api/templates", body, status=400)
    said = run("templates", "create", "name=x", code=1).stderr
    assert "400 template_error: It has errors." in said
    assert "html:3: unknown tag" in said


def test_an_api_that_is_not_there_is_told(
    api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTIDE_URL", "http://127.0.0.1:1")
    assert "cannot be reached" in run("lists", "list", code=1).stderr


@pytest.mark.usefixtures("home")
def test_without_an_address_it_says_what_to_do() -> None:
    assert "mailtide login" in run("lists", "list", code=2).stderr


def test_login_keeps_what_it_has_tried(
    api: ScriptedApi, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAILTIDE_URL")
    monkeypatch.delenv("MAILTIDE_API_KEY")
    api.on("GET /api/organisation", {"name": "Acme"})
    api.on("GET /api/lists", {"data": [], **PAGE})
    shown = run("login", "--url", api.url, typed="mt_secret\n").output
    assert "Acme" in shown
    assert "mt_secret" not in shown
    assert stat.S_IMODE(home.stat().st_mode) == 0o600
    run("lists", "list")
    assert api.requests[-1].headers["authorization"] == "Bearer mt_secret"


def test_login_keeps_nothing_that_does_not_work(api: ScriptedApi, home: Path) -> None:
    api.on("GET /api/organisation", {"code": "unauthenticated", "detail": "Unknown."}, status=401)
    run("login", "--url", api.url, "--key", "mt_bad", code=1)
    assert not home.exists()


def imported(state: str, **more: object) -> dict[str, object]:
    counts = {"rows_read": 3, "imported": 2, "merged": 0, "refused": 1, "bytes_done": 3}
    return {"import_id": "i", "state": state, "failure": None, "report_url": None, **counts, **more}


def test_an_import_uploads_starts_waits_and_fetches_the_report(
    api: ScriptedApi, tmp_path: Path
) -> None:
    file, refused = tmp_path / "people.csv", tmp_path / "refused.csv"
    file.write_text("email\nann@example.com\n")
    upload = {"method": "PUT", "url": f"{api.url}/upload", "headers": {}}
    api.on("POST /api/lists/l/imports", {"import_id": "i", "upload": upload}, status=201)
    api.on("PUT /upload")
    api.on("POST /api/imports/i/start", {})
    api.on("GET /api/imports/i", imported("running"))
    api.on("GET /api/imports/i", imported("done", report_url=f"{api.url}/report"))
    api.on("GET /report", b"line,reason\n3,no address\n")
    shown = run("import", str(file), "--list", "l", "--refused", str(refused), "--json").output
    assert json.loads(shown)["state"] == "done"
    assert refused.read_text() == "line,reason\n3,no address\n"
    assert next(r for r in api.requests if r.method == "PUT").body == file.read_bytes()


def test_an_import_that_fails_fails_the_command(api: ScriptedApi, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email\n")
    upload = {"method": "PUT", "url": f"{api.url}/upload", "headers": {}}
    api.on("POST /api/lists/l/imports", {"import_id": "i", "upload": upload})
    api.on("PUT /upload")
    api.on("POST /api/imports/i/start", {})
    api.on("GET /api/imports/i", imported("failed", failure="no column email"))
    assert "no column email" in run("import", str(file), "--list", "l", code=1).stderr


def test_an_export_waits_and_downloads(api: ScriptedApi, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    api.on("POST /api/exports", {"job_id": "j"}, status=202)
    api.on("GET /api/jobs/j", {"state": "running"})
    api.on("GET /api/jobs/j", {"state": "done", "download_url": f"{api.url}/file"})
    api.on("GET /file", b"email\nann@example.com\n")
    run("export", "list", "--list", "l", "-o", str(file))
    assert file.read_bytes() == b"email\nann@example.com\n"
    assert api.requests[0].json == {"kind": "list", "list_id": "l"}


def test_a_download_that_fails_is_told(api: ScriptedApi, tmp_path: Path) -> None:
    api.on("POST /api/exports", {"job_id": "j"}, status=202)
    api.on("GET /api/jobs/j", {"state": "done", "download_url": f"{api.url}/gone"})
    assert "404" in run("export", "contacts", "-o", str(tmp_path / "out"), code=1).stderr


@pytest.mark.parametrize("move", ["pause", "resume", "cancel", "unschedule"])
def test_a_campaign_is_moved(api: ScriptedApi, move: str) -> None:
    assert "post" in PATHS[f"/api/campaigns/{{campaign_id}}/{move}"]
    api.on(f"POST /api/campaigns/c/{move}", {"state": "x"})
    assert "x" in run("campaigns", move, "c").output


def test_a_dry_run_asks_for_one(api: ScriptedApi) -> None:
    api.on("POST /api/campaigns/c/start?dry_run=true", {"recipients": 7})
    assert "7" in run("campaigns", "start", "c", "--dry-run").output


def test_a_campaign_is_scheduled_with_its_offset(api: ScriptedApi) -> None:
    api.on("POST /api/campaigns/c/schedule", {"state": "scheduled"})
    run("campaigns", "schedule", "c", "2027-01-31T09:00+01:00")
    assert api.requests[0].json == {"send_at": "2027-01-31T09:00:00+01:00"}


def figures(sent: int, group_by: str | None = None, key: str = "gmail") -> dict[str, object]:
    counts = {name: 0 for _, names in COUNTS for name in names} | {"sent": sent, "delivered": 1}
    by_reader = {"human": 0.25, "all": 0.5}
    rates = {"delivery_rate": None, "open_rate": by_reader, "click_rate": by_reader}
    one = {"counts": counts, "rates": {**rates, "click_to_open_rate": by_reader}}
    groups = {"group_by": group_by, "groups": [{"key": key, **one}]} if group_by else {}
    return {"complete": group_by is None, "totals": one, **groups}


@pytest.mark.parametrize("as_json", [True, False])
def test_a_campaign_is_watched_to_its_end(api: ScriptedApi, as_json: bool) -> None:
    for state in ("sending", "sending", "sent"):
        api.on("GET /api/campaigns/c", {"state": state, "recipients": 2})
    api.on("GET /api/campaigns/c/insights", figures(1))
    api.on("GET /api/campaigns/c/insights", figures(2))
    shown = run("campaigns", "watch", "c", *(["--json"] if as_json else [])).output
    if as_json:
        assert [json.loads(line)["state"] for line in shown.splitlines()][-1] == "sent"
    assert len([r for r in api.requests if r.path == "/api/campaigns/c"]) == 3


def test_insights_are_shown_by_group(api: ScriptedApi) -> None:
    api.on("GET /api/campaigns/c/insights?group_by=provider", figures(5, "provider"))
    shown = run("campaigns", "insights", "c", "--group-by", "provider")
    lines = shown.stdout.splitlines()
    assert any(line.split()[:3] == ["gmail", "5", "1"] for line in lines)
    assert any(line.split()[:4] == ["gmail", "-", "25.0%", "(50.0%)"] for line in lines)
    assert "…" not in shown.stdout  # all of it fits a plain terminal
    assert "missing" in shown.stderr


def test_hours_of_insights_are_shown_as_such(api: ScriptedApi) -> None:
    found = figures(5, "hour", "2026-11-24T13:00:00Z")
    api.on("GET /api/campaigns/c/insights?group_by=hour", found)
    assert "24 Nov 13:00" in run("campaigns", "insights", "c", "--group-by", "hour").output


def test_insights_without_groups_are_the_totals(api: ScriptedApi) -> None:
    api.on("GET /api/campaigns/c/insights", figures(5))
    shown = run("campaigns", "insights", "c")
    assert any(line.split()[:3] == ["all", "5", "1"] for line in shown.stdout.splitlines())
    assert shown.stderr == ""
    assert json.loads(run("campaigns", "insights", "c", "--json").output) == figures(5)


def test_suppressions_are_listed_added_and_lifted(api: ScriptedApi) -> None:
    api.on("GET /api/suppressions", {"data": [{"email": "ann@example.com"}], **PAGE})
    api.on("POST /api/suppressions", {"email": "bob@example.com"})
    api.on("DELETE /api/suppressions/k", status=204)
    assert "ann@example.com" in run("suppressions", "list").output
    assert "bob@example.com" in run("suppressions", "add", "email=bob@example.com").output
    run("suppressions", "lift", "k")
    assert api.requests[-1].method == "DELETE"


def test_a_lost_connection_is_no_traceback(
    api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> httpx.Response:
        raise httpx.ConnectError("lost")

    monkeypatch.setattr(httpx.Client, "request", fail)
    assert "lost" in run("lists", "list", code=1).stderr


def test_a_message_is_sent_tried_shown_and_found(api: ScriptedApi) -> None:
    api.on("POST /api/messages", {"message_id": "m1", "suppressed": None}, status=202)
    api.on("POST /api/messages?dry_run=true", {"message_id": None, "suppressed": None}, status=202)
    api.on("GET /api/messages/m1", {"message_id": "m1", "events": []})
    api.on(
        "GET /api/messages?recipient=bob%40example.com", {"data": [{"message_id": "m1"}], **PAGE}
    )
    fields = (
        "to.email=bob@example.com",
        "identity_id=i1",
        "template_id=t1",
        "variables.order=4711",
    )
    assert "m1" in run("messages", "send", *fields).output
    assert api.requests[0].json == {
        "to": {"email": "bob@example.com"},
        "identity_id": "i1",
        "template_id": "t1",
        "variables": {"order": "4711"},
    }
    run("messages", "send", *fields, "--dry-run")
    assert json.loads(run("messages", "show", "m1", "--json").output)["message_id"] == "m1"
    assert "m1" in run("messages", "find", "bob@example.com").output


def test_a_relays_settings_are_lines_for_its_own_tool(api: ScriptedApi) -> None:
    steps = [{"why": "so", "operation": {"@type": "update", "object": "MtaStageData"}}]
    made = {"steps": steps, "by_hand": ["Alarm on it."]}
    path = "/api/sending-ips/relay-settings"
    api.on(f"GET {path}?source_ips=a%3D192.0.2.1%2Cb%3D%3A%3A1", made)
    api.on(f"GET {path}?source_ips=", made)
    ran = run("sending-ips", "relay-settings", "--source-ip", "a=192.0.2.1", "--source-ip", "b=::1")
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [steps[0]["operation"]]
    assert ran.stderr == "Alarm on it.\n"
    assert json.loads(run("sending-ips", "relay-settings", "--json").stdout) == made
    assert path in PATHS
