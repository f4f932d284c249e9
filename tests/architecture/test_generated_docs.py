"""The generated parts of the documents are what the code says now."""

from local import docs


def test_generated_documents_are_up_to_date() -> None:
    stale = [
        path.name
        for path, text in docs.generated().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run make docs"
