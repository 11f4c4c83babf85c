"""Texts that tell tokenizers apart, on which a tokenizer in another library is compared with the run's own."""

from __future__ import annotations

HARD_TEXTS = (
    "", " ", "two  spaces\tand\nlines\r\n", "Don't U.S.A.'s $5.00 ^`~ <s> </s> [CLS] [SEP]", "Crème brûlée, naïve Å é",
    "Straße ẞ ΣΊΣΥΦΟΣ ς İI \u0131",
    "wait…what?! “so” \u2013 \u2018yes\u2019", "ﬁne ½ ² ℃ Ⅷ ㍿ \u00b4 ¨", "a\u00a0b\u2009c\u3000d",
    "zero\u200bwidth so\u00adft \ufeff \u202eturned", "日本語のテキスト。中文字符\uff0c한국어 가각",
    "ภาษาไทยไม่มีช่องว่าง" * 3,
    "हिन्दी में लिखा", "مرحبا بالعالم", "👍🏽 👩‍👩‍👧 🇫🇷", "\U0001d401\U0001d428\U0001d425\U0001d41d \U00020000",
    "e\u0301 a\u0328\u0301", "of code\0zero and\x7fother\x1f controls",
    "x" * 100 + " " + "y" * 101, "é" * 51, "mg/kg (p<0.001), 10\u22129 µg·mL⁻¹ ± 2.5%", "supercalifragilistic " * 300,
)  # fmt: skip
"""Texts that tokenizers read in different ways: accents, case folding, scripts, blanks, very long words and texts."""
