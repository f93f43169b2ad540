"""What each gate finds in translated templates, as data. A gate whose tool cannot run raises; it never finds nothing by default.

Each function takes the paths of templates and returns, for each path, a list of findings: check, resource, message."""

import json
import os
import re
import subprocess
import tempfile

from translate import translate

REGIONS = ["eu-central-1", "cn-north-1"]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Broken(Exception):
    """A tool could not run, or did not say what a tool says that has run."""


def run(command, codes=(0,), **options):
    """Runs a tool and returns what it printed. Other exit codes than codes mean that it did not judge."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=900, check=False, **options)
    if done.returncode not in codes:
        raise Broken(f"{os.path.basename(command[0])} ended with {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def finding(check, resource, message):
    return {"check": check, "resource": resource, "message": " ".join(str(message).split())}


def venv(tool):
    return os.path.join(os.environ["GATES_VENV"], "bin", tool)


def sam_validate(paths):
    """SAM's own validation of SAM templates, with and without its linter."""
    found = {}
    for path in paths:
        found[path] = []
        for lint in ([], ["--lint"]):
            done = subprocess.run([venv("sam"), "validate", *lint, "-t", path], capture_output=True, text=True, timeout=300, check=False)
            if done.returncode == 0 and "is a valid SAM Template" not in done.stdout:
                raise Broken("sam validate passed without a word: " + done.stderr[-2000:])
            if done.returncode != 0:
                found[path].append(finding("sam validate " + " ".join(lint), "template", done.stdout[-1500:] + done.stderr[-1500:]))
                break
    return found


def sam_translate(paths):
    """SAM's translation of SAM templates."""
    found = {}
    for path in paths:
        found[path] = []
        try:
            with open(path, encoding="utf-8") as file:
                translate(file.read())
        except Exception as error:  # whatever SAM raises is what it has against the template
            found[path].append(finding("translation", "template", error))
    return found


def cfn_lint(paths):
    """cfn-lint, for a region of each partition."""
    output = run([venv("cfn-lint"), "--format", "json", "--regions", *REGIONS, "--template", *paths], codes=(0, 2, 4, 6, 8, 10, 12, 14))
    found = {path: [] for path in paths}
    for match in json.loads(output):
        where = [str(part) for part in match["Location"]["Path"] or ["template"]]
        resource = where[1] if where[0] == "Resources" and len(where) > 1 else where[0]
        found[match["Filename"]].append(finding(match["Rule"]["Id"], resource, match["Message"]))
    return found


def checkov(paths):
    """Checkov's checks of CloudFormation."""
    command = [os.path.join(os.environ["CHECKOV_VENV"], "bin", "checkov"), "--framework", "cloudformation", "--compact", "--quiet",
               "--skip-download", "-o", "json"]
    for path in paths:
        command += ["-f", path]
    report = json.loads(run(command, codes=(0, 1)))
    if isinstance(report, list) or report.get("check_type") != "cloudformation":
        raise Broken("checkov did not judge: " + str(report)[:500])
    if report["summary"]["parsing_errors"] or report["summary"]["passed"] == 0:
        raise Broken("checkov could not read a template: " + str(report["summary"]))
    found = {path: [] for path in paths}
    for failed in report["results"]["failed_checks"]:
        found[failed["file_abs_path"]].append(finding(failed["check_id"], failed["resource"].split(".")[-1], failed["check_name"]))
    return found


def guard(paths):
    """cfn-guard with the rules in infra/guard. A rule that matched nothing is a finding too: it judges nothing any more."""
    rules = os.path.join(ROOT, "infra", "guard")
    declared = {line.split()[1] for name in os.listdir(rules) for line in open(os.path.join(rules, name), encoding="utf-8") if line.startswith("rule ")}
    command = [os.environ["CFN_GUARD"], "validate", "--rules", rules, "--structured", "--output-format", "json", "--show-summary", "none", "--data", *paths]
    found = {}
    for report in json.loads(run(command, codes=(0, 19))):
        skipped = set(report["not_applicable"])
        failed = {failure["Rule"]["name"]: failure["Rule"] for failure in report["not_compliant"]}
        if skipped | set(failed) | set(report["compliant"]) != declared:
            raise Broken(f"cfn-guard judged other rules than those of infra/guard: {declared ^ (skipped | set(failed) | set(report['compliant']))}")
        found[report["name"]] = [finding("SKIP", name, "the rule matches nothing") for name in sorted(skipped)]
        for name, rule in sorted(failed.items()):
            found[report["name"]] += [finding(name, resource, text) for resource, text in sorted(clauses(rule))]
    if set(found) != set(paths):
        raise Broken(f"cfn-guard judged {sorted(found)}")
    return found


def clauses(node):
    """The resources and messages below one failed rule of cfn-guard."""
    if isinstance(node, list):
        return {pair for child in node for pair in clauses(child)}
    if not isinstance(node, dict):
        return set()
    pairs = set()
    if "messages" in node and "check" in node:
        check = json.dumps(node["check"])
        at = check.find('"path": "/Resources/')
        resource = check[at + 20:].split('"')[0].split("/")[0] if at >= 0 else "template"
        text = node["messages"].get("custom_message") or node["messages"].get("error_message") or ""
        pairs.add((resource, node.get("context", "").strip() + ": " + text[:300]))
    return pairs.union(*(clauses(child) for key, child in node.items() if key != "check"), clauses(node["check"]) if "messages" not in node and "check" in node else set())


def grants(paths):
    """The tests of ./functions over SAM templates: roles, key and resource policies against shared/grants, variables, routes, tables."""
    found = {}
    with tempfile.TemporaryDirectory() as work:
        program = os.path.join(work, "functions.test")
        run(["go", "test", "-c", "-o", program, "./functions"])
        for path in paths:
            done = subprocess.run([program], cwd=os.path.join(ROOT, "functions"), env={**os.environ, "KEXIN_TEST_TEMPLATE": path},
                                  capture_output=True, text=True, timeout=120, check=False)
            failed = re.findall(r"^--- FAIL: (\w+).*\n((?:    .*\n)*)", done.stdout, re.MULTILINE)
            if (done.returncode == 0) != (not failed):  # a test that panics has failed, too
                raise Broken("the tests of functions did not judge: " + done.stdout[-2000:] + done.stderr[-2000:])
            found[path] = [finding(name, "template", text[:1000]) for name, text in failed]
    return found


def rules(paths):
    """Our own rules over several resources at a time, in Go."""
    found = json.loads(run(["go", "run", "./infra/gates/rules", *paths]))
    if set(found) != set(paths):
        raise Broken("the rules judged " + str(sorted(found)))
    return found
