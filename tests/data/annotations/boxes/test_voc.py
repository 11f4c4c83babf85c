from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.annotations.boxes.base import UnusableAnnotationError
from kerastune_ft.data.annotations.boxes.voc import parse
from tests.support.box_files import opened, to_xml, write_voc
from tests.support.image_files import write


def test_edges_classes_and_size_are_read_as_they_are_written() -> None:
    found = parse(to_xml([("cell", 1, 2.5, 7, 8), ("edge", 0, 0, 3, 3)]), "a.xml")
    assert found.sides.tolist() == [[1, 2.5, 7, 8], [0, 0, 3, 3]]
    assert (found.classes, found.size, found.place) == (("cell", "edge"), (12, 16), "a.xml")
    assert not found.difficult.any() and not found.crowd.any()
    assert parse(to_xml([("cell", 1, 2, 7, 8)], more="<difficult>1</difficult>"), "a.xml").difficult.tolist() == [True]


@pytest.mark.parametrize("size", [None, (0, 0)])
def test_a_size_that_is_not_written_is_not_known(size: tuple[int, int] | None) -> None:
    assert parse(to_xml([], size), "a.xml").size is None


def test_boxes_of_parts_are_no_boxes_of_objects() -> None:
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    assert parse(to_xml([("person", 1, 2, 7, 8)], more=part), "a.xml").sides.tolist() == [[1, 2, 7, 8]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no XML that can be read"),
        (b"<annotation>", "is no XML that can be read"),
        (b"<annotations><image/></annotations>", "is no annotation of Pascal VOC: it begins with <annotations>"),
        (b"<annotation><object><name>a</name></object></annotation>", "object 1 has no <bndbox>"),
        (to_xml([("a", 0, 0, 1, 1), ("b", 1, 2, float("nan"), 4)]), "object 2 has edges that are no numbers: xmin 1"),
        (to_xml([("a", 0, 0, 1, 1)]).replace(b"<ymax>1</ymax>", b""), "ymax missing"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, why: str) -> None:
    with pytest.raises(UnusableAnnotationError, match=why.replace("<", "[<]")):
        parse(content, "a.xml")


def test_files_that_name_another_picture_of_the_data_are_said(tmp_path: Path) -> None:
    root = write_voc(tmp_path / "a")
    name = b"<filename>C:\\x\\03.jpg</filename>"
    write(root / "annotations" / "02.xml", to_xml([("small", 0, 0, 3, 3)]).replace(b"<filename>x</filename>", name))
    (note,) = [each for each in opened(root).info.notes if "XML" in each]
    assert note.startswith("boxes: 1 XML file names another picture (annotations/02.xml names 03); ")
