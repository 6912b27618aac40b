"""Makes the pictures of docs/gallery.md, and the page: `python docs/make_gallery.py [--only NAME] [--anew] [--list]`.

Each picture is one `hosta frame` command, with its state beside it in docs/pictures. A picture that is there already is
left alone (`--anew` makes it again), so that an interrupted run goes on where it was. Data sets are looked for under
$HOSTA_DATA; what is absent is told of and left out. Pictures of data whose terms do not allow it go to a folder that is
not committed (`--private`, by default build/gallery).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PICTURES = DOCS / "pictures"

CELL = "synthetic:cell?size=256"
BRAIN = "$HOSTA_DATA/brain/spm152.nii.gz"
SLICE = "$HOSTA_DATA/brain/mni152_axial.ome.zarr"
ATLAS = "$HOSTA_DATA/allen-atlas/AllenAtlas.nii.gz"
ANGIOGRAM = "$HOSTA_DATA/brain/CT_AVM.nii.gz"
CT = "$HOSTA_DATA/ct-dicom"
EM = "$HOSTA_DATA/em-vnc/raw"

ICBM = (
    "MRI: ICBM 152 template, Copyright (C) 1993-2009 Louis Collins, McConnell Brain Imaging Centre, Montreal "
    "Neurological Institute, McGill University."
)
ALLEN = "Segmentation: Allen Human Reference Atlas, Allen Institute for Brain Science, CC BY 4.0."


@dataclass(frozen=True)
class Picture:
    """One picture. `data` and `options` are words of the command; `state`: whether docs/pictures/NAME.json is used.

    `scaled`: it is made smaller for the page, to so many pixels a side, and then compressed with loss.
    """

    name: str
    title: str
    text: str
    data: tuple[str, ...]
    size: str
    spp: int
    options: tuple[str, ...] = ()
    state: bool = True
    denoised: bool = True
    suffix: str = ".webp"
    credit: str = ""
    committed: bool = True
    scaled: int | None = None

    @property
    def needs(self) -> list[str]:
        return [word for word in self.data if word.startswith("$HOSTA_DATA/")]

    def words(self, output: str) -> list[str]:
        """The arguments of `hosta`, paths as the page says them."""
        state = ["--state", f"docs/pictures/{self.name}.json"] if self.state else []
        filtered = ["--denoise"] if self.denoised else []
        shot = ["--size", self.size, "--spp", str(self.spp)]
        return ["frame", *self.data, *state, *self.options, *shot, *filtered, "-o", output]


COVERS = (
    Picture(
        "cell", "A cell, cut open",
        "Five channels of a synthetic cell on an oblique cut: chromatin, mitochondria, Golgi cisternae, endoplasmic "
        "reticulum, and a membrane that one sees through. Four area lights, twelve scatterings, a lens that is open a "
        "little.",
        (CELL,), "1000x750", 32, suffix=".png",
    ),
    Picture(
        "brain-cut", "Grey and white matter",
        "An oblique cut through the average brain. The nodes of one transfer function give fluid, grey and white "
        "matter their colours; the light is the studio's of the cell, with twelve scatterings.",
        (BRAIN,), "1000x750", 32, ("--azimuth", "18", "--elevation", "6"), credit=ICBM,
    ),
    Picture(
        "atlas-cut", "141 structures",
        "The same cut through a segmentation, in the colours of its own table: an opaque medium instead of surfaces "
        "(`shading.mode` phase), in which light goes on for up to 32 scatterings, as in porcelain.",
        ("--labels", ATLAS), "1000x750", 32, ("--azimuth", "18", "--elevation", "6"), credit=ALLEN,
    ),
    Picture(
        "brain-rim", "Translucent, lit from behind",
        "The left half of the same brain as glass: grey matter is thin, white matter dense. Two lights from behind "
        "(the preset *rim*), up to 24 scatterings.",
        (BRAIN,), "1000x750", 32, ("--lighting", "rim", "--azimuth", "30"), credit=ICBM,
    ),
)  # fmt: skip

LIGHT = (
    Picture(
        "cell-macro", "Depth of field",
        "Through a lens of 0.55 µm, focused on the nucleus's cut face; what lies behind it melts.",
        (CELL,), "720x540", 12, ("--focus-at", "374,270"),
    ),
    Picture(
        "brain-wax", "Many scatterings",
        "Brain of wax: a thin medium that scatters forward (g = 0.5), 64 scatterings, warm light from behind that "
        "comes through where it is thin.",
        (BRAIN,), "640x480", 16, ("--azimuth", "-60"), credit=ICBM,
    ),
    Picture(
        "brain-studio", "An environment map",
        "All light is from an environment map, here the studio that Hosta makes itself; any equirectangular .hdr or "
        ".exr does.",
        (BRAIN,), "640x480", 16,
        ("--environment", "synthetic:studio", "--azimuth", "-130", "--elevation", "10"), credit=ICBM,
    ),
    Picture(
        "cell-organelles", "Segmented organelles",
        "507 organelles of the same cell, each with an id of 64 bits and a colour of its own, in a crop box.",
        (CELL,), "640x480", 16,
    ),
)  # fmt: skip

MEASURE = (
    Picture(
        "brain-slices", "Slices and guides",
        "Three orthogonal slices at their place in space, with the bounding box, positions in millimetres, the "
        "anatomical directions and a scale bar. Nothing here is noise, and so nothing is filtered.",
        (BRAIN,), "800x600", 4, ("--azimuth", "15", "--elevation", "4"), denoised=False, credit=ICBM,
    ),
    Picture(
        "atlas-halves", "A hemisphere in its box",
        "The left half of the atlas in the colours of glasbey, which neighbours do not share, with box, ticks, axes "
        "and scale bar.",
        ("--labels", ATLAS), "720x540", 12,
        ("--view", "right", "--azimuth", "-25", "--elevation", "15"), credit=ALLEN,
    ),
    Picture(
        "cell-march", "Emission and absorption",
        "The plain ray march that viewers of the field have, each sample shaded and nothing shadowed. In its box, in "
        "micrometres.",
        (CELL,), "640x480", 4,
    ),
    Picture(
        "cell-maximum", "Maximum intensity projection",
        "What a fluorescence microscopist looks at first: each channel's largest value along the ray, added up.",
        (CELL,), "640x480", 4, ("--mode", "maximum", "--view", "front"), denoised=False,
    ),
    Picture(
        "brain-average", "Average projection",
        "The mean along each ray, in the colours of *inferno*: an X-ray of a kind.",
        (BRAIN,), "640x480", 4, ("--view", "left"), denoised=False, credit=ICBM,
    ),
    Picture(
        "brain-isosurface", "Isosurface",
        "The surface of one value, its place refined along the ray, in the light of *headlight*, without shadows.",
        (BRAIN,), "640x480", 12, ("--lighting", "headlight", "--azimuth", "-70"), denoised=False, credit=ICBM,
    ),
    Picture(
        "brain-slice", "A single slice",
        "A file that holds one slice is shown in grey, with the empty background left out; here face on, "
        "in even light. It is another writer's OME-Zarr whose axes come in the order x, y, z.",
        (SLICE,), "480x480", 16, ("--view", "front", "--lighting", "flat"), state=False,
        credit=ICBM,
    ),
)  # fmt: skip

OUTPUTS = (
    Picture(
        "cell-stereo", "A stereo pair",
        "For a headset or for crossed eyes (swap them): two views with off-axis frusta, the left eye's on the left.",
        (CELL,), "900x400", 8, ("--stereo", "--lighting", "studio"), state=False,
    ),
    Picture(
        "brain-transparent", "Transparent",
        "The background is left out, soft edges and all; it lies on whatever your page has.",
        (BRAIN,), "640x480", 16,
        ("--transparent", "--lighting", "studio", "--scatterings", "8", "--azimuth", "-150", "--zoom", "0.85"),
        state=False, suffix=".png", credit=ICBM,
    ),
)  # fmt: skip

PRIVATE = (
    Picture(
        "angiogram", "CT angiogram (CT_AVM)",
        "The vessels stand alone in ivory, shadowing each other: the first look's window cuts off what is dimmer. The "
        "large ones are smooth; thin ones break up into pieces where they are no wider than a voxel, and fragments of "
        "what is left of the skull float around them.",
        (ANGIOGRAM,), "480x360", 8,
        ("--lighting", "studio", "--scatterings", "8"), state=False, suffix=".png", committed=False,
    ),
    Picture(
        "ct", "CT from DICOM (ct-dicom)",
        "A head from the front, its face made unrecognisable by whoever published it, with a wire frame at each side. "
        "The skin is smooth; on the crown the 1.5 mm between slices show as contour lines.",
        (CT,), "480x360", 8,
        ("--lighting", "studio", "--scatterings", "8"), state=False, suffix=".png", committed=False,
    ),
    Picture(
        "em", "Serial-section TEM (em-vnc)",
        "Twenty sections as a solid block in the grey values of the microscope: membranes and the cristae of "
        "mitochondria are sharp on its front, the sides are as coarse as a section is thick.",
        (EM, "--spacing", "45,4.6,4.6nm"), "480x360", 8,
        ("--lighting", "studio"), state=False, suffix=".png", committed=False,
    ),
)  # fmt: skip

AGAVE = tuple(
    Picture(
        f"agave-{scene}-{kind}", f"AGAVE's {scene}, {kind}", "", (BRAIN,), "512x512", spp,
        ("--agave", f"docs/pictures/agave-{scene}.json"), state=False, denoised=kind == "filtered", credit=ICBM,
        scaled=384,
    )
    for scene in ("surface", "cut", "translucent")
    for kind, spp in (("raw", 32), ("filtered", 16))
)  # fmt: skip
"""Beside AGAVE's own in docs/agave.md, which were made smaller in the same way."""

CHAPTERS: tuple[tuple[str, tuple[Picture, ...]], ...] = (
    ("For a cover", COVERS),
    ("Light and matter", LIGHT),
    ("To read and to measure", MEASURE),
    ("Outputs", OUTPUTS),
)


def every() -> list[Picture]:
    return [picture for _, pictures in (*CHAPTERS, ("", AGAVE), ("", PRIVATE)) for picture in pictures]


def output_of(picture: Picture, private: Path) -> Path:
    return (PICTURES if picture.committed else private) / f"{picture.name}{picture.suffix}"


def absent(picture: Picture) -> list[str]:
    """The data that the picture needs and that are not there."""
    found = os.environ.get("HOSTA_DATA")
    return [path for path in picture.needs if not found or not Path(_placed(path)).exists()]


def _placed(word: str) -> str:
    return word.replace("$HOSTA_DATA", os.environ.get("HOSTA_DATA", ""), 1)


def make(picture: Picture, output: Path) -> None:
    """Run the picture's command. Raises SystemExit when it fails."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn.png" if picture.scaled else output
        words = [_placed(word) for word in picture.words(str(drawn))]
        if subprocess.run([sys.executable, "-m", "render", *words], cwd=ROOT).returncode:
            raise SystemExit(f"{picture.name} could not be made")
        if picture.scaled:
            side = (picture.scaled, picture.scaled)
            smaller = Image.open(drawn).convert("RGB").resize(side, Image.Resampling.LANCZOS)
            smaller.save(output, "WEBP", quality=90, method=6)


# ---- the page ----


def command(picture: Picture) -> str:
    """The command as one types it in the project's folder."""
    output = f"docs/pictures/{picture.name}{picture.suffix}" if picture.committed else f"{picture.name}{picture.suffix}"
    words = [f'"{word}"' if any(mark in word for mark in "?$*") else word for word in picture.words(output)]
    return "hosta " + " ".join(words)


def page() -> str:
    """docs/gallery.md."""
    lines = [
        "# Gallery",
        "",
        "Every picture here is one command; `HOSTA_DATA=... python docs/make_gallery.py` runs them all and writes this",
        "page. *Filtered* means that Intel Open Image Denoise took the noise out (`--denoise`); all others are raw.",
        "",
    ]
    for title, pictures in CHAPTERS:
        lines += [f"## {title}", ""]
        for picture in pictures:
            kind = "filtered" if picture.denoised else "raw"
            lines += [
                f"### {picture.title}",
                "",
                f"![{picture.title}](pictures/{picture.name}{picture.suffix})",
                "",
                f"{picture.text} *{picture.size.replace('x', ' × ')}, {picture.spp} samples a pixel, {kind}.*"
                + (f" {picture.credit}" if picture.credit else ""),
                "",
                "```sh",
                command(picture),
                "```",
                "",
            ]
    lines += ["## Looked at, not shown", "", "The terms of these data do not allow pictures of them here.", ""]
    for picture in PRIVATE:
        lines += [f"### {picture.title}", "", picture.text, "", "```sh", command(picture), "```", ""]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    chosen = [picture for picture in every() if not options.only or picture.name in options.only]
    unknown = set(options.only or ()) - {picture.name for picture in every()}
    if unknown:
        raise SystemExit(f"there is no picture {', '.join(sorted(unknown))}; --list names them")
    if options.list:
        print("\n".join(f"{picture.name:18} {command(picture)}" for picture in chosen))
        return
    for picture in chosen:
        output = output_of(picture, options.private)
        if missing := absent(picture):
            print(f"{picture.name}: left out, {', '.join(missing)} is not there")
        elif output.exists() and not options.anew:
            print(f"{picture.name}: is there")
        else:
            started = time.perf_counter()
            make(picture, output)
            print(f"{picture.name}: {time.perf_counter() - started:.0f} s", flush=True)
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="this picture alone; repeatable")
    parser.add_argument("--anew", action="store_true", help="also make those that are there already")
    parser.add_argument("--list", action="store_true", help="print the commands and end")
    parser.add_argument("--private", type=Path, default=ROOT / "build" / "gallery", help="for what is not committed")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
