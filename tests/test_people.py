"""How a person's reverse frequency is measured: what is asked next, and what answers tell."""

import math

import pytest
import torch
from test_cli import printed
from torch.testing import assert_close

from blurlab.people import blind_spot, observers, quest

LOGS = torch.tensor(quest.CUTOFFS, dtype=torch.float64).log2()


def answered(count, threshold, generator, slope=0.4, lapse=0.02):
    """Return a game of an observer: (index, coarse) for each trial, and the posteriors."""
    game, beliefs, belief = [], [], quest.prior()
    for _ in range(count):
        index = quest.next_cutoff(belief)
        chance = lapse + (1 - 2 * lapse) * torch.special.ndtr((LOGS[index] - threshold) / slope)
        coarse = torch.rand((), generator=generator) < chance
        belief = quest.updated(belief, index, coarse)
        game.append((int(index), bool(coarse)))
        beliefs.append(belief)
    return game, beliefs


def test_a_psychometric_function_goes_from_its_lapse_to_one_less_it_and_is_half_at_the_threshold():
    threshold, slope, lapse = torch.tensor(3.0), torch.tensor(0.5), torch.tensor(0.05)
    at = torch.tensor([-20.0, 2.5, 3.0, 3.5, 20.0])
    found = quest.coarse_probability(at, threshold, slope, lapse)
    one_off = 0.05 + 0.9 * 0.158655
    assert_close(found, torch.tensor([0.05, one_off, 0.5, 1 - one_off, 0.95]))


def test_before_any_answer_everything_is_possible_and_the_middle_is_asked():
    belief = quest.posterior([])
    assert_close(belief.sum().item(), 1.0)
    assert quest.CUTOFFS[quest.next_cutoff(belief)] == 8.0
    found = quest.reverse_frequency(belief)
    span = 6 + quest.STEP  # the outermost thresholds stand for half a step more
    assert found.value == pytest.approx(8.0)
    assert math.log2(found.high / found.low) == pytest.approx(0.95 * span)


def test_one_answer_is_weighed_as_bayes_says():
    belief = quest.posterior([(12, True)])  # at 8 cycles/image
    expected = quest.on_grid([8.0])[0]
    assert_close(belief, expected / expected.sum())
    # Answers are independent, so their order does not matter.
    answers = [(12, True), (3, False), (20, True)]
    assert_close(quest.posterior(answers), quest.posterior(answers[::-1]))


def test_what_is_asked_leaves_the_least_expected_entropy():
    belief = quest.posterior([(12, True), (8, False)])

    def entropy(index):
        found = 0.0
        for coarse in (True, False):
            chance = quest.on_grid([quest.CUTOFFS[index]])[0]
            share = (belief * (chance if coarse else 1 - chance)).sum().item()
            after = quest.updated(belief, torch.tensor(index), torch.tensor(coarse))
            found += share * torch.special.entr(after).sum().item()
        return found

    expected = [entropy(index) for index in range(len(quest.CUTOFFS))]
    assert int(quest.next_cutoff(belief)) == expected.index(min(expected))
    before = torch.special.entr(belief).sum()
    assert_close(before - quest.information(belief), torch.tensor(expected, dtype=torch.float64))


def test_quantiles_of_a_posterior_on_one_threshold_lie_within_its_step():
    belief = torch.zeros(quest.SHAPE, dtype=torch.float64)
    belief[40] = 1 / belief[0].numel()
    found = quest.threshold_quantiles(belief.flatten(), (0.1, 0.25, 0.5, 0.9))
    middle, half = quest.THRESHOLDS[40], quest.STEP / 2
    assert_close(found, middle + half * torch.tensor([-0.8, -0.5, 0.0, 0.8], dtype=torch.float64))


def test_a_curve_lies_within_its_band_and_narrows_with_answers(generator):
    _, beliefs = answered(30, 3.2, generator)
    few, many = (quest.curve(belief, quest.CUTOFFS) for belief in (beliefs[4], beliefs[-1]))
    for found in (few, many):
        assert all(0 <= low <= value <= high <= 1 for value, low, high in found)
        assert [each.value for each in found] == sorted(each.value for each in found)
    width = [sum(each.high - each.low for each in found) for found in (few, many)]
    assert width[1] < 0.6 * width[0]


def test_many_answers_find_the_threshold(generator):
    _, beliefs = answered(150, math.log2(9.0), generator)
    found = quest.reverse_frequency(beliefs[-1])
    assert found.low < 9.0 < found.high
    assert found.value == pytest.approx(9.0, rel=0.12)
    assert quest.octaves(beliefs[-1]).item() == pytest.approx(math.log2(found.high / found.low))


def test_the_reference_asks_the_same_and_believes_the_same(generator):
    reference = pytest.importorskip("questplus", reason="questplus (GPL) is not installed")
    grid = {"mean": quest.THRESHOLDS, "sd": quest.SLOPES, "lapse_rate": quest.LAPSES}
    other = reference.QuestPlus(
        stim_domain={"intensity": LOGS.numpy()},
        param_domain={name: values.numpy() for name, values in grid.items()},
        outcome_domain={"response": ["coarse", "fine"]},
        func="norm_cdf_2",
        stim_scale="linear",
    )
    belief = quest.prior()
    for _ in range(12):
        asked = other.next_stim["intensity"]
        index = quest.next_cutoff(belief)
        assert LOGS[index].item() == asked
        chance = torch.special.ndtr((LOGS[index] - 3.3) / 0.4)
        coarse = torch.rand((), generator=generator) < chance
        outcome = {"response": "coarse" if coarse else "fine"}
        other.update(stim={"intensity": asked}, outcome=outcome)
        belief = quest.updated(belief, index, coarse)
        ours = belief.view(quest.SHAPE)
        theirs = other.posterior.transpose("mean", "sd", "lapse_rate").values
        assert_close(ours, torch.from_numpy(theirs), rtol=1e-9, atol=1e-12)


def test_simulated_observers_lie_in_their_intervals(generator):
    *rows, both = observers.simulate(40, quest.GAMES["number"], generator)
    assert [(row.slope, row.lapse) for row in rows] == [
        (slope, lapse) for slope in observers.SLOPES for lapse in observers.LAPSES
    ]
    assert both.observers == sum(row.observers for row in rows) == 360
    # Of 360 intervals that hold the truth in 95 %, 91.5 to 98.5 % do but once in 400 times.
    assert 0.915 <= both.coverage.value <= 0.985
    assert abs(both.bias) < 0.03
    steep, shallow = rows[0], rows[-1]
    assert steep.trials < shallow.trials == 40
    assert steep.octaves <= quest.GAMES["number"].octaves < shallow.octaves


def test_the_command_prints_observers_as_a_table(capsys):
    head, _, *rows = printed(capsys, "observers", "--game", "taste", "-n", "2").splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in (head, *rows)]
    assert len(rows) == len(observers.SLOPES) * len(observers.LAPSES) + 1
    assert {len(row) for row in cells} == {7}
    assert cells[-1][0] == "all"
    assert {row[-1] for row in cells[1:]} == {"8"}


# ---- The distance of an eye ---------------------------------------------------------------------


def test_a_dot_that_vanishes_at_the_blind_spots_angle_tells_the_distance():
    # tan 13.5 degrees is 0.24008: at 57 cm that is 13.684 cm.
    found = blind_spot.distance([13.684] * 5)
    assert found == pytest.approx((57.0, 57.0, 57.0), abs=0.01)
    one_slip = blind_spot.distance([12.0, 13.684, 30.0, 13.5, 14.0])
    assert one_slip.median == pytest.approx(57.0, abs=0.01)
    assert (one_slip.least, one_slip.greatest) == pytest.approx((49.98, 124.96), abs=0.01)


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        ([4.0] * 5, "17 cm away, and only 20 to 200 cm"),
        ([60.0] * 5, "250 cm away, and only 20 to 200 cm"),
        ([14.0] * 4, "not 5 lengths"),
        ([14.0] * 4 + [0.0], "above 0 cm"),
        ([14.0] * 4 + [math.nan], "above 0 cm"),
    ],
)
def test_gaps_that_tell_no_distance_are_refused_in_a_sentence(gaps, words):
    with pytest.raises(ValueError, match=rf"{words}.*\.$"):
        blind_spot.distance(gaps)
