"""Tokenizers of keras-hub as files that other libraries take: one file per kind of tokenizer, compared before use."""
