"""Writing texts token by token with the variables of a model: prompts, compiled steps, draws by address, ends of texts.

Nothing here knows runs, phases, or where prompts come from.
"""
