"""Downloads from a real server that truncates, stalls, lies, serves pages, and resumes."""

import hashlib
import re
import time

import pytest
from servers import CONTENT

from blurlab.data import downloads
from blurlab.data.downloads import Progress, fetch

SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "weights.pth"


def left(path):
    """The names of what lies in the folder of a download."""
    return sorted(each.name for each in path.parent.iterdir())


@pytest.mark.parametrize("way", ["whole", "unknown-length"])
def test_a_file_arrives_whole_and_says_how_far_it_is(server, path, way):
    steps = list(fetch(f"{server.address}/{way}", path, SHA256))
    assert path.read_bytes() == CONTENT
    assert left(path) == ["weights.pth"]
    total = len(CONTENT) if way == "whole" else None
    assert steps[0] == Progress(0, total)
    assert steps[-1] == Progress(len(CONTENT), total)
    assert [each.done for each in steps] == sorted(each.done for each in steps)


def test_the_first_digits_of_a_hash_are_enough(server, path):
    list(fetch(f"{server.address}/whole", path, SHA256[:8]))
    assert path.read_bytes() == CONTENT


def test_a_cut_download_says_so_and_the_next_goes_on_where_it_ended(server, path):
    url = f"{server.address}/truncated"
    with pytest.raises(ValueError, match=r"400,000 of 1,024,000 bytes, which are kept; try again"):
        list(fetch(url, path, SHA256))
    assert left(path) == ["weights.pth.part"]
    steps = list(fetch(url, path, SHA256))
    assert steps[0] == Progress(400_000, len(CONTENT))
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=400000-"]


def test_a_stalled_server_is_given_up_and_its_bytes_kept(server, path, monkeypatch):
    monkeypatch.setattr(downloads, "STALL", 0.3)
    url, begun = f"{server.address}/stalled", time.monotonic()
    with pytest.raises(ValueError, match=r"sent nothing for 0\.3 seconds; what arrived is kept"):
        list(fetch(url, path, SHA256))
    assert time.monotonic() - begun < 5
    list(fetch(url, path, SHA256))
    assert path.read_bytes() == CONTENT
    assert server.ranges[1] == "bytes=300000-"


def test_a_server_without_ranges_is_asked_for_the_whole(server, path):
    path.parent.mkdir()
    path.with_name("weights.pth.part").write_bytes(CONTENT[:1234])
    steps = list(fetch(f"{server.address}/no-ranges", path, SHA256))
    assert steps[0].done == 0
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_whole_already_needs_no_more_bytes(server, path):
    path.parent.mkdir()
    path.with_name("weights.pth.part").write_bytes(CONTENT)
    assert list(fetch(f"{server.address}/whole", path, SHA256)) == []
    assert path.read_bytes() == CONTENT


def test_a_part_of_another_file_is_found_out_and_removed(server, path):
    path.parent.mkdir()
    path.with_name("weights.pth.part").write_bytes(b"x" * 1000)
    with pytest.raises(ValueError, match=r"has the SHA-256 .* and was removed"):
        list(fetch(f"{server.address}/whole", path, SHA256))
    assert left(path) == []
    list(fetch(f"{server.address}/whole", path, SHA256))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("way", "problem"),
    [
        ("page", "gives a web page instead of the file; try again, or ask the authors."),
        ("other", f"instead of {SHA256[:16]}..., and was removed; try again, or ask the authors."),
        ("longer", "and was removed"),
        ("gone", "answers 404 Not Found; try again, or ask the authors."),
    ],
)
def test_what_is_not_the_file_is_refused_and_removed(server, path, way, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        list(fetch(f"{server.address}/{way}", path, SHA256, remedy="ask the authors"))
    assert left(path) == []


def test_a_length_that_never_arrives_is_noticed(server, path):
    with pytest.raises(ValueError, match=r"ended after 1,024,000 of 1,025,000 bytes"):
        list(fetch(f"{server.address}/shorter", path, SHA256))
    assert not path.exists()


def test_a_file_of_another_size_is_refused_before_it_is_fetched(server, path):
    with pytest.raises(ValueError, match=r"has 1,024,000 bytes instead of 5"):
        list(fetch(f"{server.address}/whole", path, SHA256, size=5))
    assert left(path) == []


def test_a_download_that_nobody_draws_any_more_ends_and_can_go_on(server, path):
    going = fetch(f"{server.address}/slow", path, SHA256)
    for _ in range(5):
        next(going)
    going.close()
    (part,) = left(path)
    begun = path.with_name(part).read_bytes()
    assert 0 < len(begun) < len(CONTENT)
    assert CONTENT.startswith(begun)
    list(fetch(f"{server.address}/whole", path, SHA256))
    assert path.read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={len(begun)}-"


def test_a_server_that_is_not_there_is_named_with_what_to_do(path):
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:9/x cannot be reached .*or ask them\.$"):
        list(fetch("http://127.0.0.1:9/x", path, SHA256, remedy="ask them"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_only_the_web_is_fetched_from(path, url):
    with pytest.raises(ValueError, match="begins with https:// or http://"):
        list(fetch(url, path, SHA256))
