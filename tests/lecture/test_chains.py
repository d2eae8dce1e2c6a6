"""The pictures in docs/: what is committed is a picture of the chain, and what `make docs` draws."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from conftest import ROOT
from unrolled.lecture.chains import PICTURES, draw

SVG = "{http://www.w3.org/2000/svg}"
READ = {"chain": 1, "chain_sequence_to_vector": 1, "chain_sequence_to_sequence": 8}
READ |= {"chain_vector_to_sequence": 5, "chain_encoder_decoder": 5}


@pytest.mark.parametrize("name", PICTURES)
def test_the_committed_picture_has_a_box_for_each_time_step(name: str) -> None:
    tree = ElementTree.parse(ROOT / "docs" / f"{name}.svg")
    words = [word for part in PICTURES[name].words.values() for word in part]
    assert [each.text for each in tree.iter() if each.get("class") == "label"] == words
    assert len(tree.findall(f"{SVG}g[@class='step']/{SVG}rect")) == len(words)
    assert len([each for each in tree.iter() if each.get("class") == "reads"]) == READ[name]
    lines = tree.findall(f"{SVG}g[@class='step']/{SVG}path[@class='back']")
    assert all(float(line.attrib["stroke-width"]) > 0 for line in lines) and len(lines) == len(words)


def test_what_is_drawn_today_has_the_committed_boxes(tmp_path: Path) -> None:
    for file in draw(tmp_path):
        steps = f"{SVG}g[@class='step']"
        drawn, kept = (ElementTree.parse(each).findall(steps) for each in (file, ROOT / "docs" / file.name))
        assert [each.get("transform") for each in drawn] == [each.get("transform") for each in kept]
