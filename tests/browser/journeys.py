"""Each role's main journey, in both languages, on desktop and phone.

A manager judges an inspection; the dealer sees the charge and its receipt, and appeals with two photos; another manager
upholds; the books reverse; finance settles, a second person approves, and what is exported is what the command exports.
The call centre takes a complaint in, and the dealer answers it. On the desktop by keyboard alone, on the phone by touch.
"""

import csv
import datetime
import io
import re
import subprocess
import time

from surf import LANGUAGES, WIDTHS, Faults, Surfer
from tower import PASSWORD


def all(browser, tower):
    """Every journey with what was wrong on it."""
    for turn, (language, width) in enumerate([(language, width) for language in LANGUAGES for width in WIDTHS]):
        last = turn == len(LANGUAGES) * len(WIDTHS) - 1
        state = {"browser": browser, "tower": tower, "language": language, "width": width, "last": last, "turn": turn}
        for journey in (judge, appeal, uphold, settle, complain, operate):
            faults = Faults()
            name = f"journey {journey.__name__} {language} {width}"
            try:
                journey(state, faults)
            except Exception as error:  # told with where; the next journey may still be walked
                faults.add(name, f"{type(error).__name__}: {str(error)[:600]}")
            for surfer in state.pop("open", []):
                surfer.close()
            yield name, faults


def enter(state, faults, name):
    surfer = Surfer(state["browser"], state["tower"], faults, state["language"], state["width"])
    state.setdefault("open", []).append(surfer)
    return surfer.enter(name)


def press(surfer, selector):
    """Presses what a selector names: by keyboard alone on the desktop, by touch on the phone. Fails where Tab does not lead there."""
    page = surfer.page
    if "phone" in surfer.label:
        page.tap(selector)
        return
    page.wait_for_selector(selector)
    for _ in range(400):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            seen = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle !== 'none'")
            if not seen:
                surfer.faults.add(surfer.where(), f"focus on {selector} is not to be seen")
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{surfer.where()}: Tab does not lead to {selector}")


def write(surfer, selector, text):
    """Writes into a field, which on the desktop Tab has to lead to."""
    page = surfer.page
    if "phone" in surfer.label:
        page.fill(selector, text)
        return
    page.wait_for_selector(selector)
    for _ in range(400):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            page.keyboard.press("Control+A")
            page.keyboard.insert_text(text)
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{surfer.where()}: Tab does not lead to {selector}")


def check(tower):
    """What the jobs do within a minute, done now."""
    tower.run("check")


def entries(tower):
    return list(csv.DictReader(io.StringIO(tower.run("export", "entries").decode())))


def judge(state, faults):
    """A manager judges the twelve items on the day's pictures, and confirms as a second act."""
    surfer = enter(state, faults, "hq")
    page, tower = surfer.page, state["tower"]
    found = None
    ends = time.monotonic() + 120
    while found is None and time.monotonic() < ends:
        page.goto("/desk")
        hrefs = page.eval_on_selector_all("#desk-queue a[href^='/desk/']", "links => links.map(link => link.getAttribute('href'))")
        for href in dict.fromkeys(href for href in hrefs if re.fullmatch(r"/desk/[-0-9]+/[^/?]+", href)):
            page.goto(href)
            for _ in range(6):
                if not page.query_selector("form button[name=visible][value=yes]"):
                    break
                with page.expect_navigation():
                    press(surfer, "button[name=visible][value=yes]")
            if page.query_selector("form.judging"):
                found = href
                break
        else:
            page.wait_for_timeout(2000)  # visits are made while the day goes on
    assert found, "no visit of today is to be judged"
    surfer.look()
    if state["width"] == "desktop":
        for key in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "-", "="]:
            page.keyboard.press(key)  # pass
        page.keyboard.press("1")  # and the first one fails
    else:
        for place, item in enumerate(page.query_selector_all("fieldset[data-item-key]")):
            item.query_selector(f"label.choice.{'pass' if place else 'fail'}").tap()
    press(surfer, "form.judging button[value=review]")
    page.wait_for_url(re.compile("/confirm"))
    surfer.look()
    press(surfer, "form[action$='/confirm'] button")
    page.wait_for_selector(".done")
    _, _, day, dealer = found.split("/")[:4]
    page.goto(f"/inspections?dealer={dealer}")
    inspection = page.eval_on_selector_all("a[href^='/inspections/']", "links => links.map(link => link.getAttribute('href'))")[0].split("/")[-1]
    check(tower)
    state.update(dealer=dealer, day=day)
    posted = [entry for entry in entries(tower) if entry["dealer_code"] == dealer and entry["seat"] == "dealer" and entry["occurred_on"] == day and entry["check"] == "spot-check"]
    assert posted, f"the failure of {dealer} on {day} is charged ({inspection})"
    state["entry"] = posted[-1]["entry_id"]
    state["subject"] = posted[-1]["subject"]


def appeal(state, faults):
    """The dealer sees what it owes and why, and contests it with two photos."""
    tower, dealer = state["tower"], state["dealer"]
    name = f"of.{dealer.lower()}.{state['turn']}"
    tower.run("user", "add", f"{name}@demo.example", "--role", "dealer", "--dealer", dealer)
    command = [tower.program, "--data", str(tower.folder / "data"), "--tenant", "demo", "user", "password", f"{name}@demo.example"]
    subprocess.run(command, input=PASSWORD.encode(), check=True, capture_output=True)
    surfer = enter(state, faults, name)
    page = surfer.page
    surfer.look()
    assert page.url.endswith("/todo"), page.url
    page.goto("/entries")
    press(surfer, f"a[href='/entries/{state['entry']}']")
    page.wait_for_selector("article.receipt")
    surfer.look()
    press(surfer, f"a[href='/entries/{state['entry']}/appeal']")
    write(surfer, "#body", "那天的照片拍的是隔壁工位 / The picture shows the bay next door")
    press(surfer, "form.stack button")
    page.wait_for_url(re.compile(r"/appeals/\d+"))
    state["appeal"] = re.search(r"/appeals/(\d+)", page.url).group(1)
    # Two photos at once: the page as it stands now, and once more scrolled, are pictures like any.
    first, second = page.screenshot(type="jpeg"), page.screenshot(type="jpeg", full_page=True, quality=60)
    files = [{"name": f"photo-{place}.jpg", "mimeType": "image/jpeg", "buffer": photo} for place, photo in enumerate((first, second))]
    page.set_input_files("#evidence-file", files)  # chosen is sent
    page.wait_for_function("() => document.querySelectorAll('main img').length >= 2", timeout=60000)
    surfer.look()


def uphold(state, faults):
    """Somebody who did not judge upholds; the ruling is a fact, and the books follow."""
    tower = state["tower"]
    name = f"second.{state['turn']}"
    tower.run("user", "add", f"{name}@demo.example", "--role", "hq")
    command = [tower.program, "--data", str(tower.folder / "data"), "--tenant", "demo", "user", "password", f"{name}@demo.example"]
    subprocess.run(command, input=PASSWORD.encode(), check=True, capture_output=True)
    # Who judged may not decide.
    judge_of = enter(state, faults, "hq")
    judge_of.page.goto(f"/appeals/{state['appeal']}")
    if judge_of.page.query_selector("button[value=uphold]"):
        faults.add(judge_of.where(), "who made the finding is offered to decide on it")
    surfer = enter(state, faults, name)
    page = surfer.page
    page.goto("/appeals")
    press(surfer, f"a[href='/appeals/{state['appeal']}']")
    page.wait_for_url(re.compile(r"/appeals/\d+"))
    surfer.look()
    write(surfer, "#body", "照片确实拍错了 / It is indeed the wrong bay")
    with page.expect_navigation():
        press(surfer, "button[value=uphold]")
    check(tower)
    live = [entry for entry in entries(tower) if entry["subject"] == state["subject"] and entry["seat"] == "dealer"]
    assert live and sum(float(entry["amount"]) for entry in live) == 0, f"the books reverse: {live}"
    page.reload()
    assert page.query_selector(f"a[href^='/entries/']"), "the appeal leads to the entries"


def settle(state, faults):
    """Finance settles the last whole month; another person approves; at the end it is locked and exported."""
    tower = state["tower"]
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
    month = (today.replace(day=1) - datetime.timedelta(days=1)).strftime("%Y-%m")
    surfer = enter(state, faults, "finance")
    page = surfer.page
    assert page.url.endswith("/settlements"), page.url
    press(surfer, f"a[href='/settlements/{month}']")
    page.wait_for_selector("#settlement")
    press(surfer, f"form[action='/settlements/{month}/calculate'] button")
    page.wait_for_selector(f"form[action='/settlements/{month}/review'] button", timeout=120000)
    surfer.look()
    press(surfer, f"form[action='/settlements/{month}/review'] button")
    page.wait_for_selector(f"form[action='/settlements/{month}/approve'] button")
    if page.query_selector(f"form[action='/settlements/{month}/approve'] button:not([disabled])"):
        faults.add(surfer.where(), "who reviewed is offered to approve")
    lead = enter(state, faults, "finance.lead")
    lead.page.goto(f"/settlements/{month}")
    press(lead, f"form[action='/settlements/{month}/approve'] button")
    lead.page.wait_for_selector(f"form[action='/settlements/{month}/lock'] button")
    if state["last"]:
        page.goto(f"/settlements/{month}")
        press(surfer, f"form[action='/settlements/{month}/lock'] button")
        page.wait_for_selector("code.hash")
        surfer.look()
    for what in ("settlement", "entries"):
        for form in ("csv", "xlsx", "ndjson"):
            there = surfer.context.request.get(f"/settlements/{month}/export?what={what}&format={form}").body()
            out = tower.folder / f"out.{form}"
            tower.run("export", what, "--period", month, "--format", form, "--out", str(out))
            if there != out.read_bytes():
                faults.add(surfer.where(), f"{what}.{form} of the page is not what the command writes")


def complain(state, faults):
    """The call centre takes a complaint in and sends it on; the dealer answers it."""
    tower, dealer = state["tower"], state["dealer"]
    surfer = enter(state, faults, "callcentre")
    page = surfer.page
    assert page.url.endswith("/queue"), page.url
    page.goto("/complaints/new")
    surfer.look()
    page.fill("[name=dealer]", dealer)
    for name, value in (("severity", "general"), ("category", "waiting")):
        if page.query_selector(f"select[name={name}]"):
            page.select_option(f"select[name={name}]", value)
        else:
            page.check(f"[name={name}][value={value}]")
    page.fill("[name=text]", "等了三个小时 / Waited for three hours")
    page.press("[name=text]", "Tab")
    press(surfer, "main form.stack button, main form[action='/complaints/new'] button")
    page.wait_for_url(re.compile("/complaints/(?!new)"))
    surfer.look()
    complaint = page.url.split("/")[-1].split("?")[0]
    send_on = "form:has([name=deed][value=dispatch]) button"
    assert page.query_selector(send_on), "a complaint that was taken in can be dispatched"
    with page.expect_navigation():
        press(surfer, send_on)
    desk = enter(state, faults, f"of.{dealer.lower()}.{state['turn']}")
    desk.page.goto(f"/complaints/{complaint}")
    desk.look()
    answer = "form:has([name=deed][value=reply])"
    write(desk, f"{answer} textarea", "已联系客户 / The customer was called")
    with desk.page.expect_navigation():
        press(desk, f"{answer} button")
    assert not desk.page.query_selector(answer), "it is answered once"


def operate(state, faults):
    """The operator sees the jobs, and no dealer."""
    surfer = enter(state, faults, "operator")
    page = surfer.page
    assert page.url.endswith("/jobs"), page.url
    for path in ("/jobs", "/feeds", "/deliveries", "/users", "/single-sign-on", "/audit"):
        page.goto(path)
        if "有限公司" in page.inner_text("main"):  # every dealer's name has it
            faults.add(surfer.where(), "a dealer's name is shown to an operator")
    surfer.expected.add("404")
    for path in ("/dealers", "/entries", "/complaints", f"/dealers/{state['dealer']}"):
        if page.goto(path).status != 404:
            faults.add(surfer.where(), f"{path} is shown to an operator")
