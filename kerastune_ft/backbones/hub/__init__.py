"""Models of keras-hub as flat graphs: presets, units, and encoders of texts, images and sounds.

Only `backbones/keras_hub.py` and its neighbours import it.
"""
