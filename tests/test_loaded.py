"""Models in memory: one copy of each, the least recently used leaving first under a budget."""

import threading
import weakref

import pytest
import tiny
import torch

from blurlab import places
from blurlab.ui import loaded


@pytest.fixture(autouse=True)
def three(tmp_path, monkeypatch):
    """Three installed models, none of them in memory."""
    monkeypatch.setattr(places, "SHIPPED_MODELS", tmp_path)
    for name in ("a", "b", "c"):
        tiny.install(tmp_path, name)
    loaded.forget()
    yield
    loaded.forget()


def bytes_of_one():
    loaded.model("a")
    return loaded.in_memory()["a"].bytes


def make_room(monkeypatch, count):
    """Set the budget to so many of these models."""
    share = loaded.SHARE * (count + 0.5) * bytes_of_one() / loaded.budget()
    monkeypatch.setattr(loaded, "SHARE", share)


def test_a_models_bytes_are_those_of_its_weights():
    weights = sum(value.numel() for value in loaded.model("a").net.state_dict().values())
    assert weights * 4 <= bytes_of_one() <= weights * 4 + 200


def test_the_least_recently_used_leaves_first(monkeypatch):
    make_room(monkeypatch, 2)
    loaded.model("b")
    loaded.model("a")
    loaded.model("c")
    assert list(loaded.in_memory()) == ["a", "c"]


def test_a_model_that_has_left_frees_its_memory(monkeypatch):
    make_room(monkeypatch, 1)
    left = weakref.ref(loaded.model("a").net)
    loaded.model("b")
    assert left() is None


def test_a_model_larger_than_the_budget_is_kept_alone(monkeypatch):
    make_room(monkeypatch, 0)
    first = loaded.model("a")
    assert loaded.model("a") is first
    loaded.model("b")
    assert list(loaded.in_memory()) == ["b"]


def test_sessions_that_ask_at_once_share_one_copy():
    found = []
    threads = [threading.Thread(target=lambda: found.append(loaded.model("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(model) for model in found}) == 1


def test_the_budget_is_a_share_of_the_memory_that_there_is():
    assert 10e6 < loaded.budget() < 10e12
    assert loaded.in_memory() == {}


def test_the_time_over_a_picture_is_that_of_a_forward_pass():
    model = loaded.model("a")
    assert 0 < loaded.in_memory()["a"].seconds < 5
    assert not model(torch.zeros(1, 3, 32, 32)).requires_grad
