"""Business facts as data: platforms, certificates, forms, materials, fees, agreements (TOML beside this file)."""

from yinjian.catalogue.load import catalogue, load
from yinjian.catalogue.lookup import Catalogue
from yinjian.catalogue.model import (
    Certificate,
    Fee,
    FieldInfo,
    FieldKind,
    Form,
    Material,
    MaterialKind,
    Offer,
    Platform,
    RequiredMark,
)

__all__ = [
    "Catalogue",
    "Certificate",
    "Fee",
    "FieldInfo",
    "FieldKind",
    "Form",
    "Material",
    "MaterialKind",
    "Offer",
    "Platform",
    "RequiredMark",
    "catalogue",
    "load",
]
