"""mutate.py CHAINSIGN FOLDER WORK: our own SBOMs, each with one module changed."""

import json
import os
import sys

from common import check_all, files, parsed, run, sbom

chainsign, folder, work = sys.argv[1:]


def expect(path, number, document, name, version, kind):
    changed = os.path.join(work, f"{os.path.basename(path)}-{number}.json")
    with open(changed, "w", encoding="utf-8") as file:
        json.dump(document, file)
    done = run(chainsign, "sbom", "--diff-format", "json", "--diff", path, changed)
    os.remove(changed)
    if kind is None:
        return [] if done.returncode == 0 else [f"{path}: our own SBOM differs: {done.stdout}"]
    report = parsed(done.stdout)
    if done.returncode != 1:
        return [f"{path}: {kind} {name} is not reported"]
    found = [entry.get("actual", entry) for entry in report[kind]]
    wanted = {"path": name, "version": version}
    return [] if found == [wanted] else [f"{path}: {kind} {found}, wanted {wanted}"]


def check(path):
    document = parsed(sbom(chainsign, path, "--no-file-hash"))
    # an SBOM of our own may be used only where the module list could be read
    libraries = [it for it in document["components"] if it.get("version") and not it.get("pedigree")]
    faults = expect(path, 0, document, None, None, None)
    if not libraries:
        return faults
    victim = libraries[len(libraries) // 2]
    name, version = victim["name"], victim["version"]
    without = dict(document, components=[it for it in document["components"] if it is not victim])
    faults += expect(path, 1, without, name, version, "missing")
    extra = {"type": "library", "name": "evil.example/e", "purl": "pkg:golang/evil.example/e@v1.0.0"}
    added = dict(document, components=[*document["components"], extra])
    faults += expect(path, 2, added, "evil.example/e", "v1.0.0", "extra")
    other = dict(victim, purl=victim["purl"].split("@")[0] + "@v0.0.1")
    changed = dict(document, components=[other if it is victim else it for it in document["components"]])
    return faults + expect(path, 3, changed, name, version, "versionDiffers")


check_all(files(folder), check)
