"""validate.py CHAINSIGN cyclonedx|spdx|folder FOLDER: with the official validators."""

import os
import sys
import tempfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from common import check_all, files, parsed, sbom

chainsign, kind, folder = sys.argv[1:]
VALIDATORS = {version: JsonStrictValidator(SchemaVersion.from_version(version))
              for version in ("1.4", "1.5", "1.6", "1.7")}


def components(document):
    rest = [document["metadata"]["component"], *document["components"]]
    while rest:
        component = rest.pop()
        yield component
        rest += component.get("components", [])
        rest += component.get("pedigree", {}).get("ancestors", [])


def purls(path, document):
    for component in components(document):
        purl = component.get("purl")
        if purl is None:
            continue
        parts = PackageURL.from_string(purl)
        name = "/".join(part for part in (parts.namespace, parts.name) if part)
        if parts.qualifiers.get("type") == "package":
            name = "/".join(part for part in (name.removeprefix("stdlib"), parts.subpath) if part)
            replaced = component["name"] != name.lstrip("/")
            # packages of a replaced module keep their import path
            if replaced and not component["name"].endswith(parts.subpath or ""):
                yield f"{path}: {purl} is not the package {component['name']}"
        elif name.lower() != component["name"].lower():
            yield f"{path}: {purl} is not the module {component['name']}"
        elif component["name"] not in purl and "%" not in purl:
            yield f"{path}: {purl} lost the case of {component['name']}"
        if parts.version != component.get("version"):
            yield f"{path}: {purl} has not the version {component.get('version')}"


def cyclonedx(path, *flags):
    faults = []
    for version, validator in VALIDATORS.items():
        text = sbom(chainsign, path, "--spec-version", version, *flags).decode()
        fault = validator.validate_str(text)
        if fault:
            faults.append(f"{path}: {version}: {fault}")
        faults += purls(path, parsed(text))
    return faults


def spdx(path, *flags):
    with tempfile.TemporaryDirectory() as work:
        name = os.path.join(work, "sbom.spdx.json")
        with open(name, "wb") as file:
            file.write(sbom(chainsign, path, "--format", "spdx-json", *flags))
        messages = validate_full_spdx_document(parse_file(name))
    return [f"{path}: {message.validation_message}" for message in messages]


if kind == "folder":
    check_all([folder], lambda path: [*cyclonedx(path, "--packages"), *spdx(path, "--packages")])
check_all(files(folder), cyclonedx if kind == "cyclonedx" else spdx)
