"""Directories of the smallest runs that the selftest compares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

KERNEL = np.array([[0.5, -1.0]], np.float32)


def write_run(
    run: Path, *, seconds: float = 1.0, loss: float = 0.5, kernel: np.ndarray = KERNEL, probability: float = 0.25
) -> Path:
    """Write the files of one epoch, one variable and one prediction."""
    (run / "phases/00-head").mkdir(parents=True)
    (run / "evaluation").mkdir()
    (run / "history.csv").write_text(f"phase,epoch,loss,seconds\nhead,1,{loss},{seconds}\n")
    save_file({"head/kernel": kernel}, run / "phases/00-head/best.safetensors")
    rows = f"test,x[3],a,a,{probability},{1 - probability}"
    (run / "evaluation/predictions.csv").write_text(
        f"split,input,label,prediction,probability_a,probability_b\n{rows}\n"
    )
    return run
