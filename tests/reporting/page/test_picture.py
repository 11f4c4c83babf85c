from __future__ import annotations

import io

from PIL import Image

from kerastune_ft.reporting.page.picture import Picture


def test_a_figure_shows_itself_as_a_picture_on_white() -> None:
    figure = Picture(figsize=(2.0, 1.0))
    figure.subplots().plot([1, 2])
    figure.patch.set_visible(False)
    assert figure.put_on_white() is figure
    image = Image.open(io.BytesIO(figure._repr_png_()))
    assert image.format == "PNG"
    assert image.size == (200, 100)
    assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
