"""Tables of labels in the forms that people and other programs write them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from render.errors import SourceError
from render.source.label_table import LabelTable, read_table, table_beside

LARGE = 9007199254740993  # 2^53 + 1, which no float holds


def table_of(tmp_path: Path, text: str, name: str = "table.csv") -> LabelTable:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_table(path)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_csv_with_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    rows = [
        "id,name,r,g,b,a,parent,root",
        f"{LARGE},left eye,255,0,51,,7,",
        "7,head,0,0,0,51,,",
        "9,,,,,,,7",
        "0,none,1,1,1,1,,",
    ]
    table = table_of(tmp_path, "\n".join(rows).replace(",", delimiter))
    assert table.names == {LARGE: "left eye", 7: "head"}
    assert table.colors == {LARGE: (1.0, 0.0, 0.2, 1.0), 7: (0.0, 0.0, 0.0, 0.2)}
    assert table.parents == {LARGE: 7}
    assert table.roots == {9: 7}


def test_csv_of_hex_colours_fractions_and_quotes(tmp_path: Path) -> None:
    text = '\ufeffStructure ID;Colour;Label\r\n-3;#ff8000;"a; b"\r\n\r\n18446744073709551615;00ff0080;c\r\n'
    table = table_of(tmp_path, text)
    assert table.names == {2**64 - 3: "a; b", 2**64 - 1: "c"}
    assert table.colors[2**64 - 3] == (1.0, 128 / 255, 0.0, 1.0)
    assert table.colors[2**64 - 1] == (0.0, 1.0, 0.0, 128 / 255)
    assert table_of(tmp_path, "label,R,G,B\n1,0.5,1.0,0\n").colors == {1: (0.5, 1.0, 0.0, 1.0)}
    assert table_of(tmp_path, "label,R,G,B\n1,0,1,0\n").colors == {1: (0.0, 1 / 255, 0.0, 1.0)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n1,2\n", "its first line must name a column id"),
        ("", "its first line must name a column id"),
        ("id,name\n1,a\n1.5,b\n", "row 2 of 'table.csv' has '1.5' where an id"),
        ("id,name\n18446744073709551616,b\n", "where an id from 0 to 18446744073709551615"),
        ("id,color\n1,red\n", "has the colour 'red'"),
        ("id,r,g,b\n1,2,x,4\n", "write numbers from 0 to 255"),
        ("id,r,g,b\n1,nan,1,4\n", "write numbers from 0 to 255"),
        ("id,root\n1,x\n", "has 'x' where an id"),
    ],
)
def test_what_is_wrong_with_a_csv_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        table_of(tmp_path, text)


def test_json_of_niivue_and_of_neuroglancer(tmp_path: Path) -> None:
    niivue = {"R": [0, 255], "G": [0, 0], "B": [0, 51], "labels": ["air", "bone"], "I": [0, LARGE]}
    table = table_of(tmp_path, json.dumps(niivue), "a.json")
    assert (table.names, table.colors) == ({LARGE: "bone"}, {LARGE: (1.0, 0.0, 0.2, 1.0)})
    properties = [
        {"id": "size", "type": "number", "data_type": "int8", "values": [1, 2]},
        {"id": "label", "type": "label", "values": ["x", "y"]},
    ]
    inline = {"ids": [str(LARGE), "2"], "properties": properties}
    text = json.dumps({"@type": "neuroglancer_segment_properties", "inline": inline})
    assert table_of(tmp_path, text, "b.json").names == {LARGE: "x", 2: "y"}


def test_json_of_a_structure_graph_is_a_hierarchy(tmp_path: Path) -> None:
    leaf = {
        "id": 8,
        "acronym": "grey",
        "name": "grey matter",
        "color_hex_triplet": "BFDAE3",
        "parent_structure_id": 997,
    }
    root = {"id": 997, "name": "root", "color_hex_triplet": "FFFFFF", "parent_structure_id": None, "children": [leaf]}
    leaf["children"] = [{"id": 567, "name": "cerebrum"}]
    table = table_of(tmp_path, json.dumps({"success": True, "msg": [root]}), "ontology.json")
    assert table.names == {997: "root", 8: "grey matter", 567: "cerebrum"}
    assert table.parents == {8: 997, 567: 8}
    assert table.colors[8] == (0xBF / 255, 0xDA / 255, 0xE3 / 255, 1.0)


def test_json_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    deep = '{"id": 1, "children": [' * 200 + "]}" * 200
    with pytest.raises(SourceError, match="hierarchy of more than 64"):
        table_of(tmp_path, deep, "deep.json")
    with pytest.raises(SourceError, match="nested too deep"):
        table_of(tmp_path, "[" * 100_000, "deeper.json")


def test_tables_of_other_programs(tmp_path: Path) -> None:
    snap = '# ITK-SnAP\n    0 0 0 0 0  0  0    "C"\n    2   255    0   51      0.2  1  1    "Eye"\n'
    table = table_of(tmp_path, snap, "a.label")
    assert (table.names, table.colors) == ({2: "Eye"}, {2: (1.0, 0.0, 0.2, 0.2)})
    slicer = "# Color table file\n0 background 0 0 0 0\n1 tissue 255 0 51 51\n"
    table = table_of(tmp_path, slicer, "b.ctbl")
    assert (table.names, table.colors) == ({1: "tissue"}, {1: (1.0, 0.0, 0.2, 0.2)})
    freesurfer = "#No. Label Name:  R   G   B   A\n0 Unknown 0 0 0 0\n2 Left-Cerebral-White-Matter 245 245 245 0\n"
    assert table_of(tmp_path, freesurfer, "LUT.txt").colors == {2: (245 / 255, 245 / 255, 245 / 255, 1.0)}


def test_a_table_lies_beside_its_volume(tmp_path: Path) -> None:
    for volume in ("brain.nii.gz", "brain.ome.zarr", "brain.tif", "brain"):
        assert not table_beside(tmp_path / volume)
    (tmp_path / "brain.json").write_text('{"EchoTime": 0.03}')  # BIDS: passed over
    (tmp_path / "brain.csv").write_text("subject,age\n1,20\n")
    assert not table_beside(tmp_path / "brain.nii.gz")
    (tmp_path / "brain.label").write_text('1 1 2 3 1 1 1 "one"\n')
    for volume in ("brain.nii.gz", "brain.ome.zarr", "brain.tif", "brain"):
        assert table_beside(tmp_path / volume).names == {1: "one"}
    (tmp_path / "brain.csv").write_text("id,color\n1,red\n")
    with pytest.raises(SourceError, match="colour 'red'"):
        table_beside(tmp_path / "brain.nii.gz")


def test_a_table_is_laid_over_another() -> None:
    ours, other = LabelTable({1: "a"}, {1: (0, 0, 0, 1)}), LabelTable({1: "b", 2: "c"}, {}, {2: 1}, {5: 6})
    both = ours.over(other)
    assert both == LabelTable({1: "a", 2: "c"}, {1: (0, 0, 0, 1)}, {2: 1}, {5: 6})
    assert LabelTable().over(other) is other
    assert not LabelTable()


@pytest.mark.skipif("HOSTA_DATA" not in os.environ, reason="needs HOSTA_DATA, the folder of real volumes")
def test_the_allen_atlas_has_its_names() -> None:
    table = table_beside(Path(os.environ["HOSTA_DATA"]) / "allen-atlas" / "AllenAtlas.nii.gz")
    assert len(table.names) == len(table.colors) == 141
    assert np.array(list(table.colors.values())).max() == 1.0
