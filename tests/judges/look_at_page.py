#!/usr/bin/env python3
"""Looks at the status page in Chromium, as a person does, in light and dark and at three widths.

    look_at_page.py URL [--token TOKEN] [--shots PREFIX]

Prints JSON: what the page shows as text (`text`, `counts`, `tables`, `todo`), and `faults`: text that is hard
to read, cut or outside of the window, a page that scrolls sideways, further requests, errors of the console,
and with `--token` a page that shows something without it. Exit code 1 where there is a fault. Screenshots go to
PREFIX-light.png, PREFIX-dark.png and PREFIX-phone.png.
"""

import argparse
import base64
import json
import re
import sys
import tempfile
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]
WIDTHS = [360, 768, 1280]
# WCAG 2.2, 1.4.3: text of any size.
LEAST_CONTRAST = 4.5

# Every piece of text that is shown: its colour, what is below it, and where it is.
TEXTS = """
const parse = (text) => {
  const parts = text.match(/^rgba?\\(([^)]*)\\)$/);
  if (!parts) throw new Error('a colour of another form: ' + text);
  const [r, g, b, a = 1] = parts[1].split(/[ ,/]+/).map(Number);
  return [r, g, b, a];
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const probe = document.createElement('div');
probe.style.backgroundColor = 'Canvas';
document.body.append(probe);
const canvas = parse(getComputedStyle(probe).backgroundColor);
probe.remove();
const chain = (element) => element ? [...chain(element.parentElement), element] : [];
const colours = (element, own) => {
  let ground = canvas, opacity = 1;
  for (const one of chain(element)) {
    const style = getComputedStyle(one);
    ground = over(parse(style.backgroundColor), ground);
    opacity *= Number(style.opacity);
    if (style.backgroundImage !== 'none') throw new Error('a picture behind text');
  }
  const [r, g, b, a] = parse(own.color);
  return {colour: over([r, g, b, a * opacity], ground), ground};
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
  const node = walker.currentNode;
  const element = node.parentElement;
  const range = document.createRange();
  range.selectNodeContents(node);
  const at = range.getBoundingClientRect();
  // What is not there in this window is somewhere else: a table's head, in its rows.
  if (!node.data.trim() || !element.checkVisibility()) continue;
  const clipped = chain(element).some((one) => {
    const clips = /hidden|clip/.test(getComputedStyle(one).overflowX);
    return clips && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
  });
  const wide = element.closest('.wide');
  const [left, right] = wide ? [wide.getBoundingClientRect().left - wide.scrollLeft, 0] : [0, innerWidth];
  const end = wide ? left + wide.scrollWidth : right;
  found.push({text: node.data.trim(), ...colours(element, getComputedStyle(element)),
    hidden: getComputedStyle(element).visibility !== 'visible' || at.width === 0 || at.height === 0,
    cut: clipped || at.left < left - 1 || at.right > end + 1});
}
for (const element of document.querySelectorAll('body *')) {
  const before = getComputedStyle(element, '::before');
  if (before.content === 'none' || !element.checkVisibility()) continue;
  found.push({text: before.content, ...colours(element, before), hidden: false, cut: false});
}
const root = document.documentElement;
return {texts: found, scrolls: root.scrollWidth > innerWidth, width: innerWidth};
"""

SHOWN = """
const text = (element) => element.innerText.trim().replace(/\\s+/g, ' ');
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const counts = all('.flow div').map((one) => [text(one.querySelector('dt')), Number(text(one.querySelector('dd')))]);
const tables = all('.wide').map((one) => [one.getAttribute('aria-label'),
  all('tbody tr', one).map((row) => all('td', row).map(text))]);
return {text: document.body.innerText, title: document.title, counts: Object.fromEntries(counts),
  tables: Object.fromEntries(tables), todo: all('.todo li').map(text)};
"""


def luminance(colour):
    """Relative luminance of WCAG 2.2."""
    parts = [part / 255 for part in colour[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """The ratio of two colours, 1 to 21."""
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def start(profile):
    """A browser that has seen nothing, on the driver that is installed."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def dress(driver, scheme, width):
    """Sets the colours that the reader prefers, and the width of the window."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    size = {"width": width, "height": 800, "deviceScaleFactor": 2 if width < 500 else 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def look(driver, scheme, width):
    """What is wrong in one dress."""
    dress(driver, scheme, width)
    seen = driver.execute_script(TEXTS)
    where = f"{scheme}, {width} px"
    if seen["width"] != width:
        yield f"{where}: the window is {seen['width']} px wide"
    if seen["scrolls"]:
        yield f"{where}: the page scrolls sideways"
    if len(seen["texts"]) < 20:
        yield f"{where}: only {len(seen['texts'])} texts"
    for text in seen["texts"]:
        ratio = contrast(text["colour"], text["ground"])
        if ratio < LEAST_CONTRAST:
            yield f"{where}: {text['text']!r} has a contrast of {ratio:.2f}"
        if text["hidden"] or text["cut"]:
            yield f"{where}: {text['text']!r} is cut or hidden"


def requests(driver, url):
    """Requests for anything but the page, and what the console says."""
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            # Without what `enter` puts before the host.
            asked = re.sub("//[^/]*@", "//", message["params"]["request"]["url"])
            if asked != url and not asked.startswith(("data:", "chrome:", "about:")):
                yield f"a request for {asked}"
    for entry in driver.get_log("browser"):
        yield f"the console says: {entry['message']}"


def shoot(driver, prefix):
    """Three pictures of the whole page."""
    for name, scheme, width in [("light", "light", 1280), ("dark", "dark", 1280), ("phone", "light", 360)]:
        dress(driver, scheme, width)
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        with open(f"{prefix}-{name}.png", "wb") as file:
            file.write(base64.b64decode(shot["data"]))


def enter(driver, url, token):
    """Opens the page; with a token as the password that a browser asks for, and not without it."""
    driver.get(url)
    if token is None:
        return
    refused = driver.execute_script("return document.documentElement.innerText")
    if "De-identification gateway" in refused:
        yield "the page is shown without the token"
    # What the refused request logged is not of the page.
    driver.get_log("browser")
    parts = urlsplit(url)
    driver.get(f"{parts.scheme}://reader:{token}@{parts.netloc}{parts.path}")
    # The page fetches itself again without them in its address: the browser has to remember them.
    driver.get(url)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--token")
    parser.add_argument("--shots")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as profile:
        driver = start(profile)
        try:
            faults = list(enter(driver, asked.url, asked.token))
            shown = driver.execute_script(SHOWN)
            for scheme in ["light", "dark"]:
                for width in WIDTHS:
                    faults.extend(look(driver, scheme, width))
            faults.extend(requests(driver, asked.url))
            if asked.shots:
                shoot(driver, asked.shots)
        finally:
            driver.quit()
    print(json.dumps({**shown, "faults": faults}, indent=1))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
