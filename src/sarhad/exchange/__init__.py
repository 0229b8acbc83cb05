"""Reads and writes every format, one file per format; the only floor that opens files."""
