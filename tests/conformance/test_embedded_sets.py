from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from kerastune_ft.data.embedded import NAMES, embedded_set

# A change of any pixel is a new version of the data set: raise VERSION and put the new digest here.
DIGESTS = {
    "blood_smear": ("1.0.0", "6166ee9db0f442d3"),
    "digits": ("1.0.0", "6e131bb2d52a1486"),
}


@pytest.mark.parametrize("name", NAMES)
def test_images_and_labels_are_what_the_module_says(name: str) -> None:
    source = embedded_set(name)
    for index in (0, 1, source.EXAMPLES - 1):
        image = source.image(index)
        assert image.dtype == np.uint8
        assert image.shape == (source.IMAGE_SIZE, source.IMAGE_SIZE, 3)
        assert image.std() > 4
        assert 0 <= source.label(index) < len(source.CLASSES)
    with pytest.raises(IndexError):
        source.image(source.EXAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_pixels_do_not_change_without_a_new_version(name: str) -> None:
    source = embedded_set(name)
    sample = np.stack([source.image(index) for index in range(0, source.EXAMPLES, 97)])
    # Coarse, because the last bit of exp() and sin() may differ between processors.
    coarse = sample.reshape(len(sample), -1, 32).mean(axis=-1).round(-1).astype(np.uint8)
    assert (source.VERSION, hashlib.sha256(coarse.tobytes()).hexdigest()[:16]) == DIGESTS[name]


def test_an_image_depends_on_its_index_alone() -> None:
    source = embedded_set("blood_smear")
    expected = source.image(7)
    source.image(3)
    assert np.array_equal(source.image(7), expected)
    assert not np.array_equal(source.image(11), expected)
    assert source.label(7) == source.label(11)


@pytest.mark.parametrize("name", NAMES)
def test_classes_are_balanced(name: str) -> None:
    source = embedded_set(name)
    counts = np.bincount([source.label(index) for index in range(source.EXAMPLES)])
    assert len(counts) == len(source.CLASSES)
    assert counts.min() > 0.9 * counts.max()


def test_splits_of_blood_smear_cover_every_example_once() -> None:
    source = embedded_set("blood_smear")
    assert source.SPLITS is not None
    assert set(source.SPLITS) == {"train", "validation", "test"}
    assert sorted(index for split in source.SPLITS.values() for index in split) == list(range(source.EXAMPLES))


def test_only_the_synthetic_set_is_synthetic_and_says_so() -> None:
    smear, digits = embedded_set("blood_smear"), embedded_set("digits")
    assert smear.SYNTHETIC and "synthetic" in smear.DESCRIPTION
    assert not digits.SYNTHETIC and "real" in digits.DESCRIPTION


def test_unknown_set_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="blood_smear, digits"):
        embedded_set("bloodsmear")


def test_reading_a_set_needs_neither_tensorflow_nor_tfds() -> None:
    program = (
        "import sys; from kerastune_ft.data.embedded import embedded_set;"
        "embedded_set('blood_smear').image(0); embedded_set('digits').label(0);"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'tensorflow_datasets')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
