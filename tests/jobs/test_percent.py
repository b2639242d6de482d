"""How far a job is depends on what is still to be done: a model of events takes longer than all the rest."""

from mta_assets.analysis.steps import Stage, Step
from mta_assets.jobs.percent import WRITING, Progress
from mta_assets.models.registry import build_models, select


def progress_of(*names):
    return Progress(select(build_models({}), ",".join(names)))


def test_without_models_of_events_reading_is_more_than_half():
    progress = progress_of("linear", "markov_1")
    assert progress.percent(Step(stage=Stage.READING, share=0.0)) == 0
    assert progress.percent(Step(stage=Stage.READING, share=1.0)) > 50
    assert 90 < progress.percent(Step(stage=Stage.LEARNING, subject="markov_1")) < WRITING


def test_with_them_what_comes_before_is_little():
    progress = progress_of("linear", "markov_1", "hazard", "incremental")
    at = [progress.percent(Step(stage=Stage.LEARNING, subject=name)) for name in ("markov_1", "hazard", "incremental")]
    assert at[0] < at[1] < 15
    assert at[2] < 20


def test_of_rules_alone_percent_ends_where_they_do():
    assert 95 < progress_of("linear").percent(Step(stage=Stage.RULES, subject="linear", share=1.0)) < WRITING
