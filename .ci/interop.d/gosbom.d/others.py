"""Comparing other tools' SBOMs with the binaries, with `chainsign sbom --diff`."""

import os
import tempfile

from common import parsed, run


def kinds(report):
    """The kinds of difference in a report."""
    fields = {"missing": "missing", "extra": "extra", "versionDiffers": "version", "sumDiffers": "sum"}
    return {kind for field, kind in fields.items() if report[field]}


def compare(chainsign, binary, document, defects):
    with tempfile.TemporaryDirectory() as work:
        name = os.path.join(work, "theirs.json")
        with open(name, "wb") as file:
            file.write(document)
        # in either order
        reports = [run(chainsign, "sbom", "--diff-format", "json", "--diff", *pair)
                   for pair in ((binary, name), (name, binary))]
    if len({report.returncode for report in reports}) != 1:
        return [f"{binary}: the order of the two files matters"]
    report = parsed(reports[0].stdout)
    if reports[0].returncode == 2:
        why = defects.explain(binary, "unread")
        return [] if why else [f"{binary}: {report['failure']['message']}"]
    unexplained = {kind for kind in kinds(report) if not defects.explain(binary, kind)}
    if bool(kinds(report)) != (reports[0].returncode == 1):
        return [f"{binary}: exit {reports[0].returncode}, but {kinds(report)}"]
    shown = {field: report[field][:3] for field in ("missing", "extra", "versionDiffers", "sumDiffers")}
    return [f"{binary}: {kind}: {shown}" for kind in sorted(unexplained)]
