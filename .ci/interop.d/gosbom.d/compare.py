"""compare.py CHAINSIGN GO-RELEASE FOLDER DEFECTS: `inspect` against `go version -m`."""

import sys

from common import Defects, check_all, files, parsed, run

chainsign, release, folder, defects = sys.argv[1:]
defects = Defects(defects, "go")


def of_go(path):
    """Version and lines of `go version -m`; None if it reads nothing."""
    done = run("go", "version", "-m", path, env={"GOTOOLCHAIN": release})
    lines = done.stdout.decode("utf-8", "backslashreplace").splitlines()
    if not lines or ": " not in lines[0]:
        return None
    version = lines[0].removeprefix(path + ": ")
    return version, [line[1:] for line in lines[1:]]


def of_chainsign(path):
    done = run(chainsign, "inspect", "--output", "json", path)
    if done.returncode:
        return None
    image = parsed(done.stdout)["content"]["slices"][0]
    lines = []
    if image["path"] is not None:
        if image["path"]:
            lines.append(f"path\t{image['path']}")
        for kind, modules in (("mod", [image["main"]] if image["main"] else []), ("dep", image["deps"])):
            for module in modules:
                replaced = module["replace"]
                columns = [kind, module["path"], module["version"]]
                if not replaced:
                    columns.append(module["sum"] or "")
                lines.append("\t".join(columns))
                if replaced:
                    lines.append("\t".join(["=>", replaced["path"], replaced["version"], replaced["sum"] or ""]))
        lines += [f"build\t{key}={value}" for key, value in image["settings"].items()]
    return image["goVersion"], lines


def normal(lines):
    """Trailing tabs differ between releases; quoted values are compared by what they say."""
    result = []
    for line in lines:
        line = line.rstrip("\t")
        if not line:
            # go ends the line of a replacement by a folder twice
            continue
        if line.startswith("build\t") and "=" in line:
            key, value = line.removeprefix("build\t").split("=", 1)
            if value[:1] == '"':
                value = parsed(value)
            elif value[:1] == "`":
                value = value[1:-1]
            line = f"build\t{key}={value}"
        result.append(line)
    return sorted(result)


def check(path):
    theirs, ours = of_go(path), of_chainsign(path)
    if ours is None:
        return [f"{path}: chainsign reads nothing"]
    if theirs is None:
        why = defects.explain(path, "unread")
        return [] if why else [f"{path}: {release} reads nothing, we {ours[0]}"]
    if theirs[0] != ours[0]:
        return [f"{path}: Go version {theirs[0]!r}, ours {ours[0]!r}"]
    if normal(theirs[1]) != normal(ours[1]):
        if defects.explain(path, "modules"):
            return []
        one, two = set(normal(theirs[1])), set(normal(ours[1]))
        return [f"{path}: only {release}: {sorted(one - two)}; only we: {sorted(two - one)}"]
    return []


check_all(files(folder), check)
