"""What a cold start costs: no function takes longer to import than its budget."""

import pytest

from benchmarks import cold_start

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def measured() -> dict[str, float]:
    """Milliseconds by function, of the package as it is deployed."""
    _, taken = cold_start.measure(cold_start.package(), [*cold_start.imports()])
    return {function: milliseconds for (function, _), milliseconds in taken.items()}


@pytest.mark.parametrize("function", cold_start.BUDGETS)
def test_a_function_is_imported_within_its_budget(
    measured: dict[str, float], function: str
) -> None:
    assert measured[function] <= cold_start.BUDGETS[function]
