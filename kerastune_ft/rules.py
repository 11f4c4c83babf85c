"""The rules that decide figures, by version: a run keeps those it began with.

A rule that changes what a run computes or prints gets a property here, true from the version on that has it. Whoever
computes by it asks the property and keeps the code of both versions. Everything else about a version is the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """The rules of one version; see the properties. Runs that recorded none are of version 1."""

    version: int

    @property
    def decay_by_role(self) -> bool:
        """Whether norms and biases are told by what they are in their layer, and not by having fewer than two axes."""
        return self.version >= 2

    @property
    def loudest_of_cancelling_channels(self) -> bool:
        """Whether a sound whose channels cancel is its loudest channel; before, it was the little that a mean left."""
        return self.version >= 2

    @property
    def invisible_texts_are_empty(self) -> bool:
        """Whether a text of invisible characters alone counts as an empty one; before, it was an example."""
        return self.version >= 2

    @property
    def f1_of_occurring_classes(self) -> bool:
        """Whether macro F1 of one class per example is over the classes that occur, not over predicted ones too."""
        return self.version >= 2

    @property
    def accurate_decoding(self) -> bool:
        """Whether JPEG files give exactly the pixels of Pillow, instead of those of a faster decoder close to them."""
        return self.version >= 2

    @property
    def white_behind_all(self) -> bool:
        """Whether white shows through the transparent places of GIF files and through a PNG's transparent colour."""
        return self.version >= 2

    @property
    def saves_range(self) -> bool:
        """Whether the saved model itself maps the values of `data.intensity`, and says what it takes."""
        return self.version >= 2

    @property
    def checks_range(self) -> bool:
        """Whether a run's own images must have values that fit `data.intensity`, and are not nearly black."""
        return self.version >= 2

    @property
    def turns_photos(self) -> bool:
        """Whether EXIF turns photos as `data.exif` says, instead of TIFF files alone."""
        return self.version >= 2

    @property
    def asks_about_splits(self) -> bool:
        """Whether folders with names like splits, as `seg_train`, are asked about and never taken for classes."""
        return self.version >= 2

    @property
    def normalised_labels(self) -> bool:
        """Whether labels that look the same and are written with other Unicode letters (NFC and NFD) are one."""
        return self.version >= 2

    @property
    def without_thumbnails(self) -> bool:
        """Whether folders of thumbnails that file servers make, as `@eaDir`, are left out of a data folder."""
        return self.version >= 2

    @property
    def even_shares(self) -> bool:
        """Whether every class gets its shares of the splits whatever the other classes and the names of classes are."""
        return self.version >= 2

    @property
    def final_at_last_step(self) -> bool:
        """Whether a schedule reaches its `final` rate at the last step, and not at the one after it."""
        return self.version >= 2

    @property
    def warmup_of_zero(self) -> bool:
        """Whether `warmup` of 0 means no warm-up for one_cycle too, and not the default."""
        return self.version >= 2

    @property
    def joins_alternating_layers(self) -> bool:
        """Whether layers of a backbone that are used by turns (p, q, p, q) are one unit and not one each."""
        return self.version >= 2

    @property
    def named_head_rate(self) -> bool:
        """Whether a factor in `learning_rate.units` is the head's only where it is called "head", not by a pattern."""
        return self.version >= 2

    @property
    def corrects_joining_momentum(self) -> bool:
        """Whether with nadam a variable that joins a carried optimizer counts its product of momentum from there."""
        return self.version >= 2

    @property
    def zooms_evenly(self) -> bool:
        """Whether `zoom` draws by how much an image is enlarged evenly from its range, and not the inverse of that."""
        return self.version >= 2

    @property
    def weights_by_label(self) -> bool:
        """Whether a class weight, of several labels, multiplies the whole loss of the examples that have the class.

        Before, it multiplied the share of the target that is 1: with label smoothing a part of every example's loss.
        """
        return self.version >= 2

    @property
    def training_accuracy_at_thresholds(self) -> bool:
        """Whether the accuracy of training decides at the thresholds of the task, and not always above 0.5."""
        return self.version >= 2

    @property
    def letters_between_tabs(self) -> bool:
        """Whether a quote at the head of a cell between tabs is a letter; before, it took rows with it up to the next.

        It is one where the lines fit without it, and it does not surround the whole cell.
        """
        return self.version >= 2

    @property
    def reads_lists(self) -> bool:
        """Whether cells such as `['cat', 'dog']` are lists of labels, and refused where a label is one class."""
        return self.version >= 2

    @property
    def refuses_odd_headers(self) -> bool:
        """Whether a first row that is an example, and a header that comes again below, are refused, and not read."""
        return self.version >= 2

    @property
    def rates_of_papers(self) -> bool:
        """Whether presets have all of the rates that they cite, see `config.run.earlier_phases`.

        Those are the momentum of fastai_fine_tune, which falls and rises against its rates, the rate with which those
        of discriminative begin, and that of the head in surgical, which is the one of the phase before.
        """
        return self.version >= 3

    @property
    def refits_to_the_stop(self) -> bool:
        """Whether a refit trains a phase that may stop early to where it stopped, its rates laid out over that.

        Before, it ended with the best epoch, at the rates that this had.
        """
        return self.version >= 3

    @property
    def counts_empty_quotes(self) -> bool:
        """Whether a row `""` of a CSV file of one column is a row whose cell is empty; before, it was passed over."""
        return self.version >= 4

    @property
    def stores_shared_once(self) -> bool:
        """Whether what all cuts in a decoder have, as the output of the encoder, is computed and stored apart, once.

        Before, each of them stored it with its own tensors.
        """
        return self.version >= 4


FIRST = Rules(1)
"""The rules of runs that recorded none."""

NEWEST = Rules(4)
"""The rules of runs that begin now."""
