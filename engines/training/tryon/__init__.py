"""Pairs of a person and the garment they wear, laid flat, and what the try-on networks are trained with."""
