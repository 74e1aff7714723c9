"""What is kept: the database (SQLAlchemy), the file store (fsspec), and the keys that both are encrypted under."""
