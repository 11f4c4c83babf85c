from __future__ import annotations

import pytest

from kerastune_ft.config.options.task_facts import facts, find_facts, metrics_of_labels
from kerastune_ft.config.options.tasks import TASK_KINDS, ImageClassification

# Those that the names of their tasks do not begin with.
MODALITIES = {
    "object_detection": "image",
    "causal_lm": "language",
    "summarization": "pair",
    "speech_recognition": "speech",
}


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_every_kind_of_task_has_a_loss_one_headline_and_a_modality(kind: str) -> None:
    found = facts({"kind": kind})
    assert found.metrics["loss"].direction == "min"
    assert sum(metric.headline for metric in found.metrics.values()) == 1
    assert found.modality == MODALITIES.get(kind, kind.partition("_")[0])


def test_several_labels_have_more_metrics_than_one() -> None:
    one, several = facts(ImageClassification()), facts(ImageClassification(multi_label=True))
    assert (one.labels, several.labels) == ("one", "several")
    assert set(several.metrics) - set(one.metrics) == {"mean_average_precision"}
    assert facts({"kind": "image_classification", "multi_label": True}) == several


def test_regressions_and_masks_have_labels_of_their_own() -> None:
    assert facts({"kind": "text_regression"}).labels == "values"
    assert facts({"kind": "image_segmentation"}).metrics == metrics_of_labels("mask")


def test_metrics_of_answers_are_those_of_the_task_or_those_that_are_named() -> None:
    usual = set(metrics_of_labels("text"))
    for kind, own in {
        "causal_lm": set(),
        "summarization": {"rouge_1", "rouge_2", "rouge_l"},
        "speech_recognition": {"word_error_rate", "character_error_rate"},
    }.items():
        assert set(facts({"kind": kind}).metrics) - usual == own
        assert set(facts({"kind": kind, "metrics": []}).metrics) == usual
        named = facts({"kind": kind, "metrics": ["exact_match"]}).metrics
        assert set(named) - usual == {"exact_match"} and named["exact_match"].generated


def test_hidden_words_are_learnt_and_no_texts_written() -> None:
    found = {kind: facts({"kind": kind}) for kind in ("causal_lm", "masked_lm", "text_classification")}
    assert [each.learns_tokens for each in found.values()] == [True, True, False]
    assert [each.writes for each in found.values()] == [True, False, False]
    assert [each.hides_words for each in found.values()] == [False, True, False]
    assert [each.may_lack_labels for each in found.values()] == [True, True, False]


def test_an_unknown_kind_has_no_facts() -> None:
    assert find_facts({"kind": "telepathy"}) is None
    with pytest.raises(KeyError):
        facts({"kind": "telepathy"})
