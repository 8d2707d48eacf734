"""Means, error bars and tests against hand computation and SciPy, over outcomes that need no training."""

import math

import pytest
from scipy import stats

from frugan.studies.page import _verdict
from frugan.studies.results import Outcome, compare, disagreements, format_table, nearest_to_mean, summarise

METRIC = "frechet_distance"


def outcomes(**rows: list[float | None]) -> list[Outcome]:
    """Rows of values by seed; None is a trial that failed."""
    return [
        Outcome(row, seed, "failed" if value is None else "finished", {} if value is None else {METRIC: value}, 1.0)
        for row, values in rows.items()
        for seed, value in enumerate(values)
    ]


def test_a_summary_is_mean_spread_and_interval_of_what_finished() -> None:
    first, second = summarise(outcomes(a=[1.0, 2.0, 6.0, None], b=[4.0]), METRIC)
    assert (first.count, first.failed, first.mean) == (3, 1, 3.0)
    assert first.std == pytest.approx(math.sqrt(7))
    assert first.interval == pytest.approx(4.302653 * math.sqrt(7 / 3), rel=1e-6)  # t of 2 degrees of freedom
    assert second.mean == 4.0
    assert math.isnan(second.std)


def test_comparisons_are_paired_by_seed_and_corrected_by_holm() -> None:
    a, b, c = [10.0, 20.0, 30.0, 40.0], [9.0, 18.5, 29.2, 38.6], [10.5, 19.0, 30.4, 40.2]
    of_b, of_c = compare(outcomes(a=a, b=b, c=c), METRIC)
    assert of_b.p == pytest.approx(stats.ttest_rel(b, a).pvalue)
    assert of_c.p == pytest.approx(stats.ttest_rel(c, a).pvalue)
    assert of_b.p < of_c.p
    assert [of_b.p_holm, of_c.p_holm] == pytest.approx([2 * of_b.p, of_c.p])
    assert of_b.difference == pytest.approx(-1.175)
    interval = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert of_b.interval == pytest.approx((interval.high - interval.low) / 2)


def test_a_row_that_diverges_gets_no_verdict_from_its_lucky_seeds() -> None:
    (comparison,) = compare(outcomes(a=[11.0, 12.0, 13.0, 14.0], b=[2.0, None, 4.1, 5.0]), METRIC)
    assert (comparison.pairs, comparison.failed, comparison.against_failed) == (3, 1, 0)
    assert comparison.difference == pytest.approx(-8.9666667)
    assert comparison.sentence().startswith("b diverged 1 times, a 0 times: no verdict")


def test_sentences_claim_no_more_than_they_may() -> None:
    certain, unsure = compare(outcomes(a=[50.0, 51, 52, 53], b=[40.0, 41.1, 42, 43.1], c=[49.0, 55, 47, 54]), METRIC)
    assert certain.sentence().startswith("b is better than a by 9.95")
    assert unsure.sentence().startswith("no difference shown between c and a")
    (few,) = compare(outcomes(a=[1.0], b=[2.0]), METRIC)
    assert "too few" in few.sentence()


def test_the_typical_trial_is_the_one_nearest_the_mean() -> None:
    assert nearest_to_mean(outcomes(a=[1.0, 2.0, 9.0, None]), "a", METRIC) == 1
    assert nearest_to_mean(outcomes(a=[None]), "a", METRIC) is None


def test_the_table_shows_every_row_and_how_many_failed() -> None:
    table = format_table(outcomes(first=[1.0, 2.0], second=[3.0, None]), METRIC)
    assert "first" in table
    assert "1 (1 failed)" in table


def judged(**rows: tuple[float, float]) -> list[Outcome]:
    """One seed a row, by the main and by the second judge."""
    return [
        Outcome(row, 0, "finished", {METRIC: main, "random_distance": second}, 1.0)
        for row, (main, second) in rows.items()
    ]


def test_a_second_judge_is_heard_only_where_it_ranks_rows_differently() -> None:
    assert disagreements(judged(a=(5.0, 0.3), b=(6.0, 0.4), c=(7.0, 0.5))) == []
    (sentence,) = disagreements(judged(a=(5.0, 0.3), b=(6.0, 0.2), c=(7.0, 0.5)))
    assert "rank a and b the other way round" in sentence
    (sentence,) = disagreements(judged(a=(5.0, 0.3), b=(6.0, 0.2), c=(7.0, 0.1)), against="c")
    assert "rank a and c, and 2 more the other way round" in sentence
    assert disagreements(outcomes(a=[1.0], b=[2.0])) == []  # of before there was a second judge
    assert disagreements([]) == []


def test_the_page_says_that_judges_disagree() -> None:
    assert "the judges disagree" in _verdict(judged(a=(5.0, 0.3), b=(6.0, 0.2)), "")
    assert "the judges disagree" not in _verdict(judged(a=(5.0, 0.3), b=(6.0, 0.4)), "")
