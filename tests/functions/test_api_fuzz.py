"""Every operation against generated requests, good and bad: no fault of ours, nothing half-written.

Schemathesis draws the requests from the description and checks each answer against it. A path names
things that are there as often as things that are not. What is refused, or only asked for, may have
changed nothing. `MAILTIDE_FUZZ` is how many requests each operation gets of each kind.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from mailtide import app
from mailtide.app import ip_desks
from tests.functions.quick_moto import quicken
from tests.functions.snapshot import held
from tests.functions.tenants import Tenant, furnish, tenant
from tests.functions.walk import DESCRIPTION, OPERATIONS, Operation, over
from tests.functions.wsgi import application

pytestmark = pytest.mark.thorough

EXAMPLES = int(os.environ.get("MAILTIDE_FUZZ", "2"))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
# Every request has a key: what none or a small one gets is walked in `test_api_tenants`.
OPEN = {
    **DESCRIPTION,
    "paths": {
        path: {
            method: {name: value for name, value in operation.items() if name != "security"}
            for method, operation in operations.items()
        }
        for path, operations in DESCRIPTION["paths"].items()
    },
}
SCHEMA = schemathesis.openapi.from_dict(OPEN)
SCHEMA.app = application
numbers = count()


@dataclass
class Owner:
    """A tenant with one of everything; what a request took away is made anew."""

    tenant: Tenant
    ids: dict[str, str] = field(default_factory=dict)
    is_complete: bool = False
    held: dict[str, str] | None = None  # everything there is, while nothing has changed

    def furnished(self) -> dict[str, str]:
        """Make one of everything, unless it is there; return the ids."""
        if not self.is_complete:
            self.ids = furnish(self.tenant, f"n{next(numbers)}")
            self.is_complete = True
            self.held = None
        return self.ids


@pytest.fixture(scope="module")
def owner(shared_stack: Any) -> Iterator[Owner]:
    """Somebody for all tests; every relay's host has an address, nothing is looked up for real."""
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        app.api.cache_clear()
        patch.setattr(ip_desks, "_resolve", lambda host: ["93.184.216.34"])
        yield Owner(tenant(f"fuzz{next(numbers)}"))
    app.api.cache_clear()


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        pytest.param(operation, mode, id=f"{operation} {mode.value}")
        for operation in OPERATIONS
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        if operation.takes_anything or mode is GenerationMode.POSITIVE
    ],
)
def test_an_operation_bears_any_request(
    owner: Owner, operation: Operation, mode: GenerationMode
) -> None:
    key = {"Authorization": f"Bearer {owner.tenant.admin.key}"}
    described = SCHEMA[operation.path][operation.method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy(mode), real=st.booleans())
    def ask(case: Case[Any], real: bool) -> None:
        if real:
            _be_real(case, owner.furnished(), mode)
        owner.held = owner.held or held()
        response = case.call(headers=key)
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400 or operation.method == "GET":
            assert held() == owner.held, response.content
            return
        owner.held = None
        if operation.names and operation.method in ("DELETE", "POST"):
            owner.is_complete = False

    ask()


def _be_real(case: Case[Any], ids: dict[str, str], mode: GenerationMode) -> None:
    """Let a request name things that are there, unless its path is what is wrong with it."""
    path = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    if path and path.mode is GenerationMode.NEGATIVE:
        return
    known = {name: ids[name] for name in case.path_parameters if name in ids}
    case.path_parameters = {**case.path_parameters, **known}
    if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
        case.body = over(case.body, ids)
