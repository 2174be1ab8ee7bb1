"""What the checks share: running chainsign, and the file of named defects."""

import fnmatch
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def files(folder):
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    return [os.path.join(folder, name) for name in names]


def run(*arguments, env=None):
    environment = dict(os.environ, **(env or {}))
    return subprocess.run(arguments, capture_output=True, env=environment, check=False)


def sbom(chainsign, path, *flags):
    done = run(chainsign, "sbom", *flags, path)
    if done.returncode:
        raise SystemExit(f"{path}: {done.stderr.decode()}")
    return done.stdout


class Defects:
    """Lines `TOOL FILE-PATTERN KIND: why`."""

    def __init__(self, path, tool):
        self.known = []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if line.strip() and not line.startswith("#"):
                    head, why = line.split(": ", 1)
                    found, pattern, kind = head.split()
                    if found == tool:
                        self.known.append((pattern, kind, why.strip()))

    def explain(self, path, kind):
        name = os.path.basename(path)
        for pattern, known, why in self.known:
            if known == kind and fnmatch.fnmatch(name, pattern):
                return why
        return None


def check_all(paths, check):
    """Runs the check on every path; a check returns faults, a line each."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for found in pool.map(check, paths) for fault in found]
    print(f"{len(paths)} files, {len(faults)} faults")
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


def parsed(data):
    return json.loads(data)
