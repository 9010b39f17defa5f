"""The report in a real browser: it opens from disk, asks nothing of a network, and leads from a number to its bytes."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from small_study import TABLE, make_study

from markner.data.documents import Sentence, write_sentences
from markner.evaluation.significance import COLUMNS
from markner.files import write_csv_rows
from markner.predictions import Prediction, write_predictions
from markner.reporting.costs import COLUMNS as COST_COLUMNS
from markner.reporting.page.lineage_parts import timed_jobs
from markner.reporting.page.page import write_report
from markner.reporting.params import ReportParams
from runrecord.lineage import lineage_facts

PARAMS = ReportParams.model_validate(
    {
        "study": "s",
        "question": "Who finds <genes> & how many?",
        "tables": {"t": "Genes of mice"},
        "figures": {"g": "Another figure", "f": "A figure"},
        "seeds": {"good": [1, 2], "bad": [1, 2]},
        "sentences": {"genes": {"variant": "", "runs": {"bad": 1, "good": 1}}},
        "tuned": ["good"],
        "comparisons": [
            {
                "topic": "tuning",
                "corpus": "genes",
                "a": "good",
                "b": "bad",
                "label_a": "Good, tuned",
                "label_b": "Bad",
                "table": "t",
                "figure": "f",
            }
        ],
    }
)
RESULTS = Path("results/s")
INPUTS = [
    RESULTS / name
    for name in ("significance/t/genes.csv", "costs.csv", "usage/good/seed1/genes.json", "history/good/seed1.json")
]
TEST = "bad,good,strict,2,2,0.0,0.7,-0.7,-0.9,-0.5,-0.6,0.0002,0.0004,yes,10000,11"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20"/></svg>'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page made from a small study whose records are real."""
    folder = make_study(tmp_path_factory)
    results = folder / "results" / "s"
    for name, text in (
        ("figures/f.svg", SVG),
        ("figures/g.svg", SVG),
        ("corpora.csv", "corpus,instances,paper_instances\ngenes,10,\nothers,9,\n"),
        ("significance/t/genes.csv", f"{','.join(COLUMNS)}\n{TEST}\n"),
    ):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text(text, encoding="utf-8")
    costs = {"run": "good", "seed": 1, "method": "lora", "parameters": 200, "trained_parameters": 10, "seconds": 90.4}
    costs |= {"examples_per_second": 3.5, "memory_bytes": 2147483648}
    write_csv_rows(results / "costs.csv", COST_COLUMNS, [[costs.get(name) for name in COST_COLUMNS]])
    (results / "usage/good/seed1").mkdir(parents=True)
    usage = {"requests": 1234, "prompt_tokens": 5000, "completion_tokens": 600, "dollars": 1.5}
    (results / "usage/good/seed1/genes.json").write_text(json.dumps(usage), encoding="utf-8")
    history = [{"step": step, "loss": 1 / step} for step in range(1, 9)]
    (results / "history/good").mkdir(parents=True)
    (results / "history/good/seed1.json").write_text(json.dumps({"history": history}), encoding="utf-8")
    facts = lineage_facts([TABLE], folder)
    # Paths in records are relative to the folder the workflow ran in, and so is the folder of the results.
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("index", "again"):
            write_report(PARAMS, RESULTS, INPUTS, facts, RESULTS / "report" / f"{name}.html")
        # What a run that is no longer in the study has left behind.
        for kind in ("history", "usage"):
            shutil.copytree(RESULTS / kind / "good", RESULTS / kind / "removed")
        shutil.copy(RESULTS / "significance/t/genes.csv", RESULTS / "significance/t/removed.csv")
        write_report(PARAMS, RESULTS, INPUTS, facts, RESULTS / "report" / "leftovers.html")
    return results / "report" / "index.html"


def test_the_same_results_give_the_same_bytes(page: Path) -> None:
    assert page.read_bytes() == page.with_name("again.html").read_bytes()


def test_leftovers_of_a_removed_run_do_not_change_the_page(page: Path) -> None:
    assert (page.parents[1] / "history" / "removed" / "seed1.json").is_file()
    assert page.read_bytes() == page.with_name("leftovers.html").read_bytes()


def test_the_page_answers_the_question(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "Who finds &lt;genes&gt; &amp; how many?" in text
    assert "Best tuned system: Good, tuned. Its strict F1 with the 95 % interval: 0.819 on Genes of mice" in text
    start = text[text.index("What came out") : text.index('id="tables"')]
    assert "Does tuning help?" in start
    assert "The tuned model is better than the same model untuned on Genes of mice." in start
    assert "difference +0.700 (95 % interval +0.500 to +0.900), p &lt; 0.001, 11 sentences." in start
    assert 'id="figure-f"' in start
    assert 'id="figure-g"' not in start


def test_a_reader_without_javascript_is_told_what_is_missing(page: Path) -> None:
    assert "<noscript><p>Without JavaScript" in page.read_text(encoding="utf-8")


def test_columns_that_are_empty_throughout_are_left_out(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "instances</button>" in text
    assert "paper instances" not in text


def test_the_page_tells_what_it_cost(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "good, seed 1</th><td>lora</td>" in text
    assert all(f">{value}</td>" in text for value in ("5.0", "90", "3.50", "2.0", "1,234", "1.50"))


def test_every_job_that_trains_or_predicts_is_listed_with_its_time() -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    timed = set(re.findall(r"^(?:use rule \w+ as|rule) ((?:train|predict|chat)\w*)", rules, re.MULTILINE))
    at = {"run": "r", "seed": "1"}
    times = {"started": "2026-11-27T12:00:00+00:00", "ended": "2026-11-27T12:00:02+00:00"}
    jobs = [{"rule": rule, "wildcards": at, "gpu": None, "cpu": "c", "threads": 1, **times} for rule in timed]
    assert (
        {"train_on_nodes", "train_final_encoder", "predict_tagger"}
        < {rule for _, rule, *_ in timed_jobs(jobs)}
        == timed
    )


@pytest.fixture(scope="module")
def browser() -> Iterator["object"]:
    """Headless Chromium of the distribution."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("there is no chromium with chromedriver here: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield found
    found.quit()


def test_a_reader_finds_the_way_from_a_number_to_its_bytes(page: Path, browser: object) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    def one(selector: str) -> object:
        return browser.find_element("css selector", selector)

    def all_of(selector: str) -> list[object]:
        return [item for item in browser.find_elements("css selector", selector) if item.is_displayed()]

    browser.get(page.as_uri())

    # Sorting: by F1, upwards and downwards, announced to screen readers.
    heading = browser.find_element("xpath", "//th[normalize-space()='F1']")
    heading.find_element("css selector", "button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    labels = [row.text for row in all_of("table[data-table=t] tbody th")]
    heading.find_element("css selector", "button").click()
    assert [row.text for row in all_of("table[data-table=t] tbody th")] == labels[::-1]
    assert all_of("button.best")[0].text.endswith("★")

    # The other kind of match shows other rows.
    one("input[value=partial]").click()
    assert {row.get_attribute("data-match") for row in all_of("table[data-table=t] tbody tr")} == {"partial"}
    one("input[value=strict]").click()

    # A number opens its chain, which leads by keyboard to the bytes it was made from.
    all_of("button.best")[0].send_keys("\ue007")
    assert one("#chain").get_attribute("open") is not None
    assert "Good, tuned, Genes of mice, strict f1" in one("#chain-title").text
    files = [item.text for item in all_of("#chain-body > details > summary")]
    assert files == [f"FRESH results/s/scores/good/seed{seed}/genes.json" for seed in (1, 2)]
    inner = all_of("#chain-body > details:first-child > details > summary")
    assert [item.text for item in inner[1:]] == [
        "source results/s/corpora/genes/test.jsonl",
        "source results/s/predictions/good/seed1/genes.jsonl",
    ]
    inner[1].send_keys("\ue007")
    # The facts of a step are written when it is opened, which the browser tells a moment later.
    opened = "#chain-body > details:first-child > details[open] .facts"
    facts = WebDriverWait(browser, 10).until(lambda _: all_of(opened))
    assert "sha256" in facts[-1].text

    # The sentences begin with the errors of the best tuned system. An answer with another text is shown as it is.
    assert [one(f"#f-{name}").get_attribute("value") for name in ("system", "kind")] == ["good", "error"]
    assert [item.text for item in browser.find_elements("css selector", "#list .id")] == [
        "s8",
        "s9 · answer: changed text",
    ]
    assert [item.text for item in browser.find_elements("css selector", ".raw")] == ["The <mark>p53</mark> gene, 9."]

    # From a number to all sentences of its system, filtered. Those in which nothing is marked or found are left out.
    one("#to-sentences").click()
    assert one("#f-system").get_attribute("value") == "good"
    assert one("#found").text == "10 sentences"
    one("#f-kind option[value=missing]").click()
    assert one("#found").text == "2 sentences"
    assert one("#list mark.missing").text == "TP53"
    one("#f-system option[value=bad]").click()
    one("#f-kind option[value=boundary]").click()
    one("#f-search").send_keys("gene, 7")
    assert one("#found").text == "1 sentence"
    assert [item.text for item in all_of("#list mark.boundary")] == ["TP53", "TP53 gene"]
    one("#f-search").clear()
    one("#f-kind option[value=wrong]").click()
    assert [item.text for item in all_of("#list .id")] == ["s10"]

    # Every link of the page leads somewhere on it, nothing was asked of a network, nothing went wrong.
    for link in browser.find_elements("css selector", "a[href]"):
        target = link.get_attribute("href").partition("#")
        assert target[0] == page.as_uri()
        assert browser.find_elements("id", target[2])
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {item["params"]["request"]["url"] for item in messages if item["method"] == "Network.requestWillBeSent"}
    assert {address for address in asked if not address.startswith("data:")} == {page.as_uri()}


def test_marks_stand_at_the_mention_behind_a_character_of_two_units(page: Path, browser: object) -> None:
    folder = page.parents[3]
    sentences = folder / RESULTS / "corpora/genes/test.jsonl"
    answers = [folder / RESULTS / f"predictions/{run}/seed1/genes.jsonl" for run in ("good", "bad")]
    kept = {path: path.read_bytes() for path in (sentences, *answers)}
    text = "Of \U0001d6fc, TP53 too."
    try:
        write_sentences(sentences, [Sentence("s1", "d", text, spans=((6, 10),))])
        for path in answers:
            write_predictions(path, [Prediction("s1", ((6, 10),), "ok")])
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            write_report(PARAMS, RESULTS, INPUTS, [], RESULTS / "report" / "two_units.html")
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    browser.get(page.with_name("two_units.html").as_uri())
    browser.find_element("css selector", "#f-kind option[value=hit]").click()
    assert [mark.text for mark in browser.find_elements("css selector", "#list mark.hit")] == ["TP53", "TP53"]
    assert [line.text for line in browser.find_elements("css selector", "#list dd")] == [text, text]


def test_a_phone_scrolls_the_page_in_one_direction(page: Path, browser: object) -> None:
    screen = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    try:
        browser.get(page.as_uri())
        widths = browser.execute_script(
            "document.getElementById('f-system').add(new Option('a system with a long name, '.repeat(5)));"
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth];"
        )
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert widths == [390, 390]
