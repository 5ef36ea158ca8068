"""A browser at the tower: pages visited as a person would, each looked at by axe, its console, and its links."""

import json
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

from tower import PASSWORD, plain

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
# Contrast, names, roles, order: all that axe knows of WCAG 2.2 A and AA, and its best practices.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}


class Faults(list):
    """What is wrong, each with where."""

    def add(self, where, what):
        self.append(f"{where}: {what}")
        print(f"  FAULT {where}: {what}", flush=True)


class Surfer:
    """One person's browser."""

    def __init__(self, browser, tower, faults, language="en", width="desktop", colours="light"):
        size = WIDTHS[width]
        self.context = browser.new_context(
            base_url=tower.address,
            locale=LANGUAGES[language],
            viewport={"width": size[0], "height": size[1]},
            has_touch=width == "phone",
            is_mobile=width == "phone",
            color_scheme=colours,
            accept_downloads=True,
        )
        self.tower, self.faults, self.label = tower, faults, f"{language} {width}"
        self.page = self.context.new_page()
        self.expected = set()
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.faults.add(self.where(), f"script: {error}"))
        self.page.set_default_timeout(20000)

    def heard(self, message):
        if message.type != "error" or any(text in message.text for text in self.expected):
            return
        self.faults.add(self.where(), f"console: {message.text}")

    def where(self):
        return f"{self.label} {urlsplit(self.page.url).path}"

    def enter(self, name):
        self.label = f"{self.label} {name}"
        self.page.goto("/sign-in")
        self.page.fill("#email", f"{name}@demo.example")
        self.page.fill("#password", PASSWORD)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        return self

    def look(self):
        """The page at hand by axe, and as a reader would miss things: width, title, heading, words that were not said."""
        found = Axe().run(self.page, options=RULES).response["violations"]
        for it in found:
            nodes = "; ".join(node["html"][:160] for node in it["nodes"][:3])
            self.faults.add(self.where(), f"axe {it['id']} ({len(it['nodes'])}): {it['help']}: {nodes}")
        seen = self.page.evaluate(
            """() => ({ wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
                title: document.title, h1: document.querySelectorAll('h1').length,
                lang: document.documentElement.lang })"""
        )
        if seen["wide"] > 1:
            self.faults.add(self.where(), f"the page is {seen['wide']} px wider than the screen")
        if seen["h1"] != 1 or not seen["title"].strip():
            self.faults.add(self.where(), f"one heading and a title are wanted: {json.dumps(seen)}")

    def links(self):
        hrefs = self.page.eval_on_selector_all("a[href]:not([download])", "links => links.map(link => link.getAttribute('href'))")
        return [href for href in hrefs if href.startswith("/") and not href.startswith("//")]

    def crawl(self, most=80):
        """Every kind of page that links lead to, each once; every link of a kind not seen is followed."""
        seen, waiting = set(), [urlsplit(self.page.url).path]
        waiting += self.links()
        visited = []
        while waiting and len(visited) < most:
            href = waiting.pop(0)
            kind = plain(href) + ("?" + urlsplit(href).query.split("=")[0] if "tab=" in href else "")
            if kind in seen or any(word in href for word in ("format=", "/export", "/evidence/", ".json", "/sign-out", "/workbook")):
                continue
            seen.add(kind)
            answer = self.page.goto(href)
            if answer is None or answer.status >= 400:
                self.faults.add(self.where(), f"broken link {href}: {answer and answer.status}")
                continue
            self.look()
            visited.append(href)
            waiting += self.links()
        return visited

    def close(self):
        self.context.close()
