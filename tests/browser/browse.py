"""The browser tests: python browse.py PROGRAM [--only PART] [--pictures FOLDER]

A demonstration is started, and a real Chromium goes through it: every page of every role in both languages on desktop
and phone (axe, console, links), then each role's journey (journeys.py). Ends with "N passed, N failed".
"""

import argparse
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

import journeys
from surf import CHROMIUM, LANGUAGES, SWITCHES, WIDTHS, Faults, Surfer
from tower import ROLES, Tower


def pages(browser, tower, pictures):
    """Every page of every role; dark on the phone, light on the desktop, so that both are looked at."""
    for language in LANGUAGES:
        for width in WIDTHS:
            for role in ROLES:
                faults = Faults()
                colours = "dark" if width == "phone" else "light"
                surfer = Surfer(browser, tower, faults, language, width, colours)
                try:
                    surfer.look() if surfer.page.goto("/sign-in") and role == ROLES[0] else None
                    visited = surfer.enter(role).crawl()
                    if pictures:
                        for href in visited:
                            surfer.page.goto(href)
                            name = f"{language}-{width}-{role}-{href.strip('/').replace('/', '_').replace('?', '_')[:60] or 'home'}.png"
                            surfer.page.screenshot(path=pictures / name, full_page=True)
                except Exception as error:  # one role's fault must not hide the others'
                    faults.add(surfer.where(), f"{type(error).__name__}: {error}")
                    visited = []
                if not visited:
                    faults.add(surfer.label, "no page was visited")
                surfer.close()
                yield f"pages {language} {width} {role} ({len(visited)} kinds)", faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    with Tower(arguments.program) as tower, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        runs = []
        if arguments.only in ("", "pages"):
            runs.append(pages(browser, tower, arguments.pictures))
        if arguments.only in ("", "journeys"):
            runs.append(journeys.all(browser, tower))
        for run in runs:
            began = time.monotonic()
            for name, faults in run:
                print(f"{'ok' if not faults else 'FAILED'}: {name} ({time.monotonic() - began:.0f} s)", flush=True)
                passed, failed = passed + (not faults), failed + bool(faults)
                began = time.monotonic()
        browser.close()
        if failed:
            print("the tower said:", *[line for line in tower.said(200_000).splitlines() if "ERROR" in line or "could not" in line][-20:], sep="\n  ")
    print(f"{passed} passed, {failed} failed")
    sys.exit(bool(failed) or not passed)


if __name__ == "__main__":
    main()
