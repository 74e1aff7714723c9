"""The QR code of a pre-filled form: used when it is there, and never needed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.scaling import reduced
from yinjian.formcode import FormCode, parse_code

TOP = 0.25  # of the page: the code is printed beside the title
SIDE = 1400  # px of the long side of that part: a module of the code is then three pixels or more


def read_code(image: NDArray[np.uint8]) -> FormCode | None:
    """What our code on an upright form's page (BGR) says; None where there is none, or only somebody else's."""
    part, _ = reduced(image[: int(TOP * len(image))], SIDE)
    try:
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(part)
    except cv2.error:  # it gives up on some patterns that are no code
        return None
    return parse_code(text)
