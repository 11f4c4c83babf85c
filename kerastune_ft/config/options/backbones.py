"""Options of backbones: the pretrained models that a head is put on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from kerastune_ft.config.facts.applications import APPLICATIONS, EMBEDDED, EMBEDDED_ALPHA, EMBEDDED_SIZE
from kerastune_ft.config.facts.hub_families import BY_CLASS, REFUSED
from kerastune_ft.config.options.base import Options, by_kind, one_of, problem
from kerastune_ft.config.options.paths import InputPath, resolve_preset, resolve_weights
from kerastune_ft.config.options.sizes import ImageSize
from kerastune_ft.config.options.spectrograms import LOG_MELS, SoundInput
from kerastune_ft.config.words import unknown_message

WEIGHTS_ALONE = (".weights.h5", ".safetensors")
"""Suffixes of files that hold weights without a model."""


def _application(name: str) -> str:
    if name not in APPLICATIONS:
        raise problem(*unknown_message(name, APPLICATIONS, more="python -m kerastune_ft backbones"))
    return name


class Applications(Options):
    """A model of tf.keras.applications without its top."""

    kind: Literal["applications"] = Field("applications", description="the kind of backbone")
    name: Annotated[str, AfterValidator(_application)] = Field(description="the model, as Keras spells it")
    weights: Annotated[str, AfterValidator(resolve_weights)] | None = Field(
        "imagenet", description='"imagenet", "embedded", a path, or null for random weights'
    )
    image_size: ImageSize | None = Field(None, description="height and width; null means the model's own")
    options: Mapping[str, Any] = Field({}, description="options of the Keras constructor, such as alpha")
    input: SoundInput | None = Field(
        None, description="how sounds become images, for a task on sounds; null means a log-mel spectrogram as usual"
    )

    @model_validator(mode="before")
    @classmethod
    def _add_embedded_alpha(cls, value: Any) -> Any:
        """Fill in alpha for the embedded weights, which fit only one value."""
        if not isinstance(value, Mapping) or value.get("weights") != "embedded" or value.get("name") != EMBEDDED:
            return value
        options = value.get("options", {})
        return {**value, "options": {"alpha": EMBEDDED_ALPHA, **options}} if isinstance(options, Mapping) else value

    @property
    def own_image_size(self) -> tuple[int, int]:
        """Height and width: those of `image_size`, else the model's default."""
        if self.image_size is not None:
            return self.image_size
        size = EMBEDDED_SIZE if self.weights == "embedded" else APPLICATIONS[self.name].image_size
        return (size, size)


def _hub_kind(kind: str) -> str:
    return "keras_hub"


def _hub_class(name: str) -> str:
    if name in REFUSED:
        raise problem(f"{name} is not available: {REFUSED[name]}")
    if name not in BY_CLASS:
        raise problem(*unknown_message(name, BY_CLASS, more="python -m kerastune_ft backbones"))
    return name


class KerasHub(Options):
    """A backbone of keras-hub."""

    kind: Annotated[Literal["keras_hub", "keras_nlp"], AfterValidator(_hub_kind)] = Field(
        "keras_hub", description="the kind of backbone"
    )
    preset: Annotated[str, AfterValidator(resolve_preset)] | None = Field(
        None, description="name of a preset, a Kaggle, Hugging Face or ModelScope handle, or a local directory"
    )
    class_name: Annotated[str, AfterValidator(_hub_class)] | None = Field(
        None, alias="class", description="a backbone class, for random weights; null if a preset is given"
    )
    options: Mapping[str, Any] = Field({}, description="options of that class; the defaults make a tiny model")
    image_size: ImageSize | None = Field(None, description="height and width; null means the model's own")
    input: SoundInput | None = Field(
        None, description="how sounds become images, for a task on sounds; null means a log-mel spectrogram as usual"
    )

    @model_validator(mode="after")
    def _one_source(self) -> KerasHub:
        if (self.preset is None) == (self.class_name is None):
            raise problem('give "preset", or "class" for random weights, and not both')
        if self.preset is not None and self.options:
            raise problem("options have no effect on a preset, which has its own; remove them")
        return self


class InputScale(Options):
    """`{"scale": s, "offset": o}`: a model takes pixels times `scale` plus `offset`, pixels being 0 to 255."""

    scale: float = Field(description="factor on pixel values")
    offset: float = Field(0.0, description="added after scaling")


INPUT_RANGES = ("0-255", "0-1", "-1-1", "caffe", "torch")


def _input_range(text: str) -> str:
    if text not in INPUT_RANGES:
        raise problem(*unknown_message(text, (*INPUT_RANGES, *LOG_MELS)))
    return text


def _choose_input(value: Any) -> str | None:
    if isinstance(value, str):
        return "@SoundInput" if value in LOG_MELS else "@range"
    if isinstance(value, Options):
        return f"@{type(value).__name__}"
    if isinstance(value, Mapping):
        return "@SoundInput" if "log_mel" in value else "@InputScale"
    return None


_Input = Annotated[
    Annotated[str, AfterValidator(_input_range), WithJsonSchema({"enum": list(INPUT_RANGES)}), Tag("@range")]
    | Annotated[InputScale, Tag("@InputScale")]
    | Annotated[SoundInput, Tag("@SoundInput")],
    one_of(
        _choose_input,
        'write "0-255", "0-1", "-1-1", "caffe", "torch" or {"scale": s, "offset": o}; for sounds "yamnet" or '
        '{"log_mel": {}}',
    ),
]


class Saved(Options):
    """A Functional or Sequential model saved by Keras."""

    kind: Literal["saved"] = Field("saved", description="the kind of backbone")
    path: InputPath = Field(description="a .keras file of a Functional or Sequential model")
    output: str | None = Field(
        None,
        min_length=1,
        description="the layer whose output the head gets; null means the last with a spatial or sequence axis",
    )
    input: _Input | None = Field(
        None,
        description="the range of pixel values that the model expects, null means that it rescales itself; or how "
        "sounds become its spectrogram",
    )
    image_size: ImageSize | None = Field(None, description="height and width, if the file does not fix them")


class EarlierRun(Options):
    """The model of an earlier run."""

    kind: Literal["run"] = Field("run", description="the kind of backbone")
    path: InputPath = Field(description="the run directory")
    head: Literal["new", "keep"] = Field("new", description="a new head, or the earlier run's own")


_KINDS = ("applications", "keras_hub", "keras_nlp", "saved", "run")
OneBackbone = Annotated[
    Annotated[Applications, Tag("@applications")]
    | Annotated[KerasHub, Tag("@keras_hub")]
    | Annotated[KerasHub, Tag("@keras_nlp")]
    | Annotated[Saved, Tag("@saved")]
    | Annotated[EarlierRun, Tag("@run")],
    by_kind(*_KINDS),
]


class SeveralBackbones(Options):
    """`{"image": {...}, "text": {...}}`: a backbone for the pictures and one for the text of each example."""

    kind: ClassVar[str] = "several"
    image: OneBackbone = Field(description="the pretrained model of the pictures")
    text: OneBackbone = Field(description="the pretrained model of the text")

    @property
    def by_input(self) -> dict[str, Any]:
        """The options of each backbone by the input that it reads."""
        return {"image": self.image, "text": self.text}


def _choose_backbone(value: Any) -> str | None:
    if isinstance(value, SeveralBackbones):
        return "@several"
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    if kind is None and isinstance(value, Mapping) and {"image", "text"} & {*value}:
        return "@several"
    return f"@{kind}" if isinstance(kind, str) else None


Backbone = Annotated[
    Annotated[Applications, Tag("@applications")]
    | Annotated[KerasHub, Tag("@keras_hub")]
    | Annotated[KerasHub, Tag("@keras_nlp")]
    | Annotated[Saved, Tag("@saved")]
    | Annotated[EarlierRun, Tag("@run")]
    | Annotated[SeveralBackbones, Tag("@several")],
    Discriminator(_choose_backbone, custom_error_type="kind", custom_error_message=",".join(_KINDS)),
]
