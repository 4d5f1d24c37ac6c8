"""The published ledger of the demo is what it says, and still the ledger of the experiment here."""

from pathlib import Path

from model_parts import alone, at
from reprollm.experiment.load import load
from reprollm.ledger.read import final_answers
from reprollm.ledger.verify import verify
from reprollm.prompts.plan import make_plan, read_sources
from reprollm.scores.earlier.summary import item_scores
from reprollm.scores.recompute import recompute
from reprollm.snapshot.lock import load_lock

EXPERIMENT = Path(__file__).resolve().parents[2] / "experiments" / "normalisation"
PUBLISHED = EXPERIMENT / "published"


def test_the_published_ledger_verifies_and_is_complete() -> None:
    report = verify(PUBLISHED)
    assert report.problems == ()
    assert report.uncommitted == ()
    assert [(run.planned, run.answered) for run in report.runs] == [(1680, 1680)]


def test_the_experiment_here_asks_the_very_requests_that_are_published() -> None:
    experiment = load(EXPERIMENT / "experiment.yaml")
    lock = load_lock(experiment.lock)
    plan = make_plan(
        read_sources(experiment, alone(lock)), at(EXPERIMENT / "models" / "normaliser")
    )
    published = {answer.request for answer in final_answers(PUBLISHED)}
    assert {row.asked.request for row in plan.rows} == published


def test_the_published_scores_follow_from_the_published_answers() -> None:
    found = recompute(PUBLISHED)
    assert (found.problems, found.unchecked) == ((), ())
    assert (found.answers, len(found.runs)) == (1680, 1)


def test_the_published_answers_halve_the_error_of_leaving_the_text_alone() -> None:
    greedy = [answer for answer in final_answers(PUBLISHED) if answer.sampling == "greedy"]
    answered = list(item_scores(greedy, ["character_error_rate"]))
    untouched = [
        score
        for answer in greedy
        for score in item_scores(
            [type(answer)(**{**vars(answer), "output": answer.source})], ["character_error_rate"]
        )
    ]
    rate = {
        name: sum(s.ratio.numerator for s in scores) / sum(s.ratio.denominator for s in scores)
        for name, scores in (("answered", answered), ("untouched", untouched))
    }
    assert rate["answered"] <= rate["untouched"] / 2
