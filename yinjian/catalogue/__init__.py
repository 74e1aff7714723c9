"""Business facts as data: platforms, certificates, forms, marks, materials, fees, agreements (TOML beside this file)."""
