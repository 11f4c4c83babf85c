"""One model of options per section of a configuration.

Defaults and ranges only; checks across sections live in `config/checks`.
"""
