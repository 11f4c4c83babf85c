"""What the families of keras-hub need beyond `backbones/keras_hub.py`: presets, units, inputs by modality.

Only `backbones/keras_hub.py` and its neighbours import it.
"""
