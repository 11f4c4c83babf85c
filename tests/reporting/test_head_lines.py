from __future__ import annotations

from kerastune_ft.reporting import head_lines


def test_a_head_tells_whether_it_makes_a_pyramid_of_an_only_map() -> None:
    layers = ["head_stride4_a", "head_resize"]
    assert head_lines.describe_layers({"layers": layers}, {}) == "head_stride4_a > head_resize"
    said = head_lines.describe_layers({"layers": layers}, {"stride4": "add", "stride8": "add_1"})
    assert said == "unet on the backbone's stride4, stride8, 2 layers"
    said = head_lines.describe_layers({"layers": ["head_pyramid_stride4_up1", *layers]}, {"stride16": "stride16_grid"})
    assert said == "unet on a simple feature pyramid of the backbone's stride16, 3 layers"


def test_a_decoder_says_why_it_reads_its_finest_map() -> None:
    head = {"layers": ["head_stride2_a", "head_output"], "options": {"decoder": "fpn"}}
    said = head_lines.describe_layers(head, {"stride2": "a", "stride4": "b"})
    assert said.startswith("fpn on the backbone's stride2, stride4 (head.stride null: the finest, which fits in the")
    said = head_lines.describe_layers(head, {"stride4": "b"})
    assert "(head.stride null: the backbone has no stride2, or it does not fit in the cache budget)" in said
    head["options"] = {"stride": 2}
    assert head_lines.describe_layers(head, {"stride2": "a"}) == "unet on the backbone's stride2, 2 layers"


def test_a_vocabulary_that_is_tied_to_the_embeddings_is_said_and_counts_nothing() -> None:
    head = {"layers": [], "parameters": 0, "tied": True, "options": {}}
    tied = "the vocabulary, tied to the embeddings: it has no weights of its own"
    assert (head_lines.describe_head(head, {}), head_lines.describe_layers(head, {})) == (tied, tied)


def test_a_head_that_finds_hidden_words_has_weights_beside_the_embeddings() -> None:
    head = {"layers": ["hidden_token_dense", "vocabulary_bias"], "parameters": 179_130, "tied": True, "options": {}}
    wanted = "the vocabulary, tied to the embeddings: beside these it has 179.1 k parameters"
    assert head_lines.describe_head(head, {}) == wanted
    own = {"layers": ["vocabulary"], "parameters": 2048}
    assert head_lines.describe_head(own, {}) == "vocabulary (2.0 k parameters)"
    assert head_lines.describe_head({}, {}) == ""
