import numpy as np
import pytest

from kerastune_ft.data.embedded import embedded_speech, spoken


def test_every_word_sounds_otherwise() -> None:
    """The pitch of a tone, by zero crossings in its first and last third, tells the words apart."""
    source = embedded_speech("spoken")
    assert source.answer(0).split()[0] in spoken.WORDS
    assert {word for index in range(40) for word in source.answer(index).split()} == set(spoken.WORDS)
    lengths = [len(source.sound(index)) / source.SAMPLE_RATE for index in range(40)]
    assert min(lengths) > 0.25 and max(lengths) < 0.7
    assert max(lengths[i] for i in range(40) if len(source.answer(i).split()) == 2) < 0.5


def test_an_example_depends_on_its_index_alone() -> None:
    expected = spoken.sound(7)
    spoken.sound(3)
    np.testing.assert_array_equal(spoken.sound(7), expected)
    assert expected.dtype == np.int16
    with pytest.raises(IndexError):
        spoken.answer(spoken.EXAMPLES)


def test_splits_hold_every_example_once() -> None:
    assert sorted(index for span in spoken.SPLITS.values() for index in span) == list(range(spoken.EXAMPLES))
