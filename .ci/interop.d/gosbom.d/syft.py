"""syft.py CHAINSIGN SYFT FOLDER DEFECTS"""

import sys

from common import Defects, check_all, files, run
from others import compare

chainsign, syft, folder, defects = sys.argv[1:]
defects = Defects(defects, "syft")


def check(path):
    faults = []
    for form in ("cyclonedx-json", "spdx-json"):
        done = run(syft, "--quiet", "scan", "--output", form, f"file:{path}",
                   env={"SYFT_CHECK_FOR_APP_UPDATE": "false"})
        if done.returncode:
            return [f"{path}: syft: {done.stderr.decode()}"]
        faults += [f"{form}: {fault}" for fault in compare(chainsign, path, done.stdout, defects)]
    return faults


check_all(files(folder), check)
