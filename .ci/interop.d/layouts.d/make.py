"""Makes the supply chain of the in-toto project's demo with the in-toto project's own Python package
(PyPI: in-toto): Alice's layout, Bob's and Carl's links, and the package.

Steps, rules and inspection are those of github.com/in-toto/demo owner_alice/create_layout.py. Bob does
not clone from a network: the one file is written. Keys are made anew each time and are worth nothing.

usage: make.py FOLDER [--dsse] [--keys rsa|ed25519|ecdsa] [--expires TIME] [--threshold] [--disagree] [--tamper]
"""

import argparse
import os
import subprocess
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from in_toto.models._signer import load_public_key_from_file
from in_toto.models.layout import Layout
from in_toto.models.metadata import Envelope, Metablock
from securesystemslib.signer import CryptoSigner

arguments = argparse.ArgumentParser()
arguments.add_argument("folder")
arguments.add_argument("--dsse", action="store_true")
arguments.add_argument("--keys", default="rsa", choices=["rsa", "ed25519", "ecdsa"])
arguments.add_argument("--expires", default="2046-11-20T00:00:00Z")
arguments.add_argument("--threshold", action="store_true", help="Carl and Dana package, both must")
arguments.add_argument("--disagree", action="store_true", help="Dana packages something else")
arguments.add_argument("--tamper", action="store_true", help="Carl changes the program first, as in the demo")
arguments = arguments.parse_args()

os.makedirs(arguments.folder)
os.chdir(arguments.folder)


def key(name):
    """A key pair: NAME in PKCS #8, NAME.pub in PEM."""
    private = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    }[arguments.keys]()
    with open(name, "wb") as file:
        file.write(private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))
    with open(name + ".pub", "wb") as file:
        file.write(private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ))
    return private


def run(tool, *flags):
    dsse = ["--use-dsse"] if arguments.dsse else []
    tool = os.path.join(os.path.dirname(sys.executable), tool)
    verb = list(flags[:1]) if flags[0] in ("start", "stop") else []
    subprocess.run([tool, *verb, *dsse, *flags[len(verb):]], check=True)


alice = key("alice")
for name in ["bob", "carl", "dana"]:
    key(name)
bob, carl, dana = [load_public_key_from_file(name + ".pub") for name in ["bob", "carl", "dana"]]
packagers = [carl["keyid"], dana["keyid"]] if arguments.threshold else [carl["keyid"]]

layout = Layout.read({
    "_type": "layout",
    "expires": arguments.expires,
    "keys": {each["keyid"]: each for each in [bob, carl, dana]},
    "steps": [
        {
            "name": "clone",
            "expected_materials": [],
            "expected_products": [["CREATE", "demo-project/foo.py"], ["DISALLOW", "*"]],
            "pubkeys": [bob["keyid"]],
            "expected_command": ["git", "clone", "https://github.com/in-toto/demo-project.git"],
            "threshold": 1,
        },
        {
            "name": "update-version",
            "expected_materials": [
                ["MATCH", "demo-project/*", "WITH", "PRODUCTS", "FROM", "clone"],
                ["DISALLOW", "*"],
            ],
            "expected_products": [["ALLOW", "demo-project/foo.py"], ["DISALLOW", "*"]],
            "pubkeys": [bob["keyid"]],
            "expected_command": [],
            "threshold": 1,
        },
        {
            "name": "package",
            "expected_materials": [
                ["MATCH", "demo-project/*", "WITH", "PRODUCTS", "FROM", "update-version"],
                ["DISALLOW", "*"],
            ],
            "expected_products": [["CREATE", "demo-project.tar.gz"], ["DISALLOW", "*"]],
            "pubkeys": packagers,
            "expected_command": [
                "tar", "--exclude", ".git", "-zcvf", "demo-project.tar.gz", "demo-project",
            ],
            "threshold": len(packagers),
        },
    ],
    "inspect": [{
        "name": "untar",
        "expected_materials": [
            ["MATCH", "demo-project.tar.gz", "WITH", "PRODUCTS", "FROM", "package"],
            ["ALLOW", ".keep"],
            ["ALLOW", "alice.pub"],
            ["ALLOW", "root.layout"],
            ["DISALLOW", "*"],
        ],
        "expected_products": [
            ["MATCH", "demo-project/foo.py", "WITH", "PRODUCTS", "FROM", "update-version"],
            ["ALLOW", "demo-project/.git/*"],
            ["ALLOW", "demo-project.tar.gz"],
            ["ALLOW", ".keep"],
            ["ALLOW", "alice.pub"],
            ["ALLOW", "root.layout"],
            ["DISALLOW", "*"],
        ],
        "run": ["tar", "xzf", "demo-project.tar.gz"],
    }],
})
metadata = Envelope.from_signable(layout) if arguments.dsse else Metablock(signed=layout)
metadata.create_signature(CryptoSigner(alice))
metadata.dump("root.layout")

script = "mkdir demo-project && printf 'print(\"Hello in-toto\")\\n' >demo-project/foo.py"
run("in-toto-run", "--step-name", "clone", "--products", "demo-project/foo.py",
    "--signing-key", "bob", "--", "sh", "-c", script)
run("in-toto-record", "start", "--step-name", "update-version", "--signing-key", "bob",
    "--materials", "demo-project/foo.py")
with open("demo-project/foo.py", "w") as file:
    file.write('VERSION = "foo-v1"\n\nprint("Hello in-toto")\n')
run("in-toto-record", "stop", "--step-name", "update-version", "--signing-key", "bob",
    "--products", "demo-project/foo.py")
if arguments.tamper:
    with open("demo-project/foo.py", "a") as file:
        file.write("something evil\n")
for name in ["carl", "dana"] if arguments.threshold else ["carl"]:
    if name == "dana" and arguments.disagree:
        with open("demo-project/foo.py", "a") as file:
            file.write("something else\n")
    # The same bytes whoever packages.
    tar = ["tar", "--exclude", ".git", "--sort=name", "--owner=0", "--group=0", "--numeric-owner",
           "--mtime=2026-01-01T00:00:00Z", "--use-compress-program=gzip -n", "-cvf",
           "demo-project.tar.gz", "demo-project"]
    run("in-toto-run", "--step-name", "package", "--materials", "demo-project/foo.py",
        "--products", "demo-project.tar.gz", "--signing-key", name, "--record-streams", "--", *tar)
    if name == "carl" and arguments.threshold:
        os.rename("demo-project.tar.gz", "demo-project.tar.gz.carl")
