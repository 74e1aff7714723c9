"""The applications of `samples/applications`, and how they are made again."""

from __future__ import annotations

from samples.series import Recipe

# Numbered so that neither name nor order tells what is to be expected.
READY: tuple[Recipe, ...] = tuple(
    Recipe(f"a{number:02d}", 26_000 + number, *rest)
    for number, rest in enumerate(
        (
            ("enterprise", "hpe", "new", "print-scan", "", True),
            ("enterprise", "hpe", "new", "hand-worn", "seal-on-line", True),
            ("purchaser", "hpe", "new", "print-jpeg", "", True),
            ("bidding_agency", "hpe", "new", "print-photo", "agreement-missing", True),
            ("legal_person", "hpe", "new", "hand-scan", "", True),
            ("enterprise_secondary", "ggzy", "new", "print-worn", "", True),
            ("enterprise", "ggzy", "renew", "hand-photo", "", True),
            ("enterprise", "hpe", "new", "print-worn", "business-two", False),
            ("expert", "hpe", "new", "hand-worn", "", False),
            ("bidding_agency", "hpe", "renew", "hand-tiff", "", True),
            ("enterprise", "ggzy", "new", "print-worn", "uscc-check", True),
            ("purchaser", "ggzy", "new", "print-png", "", False),
            ("enterprise", "ggzy", "replace", "hand-worn", "phone-short", True),
            ("authorized_rep", "ggzy", "new", "print-worn", "", True),
            ("purchaser", "hpe", "new", "hand-tiff", "signature-missing", False),
            ("enterprise", "hpe", "replace", "hand-tiff", "", False),
            ("enterprise", "ggzy", "new", "hand-tiff", "claim-name", True),
            ("bidding_agency", "hpe", "new", "print-photo", "", True),
            ("enterprise_secondary", "ggzy", "new", "hand-worn", "seal-declaration-missing", True),
            ("enterprise", "hpe", "new", "hand-worn", "card-side-missing", True),
            ("expert", "ggzy", "new", "print-worn", "", True),
            ("enterprise", "ggzy", "new", "print-worn", "", True),
            ("bidding_agency", "hpe", "new", "print-worn", "agreement-word", True),
            ("purchaser", "ggzy", "new", "hand-worn", "platform", True),
            ("enterprise", "hpe", "new", "print-worn", "date-future", False),
            ("medical", "ggzy", "new", "print-worn", "", True),
        ),
        start=1,
    )
)
