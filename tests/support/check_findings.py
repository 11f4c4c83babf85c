"""What a check found, made up."""

from __future__ import annotations

from kerastune_ft.inspection.findings import DAMAGED, LABELS, NEAR, Example, Exclusions, Finding, Inspection, Row

EXAMPLES = [Example(f"secret{number}.png", "train", "a", f"person {number}", f"{number}") for number in range(3)]
FOUND = Inspection(
    "set",
    "image",
    EXAMPLES,
    [
        Finding(NEAR, 1, "none in two splits", "look", [Row((0, 1), "alike", figure=0.91234567)]),
        Finding(LABELS, 1, "1 in train", "look", [Row((2,), "probability 0.9 of b", "b", 0.9)]),
        Finding(DAMAGED, 1, "1 cut", "mend", [Row((), "secret9.png: cut short")]),
    ],
    Exclusions({1: "nearly a copy of secret0.png in train", 2: "likely b"}, {1: NEAR, 2: LABELS}),
    ["labels: no"],
    {"seed": 1},
)
