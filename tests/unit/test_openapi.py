"""The description of the API is the one of the code."""

from local import openapi


def test_the_written_description_is_up_to_date() -> None:
    assert openapi.OUTPUT.read_text(encoding="utf-8") == openapi.text(), "run make docs"


def test_every_operation_may_answer_a_problem() -> None:
    for path, operations in openapi.description()["paths"].items():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"], path


def test_every_operation_names_its_scope() -> None:
    operations = [
        operation for path in openapi.description()["paths"].values() for operation in path.values()
    ]
    assert all(operation["security"][0]["key"] for operation in operations)
