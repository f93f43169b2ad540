"""Plants each fault of faults.yaml in a copy of template.yaml and shows that the gate that it names turns red, and that the sound template
leaves every gate green. Usage: faults.py [--update]      --update writes the table of docs/operations/gates.md, which is compared otherwise."""

import json
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import yaml

import gates
import judge
from translate import translate

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(gates.ROOT, "docs", "operations", "gates.md")
BEGIN, END = "<!-- faults: written by infra/gates/faults.sh --update -->\n", "<!-- end of faults -->"
CHEAP = ["grants", "rules"]  # run on every fault; the others only on those that name them


class Unplanted(Exception):
    """A fault that does not fit the template any more."""


def plant(text, fault):
    """The template in text with a fault."""
    begin = re.search(rf"^  {fault['at']}:.*\n", text, re.MULTILINE)
    if not begin:
        raise Unplanted(f"{fault['name']}: no resource {fault['at']}")
    end = re.search(r"^(  )?\w", text[begin.end():], re.MULTILINE)
    stop = begin.end() + end.start() if end else len(text)
    block = text[begin.end():stop]
    if block.count(fault["from"]) < 1 or fault["from"] == fault["to"]:
        raise Unplanted(f"{fault['name']}: {fault['from']!r} is not in {fault['at']}")
    return text[:begin.end()] + block.replace(fault["from"], fault["to"], 1) + text[stop:]


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def copies(work, faults):
    """Writes the template with each fault, and its translation where there is one. Returns both paths for each fault."""
    with open(judge.TEMPLATE, encoding="utf-8") as file:
        sound = file.read()
    paths = []
    for number, fault in enumerate(faults):
        text = plant(sound, fault) if fault["from"] else sound
        raw, translated = os.path.join(work, f"{number:02}.yaml"), os.path.join(work, f"{number:02}.json")
        write(raw, text)
        try:
            write(translated, json.dumps(translate(text), indent=1))
        except Exception:  # then the gate of the translation says so
            translated = None
        paths.append((raw, translated))
    return paths


def red(gate, faults, paths, entries):
    """For each fault that gate looks at, the checks that turned red."""
    looked = {}
    for number, fault in enumerate(faults):
        path = paths[number][0 if gate in judge.RAW else 1]
        if path and (gate in CHEAP or fault["gate"] in (gate, None)):
            looked[path] = number
    checks, began = {}, time.monotonic()
    for path, findings in judge.ALL[gate](list(looked)).items():
        left, _ = judge.apply(entries, gate, findings)
        checks[looked[path]] = sorted({found["check"].strip() for found in left})
    print(f"{gate}: {len(looked)} templates, {time.monotonic() - began:.0f} s", flush=True)
    return checks


def table(faults, reds):
    lines = ["| planted fault | gate | what turned red |", "|---|---|---|"]
    for number, fault in enumerate(faults):
        checks = ", ".join(f"`{check}`" for check in reds[fault["gate"]][number]) if fault["gate"] else ""
        others = [gate for gate in CHEAP if gate != fault["gate"] and reds[gate].get(number)]
        also = f"; also {', '.join(others)}" if others else ""
        lines.append(f"| {fault['name']} (`{fault['at']}`) | {fault['gate']} | {checks}{also} |")
    return "\n".join(lines) + "\n"


def publish(text, update):
    """Writes the table into the page, or returns whether it is there."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    new = before + BEGIN + text + END + after
    if update:
        write(PAGE, new)
    return update or page == new


def bad_waivers():
    """Waivers that must be refused, or must turn a gate red. Returns what was taken."""
    taken = []
    whole = {"gate": "guard", "check": "KEY_IS_KEPT", "resource": "DataKey", "reason": "It is not needed by any finding."}
    for name, change in {"without a reason": {"reason": None}, "with an empty reason": {"reason": " "}, "for no gate": {"gate": "gard"}}.items():
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump([{**whole, **change}], file)
            file.flush()
            try:
                judge.waivers(file.name)
                taken.append("a waiver " + name)
            except judge.BadWaiver:
                pass
    left, unused = judge.apply([whole], "guard", [gates.finding("KEY_IS_KEPT", "RestrictedKey", "")])
    if not unused or not left:
        taken.append("a waiver that nothing needs")
    return taken


def main(update):
    with open(os.path.join(HERE, "faults.yaml"), encoding="utf-8") as file:
        faults = yaml.safe_load(file)
    entries = judge.waivers()
    problems = bad_waivers()
    with tempfile.TemporaryDirectory() as work:
        began = time.monotonic()
        paths = copies(work, faults)
        with ThreadPoolExecutor(max_workers=2) as pool:
            jobs = {gate: pool.submit(red, gate, faults, paths, entries) for gate in judge.ALL}
            reds = {gate: job.result() for gate, job in jobs.items()}
    for number, fault in enumerate(faults):
        if not reds[fault["gate"]].get(number):
            problems.append(f"{fault['name']}: {fault['gate']} stays green; red are {[g for g in reds if reds[g].get(number)]}")
    if not problems and not publish(table(faults, reds), update):
        problems.append("the table in docs/operations/gates.md is of yesterday: infra/gates/faults.sh --update")
    for problem in problems:
        print("RED", problem)
    print(f"{len(faults)} planted faults, {sum(1 for n, f in enumerate(faults) if reds[f['gate']].get(n))} found, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main("--update" in sys.argv[1:]))
