"""Business facts as data: platforms, certificates, forms, materials, fees, agreements (TOML beside this file)."""

from yinjian.catalogue.load import Catalogue, catalogue, load
from yinjian.catalogue.model import Form, Platform

__all__ = ["Catalogue", "Form", "Platform", "catalogue", "load"]
