"""The machines' door against its own document: python conform.py PROGRAM [--examples N] [--seed N] [--only ROLE]

A demonstration is started, and schemathesis calls every operation of the served document with a token of each role, with
what fits the document and what does not. No answer may be a fault of the program, of a form that the document does not say,
or with a word of a row that this token does not see. Ends with "N passed, N failed".
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "browser"))

from tower import Tower  # noqa: E402  (it lies beside)

# What only rows of another tenant hold, and rows of a dealer and region that a part of the network does not see.
OTHER_TENANT, OTHER_DEALER = "Foreign-Makes-Row", "Foreign-Dealers-Row"
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance"]
CHECKS += ["response_schema_conformance", "nothing_foreign"]


def facts(folder, mark):
    """A region with a dealer and what happens at it, all of it marked."""
    folder.mkdir()
    tables = {
        "regions": f"region_code,name\nZZ,{mark}",
        "dealers": f"dealer_code,name,region_code,opened_on\nZZ-1,{mark},ZZ,2020-01-01",
        "complaints": f"complaint_id,dealer_code,received_at,severity,category\n{mark}-1,ZZ-1,2026-03-05 09:00,major,{mark}",
        "inspections": f"inspection_id,item_code,dealer_code,inspected_at,result\n{mark}-2,item-01,ZZ-1,2026-03-05 10:00,fail",
    }
    for table, text in tables.items():
        (folder / f"{table}.csv").write_text(text + "\n", encoding="utf-8")
    return str(folder)


class Demo(Tower):
    """A demonstration with strangers in it."""

    def command(self, tenant, *words):
        command = [self.program, "--data", str(self.folder / "data"), "--tenant", tenant, *words]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    def prepare(self):
        """Another manufacturer, and another dealer of this one, each judged."""
        add = [self.program, "--data", str(self.folder / "data"), "tenant", "add", "other", "--name", OTHER_TENANT]
        subprocess.run(add, capture_output=True, check=True)
        for tenant, mark in (("other", OTHER_TENANT), ("demo", OTHER_DEALER)):
            self.command(tenant, "import", facts(self.folder / tenant, mark))
            self.command(tenant, "check")

    def token(self, name, *words):
        told = self.command("demo", "token", "add", name, "--may", "write", "--rate", "1000000", "--json", *words)
        return json.loads(told)["token"]

    def pull(self, what, token):
        """All of a list."""
        items, cursor, more = [], "", True
        while more:
            request = urllib.request.Request(f"{self.address}/api/v1/{what}?limit=500{cursor}", headers={"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                piece = json.load(answer)
            items, cursor, more = items + piece["items"], f"&cursor={piece['next']}", piece["more"]
        return items

    def someone(self, token):
        """A dealer and its region, as entries have them; who sees everything sees the stranger too, so that missing it means something."""
        if OTHER_DEALER not in json.dumps(self.pull("complaints", token)):
            sys.exit("the other dealer's complaint is not there: nothing would be shown")
        entry = self.pull("entries", token)[0]
        return entry["dealer_code"], entry["region_code"]


def roles(demo):
    """The tokens: a name, what it is made with, and the words that it must not be shown."""
    dealer, region = demo.someone(demo.token("looker", "--role", "hq"))
    part = [OTHER_TENANT, OTHER_DEALER]
    return [
        ("hq", ["--role", "hq", "--table", "all"], [OTHER_TENANT]),
        ("finance", ["--role", "finance", "--table", "rulings"], [OTHER_TENANT]),
        ("regional-manager", ["--role", "regional-manager", "--region", region], part),
        ("dealer", ["--role", "dealer", "--dealer", dealer, "--table", "work_orders", "--table", "feedback"], part),
        ("call-centre", ["--role", "call-centre", "--table", "complaints"], [OTHER_TENANT]),
        ("operator", ["--role", "operator"], part),
    ]


def conforms(demo, options, name, words, foreign):
    """Whether every answer to a role's token is as the document says."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{demo.address}/api/v1/openapi.json"]
    command += ["--header", f"Authorization:Bearer {demo.token(name, *words)}", "--checks", ",".join(CHECKS)]
    command += ["--max-examples", str(options.examples), "--seed", str(options.seed), "--workers", "1", "--no-shrink"]
    command += ["--phases", options.phases, "--generation-database", "none", "--no-color", "--warnings", "off", "--suppress-health-check", "all"]
    command += ["--continue-on-failure", "--max-time", str(options.seconds), "--request-timeout", "30"]
    environment = dict(os.environ, SCHEMATHESIS_HOOKS="hooks", FARSIGHT_FOREIGN=",".join(foreign), PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")
    told = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=demo.folder)
    print(*[line.strip() for line in told.stdout.splitlines() if "generated" in line or "Tested:" in line], flush=True)
    if told.returncode:
        print(told.stdout[-12_000:], told.stderr[-2_000:], sep="\n", flush=True)
    return told.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--examples", type=int, default=3, help="examples of an operation in each phase")
    parser.add_argument("--seconds", type=int, default=30, help="the most for a role")
    parser.add_argument("--phases", default="examples,coverage,fuzzing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="one role")
    options = parser.parse_args()
    passed = failed = 0
    with Demo(options.program) as demo:
        # A copy: a build meanwhile must not change what is asked.
        demo.program = shutil.copy2(demo.program, demo.folder / "farsight")
        demo.prepare()
        for name, words, foreign in roles(demo):
            if options.only in ("", name):
                began = time.monotonic()
                held = conforms(demo, options, name, words, foreign)
                print(f"{'ok' if held else 'FAILED'}: {name}, seed {options.seed} ({time.monotonic() - began:.0f} s)", flush=True)
                passed, failed = passed + held, failed + (not held)
    print(f"{passed} passed, {failed} failed")
    sys.exit(bool(failed) or not passed)


if __name__ == "__main__":
    main()
