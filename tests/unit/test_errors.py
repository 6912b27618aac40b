"""The family of errors: each kind tells the edge what to do with it."""

from __future__ import annotations

import inspect

import pytest

from render import errors
from render.errors import HostaError, SourceError, StateError, UsageError, error_of

FAMILY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, HostaError)]


def test_all_errors_of_the_module_are_family() -> None:
    defined = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    assert set(defined) == set(FAMILY)
    assert len(FAMILY) >= 9


def test_codes_on_the_wire_are_unique() -> None:
    assert len({kind.code for kind in FAMILY}) == len(FAMILY)


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_each_has_what_the_edges_need(kind: type[HostaError]) -> None:
    assert 400 <= kind.http_status < 600
    assert 1 <= kind.exit_code < 126
    assert str(kind("a sentence")) == "a sentence"
    assert (kind.__doc__ or "").strip()


def test_a_wrong_state_is_a_wrong_request() -> None:
    assert issubclass(StateError, UsageError)
    assert StateError.exit_code == 2
    assert StateError.http_status == 422


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_an_error_comes_back_from_its_code(kind: type[HostaError]) -> None:
    error = error_of(kind.code, "a sentence")
    assert type(error) is kind
    assert str(error) == "a sentence"


def test_an_error_of_a_room_comes_back_as_the_family_member_that_it_is() -> None:
    class FullError(SourceError):
        pass

    assert type(error_of(FullError.code, "")) is SourceError
    assert type(error_of("of another version", "")) is HostaError


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("one", "one"), ("it does not compile:\nline 1\nline 2", "it does not compile"), ("\n a \nb", "a"), ("", "error")],
)
def test_the_sentence_is_one_line(text: str, sentence: str) -> None:
    assert HostaError(text).sentence == sentence
