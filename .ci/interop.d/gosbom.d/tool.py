"""tool.py CHAINSIGN FOLDER DEFECTS TOOL COMMAND...: what another tool's SBOMs say.

The command prints the SBOM of the file that stands for {}.
"""

import sys

from common import Defects, check_all, files, run
from others import compare

chainsign, folder, defects, tool, *command = sys.argv[1:]
defects = Defects(defects, tool)


def check(path):
    done = run(*(part.replace("{}", path) for part in command),
               env={"SYFT_CHECK_FOR_APP_UPDATE": "false"})
    if done.returncode:
        return [f"{path}: {tool}: {done.stderr.decode()}"]
    return compare(chainsign, path, done.stdout, defects)


check_all(files(folder), check)
