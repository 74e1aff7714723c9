"""PDFs with a drawn electronic seal and a signature that anyone can check (PAdES)."""

import logging

# The library logs whole names of certificates' holders; what it finds is told to who asked.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
