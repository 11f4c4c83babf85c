"""One file per kind of data source: it finds records and says what their labels are.

Checks of what files hold belong to the modality, splits to `data/splits`.
"""
