"""Transcripts in the forms that OpenAI's interface has."""

from __future__ import annotations

import math
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from kerastune_ft.serving.outputs import Answer
from kerastune_ft.serving.speech.requests import JSON, PLAIN, Form
from kerastune_ft.serving.speech.transcriber import ENDED, SECONDS, SEGMENTS, TRANSCRIPT, ServedTranscriber


def write_answer(answer: Answer, form: Form, model: ServedTranscriber) -> Response:
    """Return an answer in the form that was asked for.

    `finish_reason`, which OpenAI's has not, is `length` where the model had more to say than the run lets it write.
    """
    if form == PLAIN:
        return PlainTextResponse(answer[TRANSCRIPT] + "\n")
    found: dict[str, Any] = {"text": answer[TRANSCRIPT], "finish_reason": answer[ENDED]}
    usage = {"usage": {"type": "duration", "seconds": math.ceil(answer[SECONDS])}}
    if form == JSON:
        return JSONResponse(found | usage)
    about = {
        "task": "translate" if model.translates else "transcribe",
        "language": model.language,
        "duration": round(answer[SECONDS], 3),
    }
    segments = [segment.to_json(number) for number, segment in enumerate(answer[SEGMENTS])]
    return JSONResponse(about | found | {"segments": segments} | usage)
