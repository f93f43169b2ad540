"""Runs gates over template.yaml and judges what they find by waivers.yaml. Usage: judge.py GATE...   (all without a name)

Prints every finding that is not waived and every waiver that nothing needs; either ends with 1."""

import json
import os
import sys
import tempfile
import time

import yaml

import gates
import roles
from translate import translate

TEMPLATE = os.path.join(gates.ROOT, "template.yaml")
WAIVERS = os.path.join(gates.ROOT, "infra", "gates", "waivers.yaml")

# Gates over the SAM template itself, and over its translation.
RAW = {"sam-validate": gates.sam_validate, "sam-translate": gates.sam_translate, "grants": gates.grants}
TRANSLATED = {"cfn-lint": gates.cfn_lint, "checkov": gates.checkov, "guard": gates.guard, "rules": gates.rules, "parliament": roles.roles}
ALL = {**RAW, **TRANSLATED}


class BadWaiver(Exception):
    """A waiver that cannot be taken."""


def waivers(path=WAIVERS):
    """The waivers: a list of gate, check, resource, reason. Raises BadWaiver."""
    with open(path, encoding="utf-8") as file:
        entries = yaml.safe_load(file) or []
    seen = set()
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"gate", "check", "resource", "reason"}:
            raise BadWaiver(f"a waiver has gate, check, resource and reason: {entry}")
        if entry["gate"] not in ALL:
            raise BadWaiver(f"no gate {entry['gate']}")
        if len(str(entry["reason"] or "").split()) < 4:
            raise BadWaiver(f"no reason: {entry}")
        key = (entry["gate"], entry["check"], entry["resource"])
        if key in seen:
            raise BadWaiver(f"twice: {entry}")
        seen.add(key)
    return entries


def waives(waiver, gate, found):
    return waiver["gate"] == gate and waiver["check"] == found["check"] and waiver["resource"] in ("*", found["resource"])


def apply(entries, gate, findings):
    """What is left of a gate's findings, and the waivers of that gate that nothing needed."""
    left = [found for found in findings if not any(waives(waiver, gate, found) for waiver in entries)]
    unused = [waiver for waiver in entries if waiver["gate"] == gate and not any(waives(waiver, gate, found) for found in findings)]
    return left, unused


def main(names):
    entries = waivers()
    red = False
    with tempfile.TemporaryDirectory() as work:
        translated = os.path.join(work, "template.json")
        with open(TEMPLATE, encoding="utf-8") as source, open(translated, "w", encoding="utf-8") as target:
            json.dump(translate(source.read()), target, indent=1)
        for name in names or ALL:
            began = time.monotonic()
            path = TEMPLATE if name in RAW else translated
            findings = ALL[name]([path])[path]
            left, unused = apply(entries, name, findings)
            print(f"{name}: {len(findings)} findings, {len(findings) - len(left)} waived, {time.monotonic() - began:.1f} s", flush=True)
            for found in left:
                print(f"  RED {found['check']} {found['resource']}: {found['message']}")
            for waiver in unused:
                print(f"  RED the waiver of {waiver['check']} for {waiver['resource']} is not needed")
            red = red or bool(left or unused)
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
