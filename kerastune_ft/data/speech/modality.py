"""Reading sounds that are to be written down: files, arrays and data sets of sounds, whose labels are transcripts."""

from __future__ import annotations

from kerastune_ft.data.embedded import SPOKEN, EmbeddedSpeech, embedded_speech
from kerastune_ft.data.sounds.modality import Sounds


class Speech(Sounds):
    """Sounds of one channel at a sample rate of their own, of what somebody says."""

    embedded_names = SPOKEN

    def find_embedded(self, name: str) -> EmbeddedSpeech:
        """Return the module of an embedded data set of sounds with transcripts."""
        return embedded_speech(name)

    def name_label(self, name: str, index: int) -> str:
        """Return the transcript of an example of an embedded data set."""
        return embedded_speech(name).answer(index)
