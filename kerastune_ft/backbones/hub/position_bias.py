"""T5's position bias as a layer of its own, so that it is not stored with every example."""

from __future__ import annotations

from typing import Any

import keras

from kerastune_ft.graph.recomputed import Borrower


class PositionBias(Borrower):
    """What T5 adds to the scores of attention: a table's entry for each distance, and -1e9 where a mask is 0.

    keras-hub's first block of a stack computes it and hands it on, [batch, heads, length, length] floats, eight times
    the hidden states of T5 base at 512 tokens. The table stays that block's.
    """

    def __init__(self, lender: str, heads: int, is_causal: bool, **options: Any) -> None:
        """`lender` is the first block of the stack; with `is_causal` no token sees those after it."""
        super().__init__(lender, **options)
        self.heads, self.is_causal = heads, is_causal

    @classmethod
    def of_block(cls, block: Any, is_causal: bool) -> PositionBias:
        """Return the layer for the stack that a `T5TransformerLayer` begins."""
        made = cls(
            block.name,
            block.self_attention.num_heads,
            is_causal,
            name=f"{block.name}_position_bias",
            dtype=block.dtype_policy,
        )
        made.lend(block)
        return made

    @property
    def loans(self) -> list[keras.Variable]:
        """Return the table of distances."""
        return [self.lender_layer.self_attention.relative_attention_bias]

    def call(self, mask: Any) -> Any:
        """Return the bias [batch, heads, length, length] of rows with this mask, int [batch, 1, length]."""
        ops = keras.ops
        attention, length = self.lender_layer.self_attention, ops.shape(mask)[-1]
        bias = ops.cast(attention.compute_bias(length, length), self.compute_dtype)
        allowed = ops.cast(mask, "bool")
        if self.is_causal:
            places = ops.arange(length)
            allowed = ops.logical_and(allowed, (places[:, None] >= places[None, :])[None])
        # As keras-hub computes it, to the last bit.
        return bias + (1.0 - ops.cast(allowed[:, None], bias.dtype)) * -1e9

    def compute_output_spec(self, mask: Any) -> keras.KerasTensor:
        """Return the symbolic result, for which no layer needs to be lent yet."""
        batch, length = mask.shape[0], mask.shape[-1]
        return keras.KerasTensor((batch, self.heads, length, length), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made again from, but for the lender itself."""
        return {**super().get_config(), "heads": self.heads, "is_causal": self.is_causal}
