"""What is kept of a measure: whole or not at all, found again, joined; damage is named."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch.testing import assert_close

from blurlab import places
from blurlab.measures import provenance, results
from blurlab.measures.provenance import Made
from blurlab.measures.results import Key

KEY = Key("0123456789abcdef", "objects/val/32", "hybrids", {"alphas": [0, 50.5]}, 0)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """Folders of results of our own, one that ships and one that is written to."""
    monkeypatch.setattr(places, "SHIPPED_RESULTS", tmp_path / "shipped")
    monkeypatch.setenv("BLURLAB_RESULTS", str(tmp_path / "own"))
    monkeypatch.setattr(results, "_damaged", {})
    return tmp_path


def tally(number):
    """Sums of several shapes whose digits no shorter type would keep."""
    generator = torch.Generator().manual_seed(number)
    return {
        "pictures": torch.tensor(50.0, dtype=torch.float64),
        "curve": torch.rand(4, dtype=torch.float64, generator=generator) / 3,
        "heat": torch.rand(2, 3, dtype=torch.float64, generator=generator) / 3,
    }


def assert_same(found, numbers):
    assert sorted(found) == sorted(numbers)
    for number in numbers:
        expected = tally(number)
        assert list(found[number]) == list(expected)
        for name, value in expected.items():
            assert_close(found[number][name], value, rtol=0, atol=0)


def test_a_tally_comes_back_to_the_last_digit_and_in_its_shape():
    results.add(KEY, 3, tally(3))
    assert_same(results.read(KEY), [3])


def test_not_a_number_comes_back_as_such():
    results.add(KEY, 0, {"sum": torch.tensor([1.0, torch.nan], dtype=torch.float64)})
    assert results.read(KEY)[0]["sum"].isnan().tolist() == [False, True]


def test_nothing_kept_is_no_error():
    assert results.read(KEY) == {}


@pytest.mark.parametrize(
    "other",
    [
        KEY._replace(model="f" * 16),
        KEY._replace(data="objects/val/64"),
        KEY._replace(measure="passes"),
        KEY._replace(settings={"alphas": [0, 51]}),
        KEY._replace(seed=1),
    ],
    ids=Key._fields,
)
def test_every_part_of_the_key_keeps_results_apart(other):
    results.add(KEY, 0, tally(0))
    assert results.read(other) == {}


def test_the_order_of_settings_and_lists_for_tuples_make_no_difference():
    first = KEY._replace(settings={"a": (1, 2), "b": None})
    results.add(first, 0, tally(0))
    assert_same(results.read(KEY._replace(settings={"b": None, "a": [1, 2]})), [0])


def test_the_digest_never_changes_or_what_ships_would_be_lost():
    assert KEY.digest == "142e40cfc90b4301"


def test_what_ships_and_what_is_ones_own_are_read_together(store):
    for number in (0, 1):
        results.add(KEY, number, tally(number))
    assert results.join(KEY, places.SHIPPED_RESULTS) == store / "shipped" / f"{KEY.digest}.parquet"
    results.add(KEY, 2, tally(2))
    assert_same(results.read(KEY), [0, 1, 2])


def test_joining_keeps_everything_in_one_file_and_takes_more_afterwards(store):
    for number in (2, 0, 1):
        results.add(KEY, number, tally(number))
    path = results.join(KEY)
    assert [file for file in store.rglob("*") if file.is_file()] == [path]
    assert_same(results.read(KEY), [0, 1, 2])
    results.add(KEY, 7, tally(7))
    results.join(KEY)
    assert_same(results.read(KEY), [0, 1, 2, 7])


def test_joining_nothing_is_an_error():
    with pytest.raises(ValueError, match="nothing is kept of measure 'hybrids'"):
        results.join(KEY)


def test_a_file_that_was_not_finished_is_not_read_and_not_in_the_way(store):
    results.add(KEY, 0, tally(0))
    written = store / "own" / KEY.digest / "000000.parquet"
    (written.parent / ".000001.parquet.0123").write_bytes(written.read_bytes()[:100])
    assert_same(results.read(KEY), [0])
    results.add(KEY, 1, tally(1))
    assert_same(results.read(KEY), [0, 1])


def test_a_write_that_fails_leaves_what_was_there(monkeypatch):
    results.add(KEY, 0, tally(0))

    def full(table, path, **options):
        path.write_bytes(b"PAR1")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(pq, "write_table", full)
    for number in (0, 1):
        with pytest.raises(OSError, match="No space left"):
            results.add(KEY, number, tally(number))
    assert_same(results.read(KEY), [0])


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def foreign(path):
    pq.write_table(pa.table({"batch": [0]}), path)


def renamed(path):
    other = KEY._replace(seed=5)
    results.add(other, 0, tally(0))
    (places.results_folder() / other.digest / path.name).rename(path)


def misshapen(path):
    table = pq.read_table(path)
    about = {**table.schema.metadata, b"shapes": b'{"curve": [999]}'}
    pq.write_table(table.replace_schema_metadata(about), path)


def nowhere(path):
    path.write_bytes(path.read_bytes()[:4] + bytes(100) + path.read_bytes()[104:])


def unlike(path):
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "batch", pa.array([["a"]])), path)


HARMS = [cut, foreign, renamed, misshapen, nowhere, unlike, lambda path: path.write_bytes(b"")]
NAMES = ["cut", "foreign", "renamed", "misshapen", "nowhere", "unlike", "empty"]


@pytest.mark.parametrize("harm", HARMS, ids=NAMES)
def test_a_damaged_file_is_set_aside_with_a_sentence_and_the_rest_is_read(store, harm):
    for number in (0, 1):
        results.add(KEY, number, tally(number))
    path = store / "own" / KEY.digest / "000000.parquet"
    harm(path)
    harmed = path.read_bytes()
    assert_same(results.read(KEY), [1])
    assert not path.exists()
    assert path.with_name("000000.parquet.damaged").read_bytes() == harmed
    assert results.damaged() == [
        f"the results file {KEY.digest}/000000.parquet is damaged or holds other results than its "
        "name says; it is now 000000.parquet.damaged, and is measured again when asked for."
    ]
    assert_same(results.read(KEY), [1])
    results.add(KEY, 0, tally(0))
    assert_same(results.read(KEY), [0, 1])
    assert len(results.damaged()) == 1


@pytest.mark.parametrize("harm", HARMS[:1] + HARMS[-1:], ids=["cut", "empty"])
def test_a_damaged_file_that_ships_is_left_out_and_never_renamed(store, harm):
    results.add(KEY, 0, tally(0))
    path = results.join(KEY, places.SHIPPED_RESULTS)
    harm(path)
    harmed = path.read_bytes()
    (store / "own" / f"{KEY.digest}.parquet").unlink(missing_ok=True)
    assert results.read(KEY) == {}
    results.add(KEY, 1, tally(1))
    assert_same(results.read(KEY), [1])
    assert path.read_bytes() == harmed
    (sentence,) = results.damaged()
    assert sentence.startswith(f"the results file {path.name} is damaged or holds")
    assert sentence.endswith(", and is left out; install BlurLab anew to have it.")


def test_a_folder_in_a_files_place_is_left_out_with_a_sentence(store):
    results.add(KEY, 0, tally(0))
    (store / "own" / f"{KEY.digest}.parquet").mkdir()
    assert_same(results.read(KEY), [0])
    (sentence,) = results.damaged()
    assert f"{KEY.digest}.parquet" in sentence


def test_joining_leaves_a_damaged_file_set_aside(store):
    for number in (0, 1):
        results.add(KEY, number, tally(number))
    cut(store / "own" / KEY.digest / "000000.parquet")
    results.join(KEY)
    left = sorted(path.name for path in store.rglob("*") if path.is_file())
    assert left == ["000000.parquet.damaged", f"{KEY.digest}.parquet"]
    assert_same(results.read(KEY), [1])


# What made them

MADE = Made("0.1.0", "0123456789ab", "2.14.0", "cpu", "float32", "2026-11-26")


def test_what_made_a_tally_is_kept_with_it_through_joining_and_going_on():
    results.add(KEY, 0, tally(0), MADE)
    results.add(KEY, 1, tally(1))
    assert results.provenance(KEY) == {0: MADE, 1: None}
    results.join(KEY)
    later = MADE._replace(device="NVIDIA H100", date="2026-12-01")
    results.add(KEY, 2, tally(2), later)
    results.join(KEY)
    assert results.provenance(KEY) == {0: MADE, 1: None, 2: later}
    assert_same(results.read(KEY), [0, 1, 2])


def test_results_of_before_there_was_a_record_are_read(store):
    results.add(KEY, 0, tally(0), MADE)
    (path,) = (store / "own" / KEY.digest).glob("*.parquet")
    whole = pq.read_table(path)
    pq.write_table(whole.drop_columns(["made"]), path)
    assert_same(results.read(KEY), [0])
    assert results.provenance(KEY) == {0: None}


def test_each_way_of_making_is_told_once_with_its_dates():
    other = MADE._replace(device="NVIDIA H100")
    told = provenance.told([MADE, MADE._replace(date="2026-11-27"), other, None])
    first, second, unknown = told
    assert (first["batches"], first["from"], first["until"]) == (2, "2026-11-26", "2026-11-27")
    assert (second["batches"], second["device"]) == (1, "NVIDIA H100")
    assert unknown == {"batches": 1, "recorded": False}


def test_pictures_are_told_apart_by_their_checksums():
    images = torch.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4).byte()
    changed = images.clone()
    changed[1, 2, 3, 3] += 1
    first, second = (provenance.checksums(each) for each in (images, changed))
    assert first.dtype == torch.int32
    assert (first == second).tolist() == [True, False]
    prints = [provenance.fingerprint({provenance.CHECKSUM: each}) for each in (first, second)]
    assert prints[0] != prints[1]
    assert provenance.fingerprint({}) == ""
