"""Proofs of the promises on the devices at hand: small runs in processes of their own, compared with each other."""
