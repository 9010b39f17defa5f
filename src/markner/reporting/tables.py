"""A results table in three forms: tidy CSV, Markdown, LaTeX."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markner.files import write_text
from markner.reporting.results import METRICS, NOT_ALIGNED, NOTHING, UNUSED, Cell, best_f1, shown, signed, write_cells
from markner.study.schema.study import Table

AS_GOOD = "≈"
_OUTSIDE = "*"
_ANSWERS = {
    "Answers that do not repeat their sentence exactly, scored by what aligns": NOT_ALIGNED,
    "Answers that differ from their sentence in white space alone, scored in full": ("white_space",),
    "Sentences without an answer, scored as empty answers": ("missing",),
    "Not scored, as they belong to no sentence or cross its border": UNUSED,
}
"""Notes on answers, with the columns that count them."""
_TEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "[": "{[}",  # after the end of a line it would begin an argument
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "−": r"\ensuremath{-}",
    "±": r"\ensuremath{\pm}",
    "≈": r"\ensuremath{\approx}",
    "…": r"\dots{}",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table as text: corpora with the columns below each, and rows that begin with label and match."""

    groups: list[tuple[str, list[str]]]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Style:
    """How a form writes bold and italic text, and text as it is."""

    bold: Callable[[str], str]
    italic: Callable[[str], str]
    plain: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class TableText:
    """A table in every form: caption, heading of the second column, sheets by style, and notes below as plain text."""

    title: str
    second: str
    sheets: Callable[[Style], Sequence[Sheet]]
    notes: Sequence[str]


def write_table(cells: Sequence[Cell], table: Table, csv: Path, markdown: Path, latex: Path) -> None:
    """Write a table in its three forms; the same cells give the same bytes.

    Args:
        cells: The cells from `markner.reporting.results.cells`.
        table: Title, rows and corpora.
        csv: Every value, tidy: one row for each system, corpus and kind of match.
        markdown: The paper's shape: P/R/F1 by system, match and corpus, with the paper's F1 and the difference beside
            it; our best F1 in bold, systems that do not differ significantly from it marked; the intervals of
            F1 and its spread over seeds in a second table; notes below.
        latex: The same; it needs the package booktabs.
    """
    write_cells(csv, cells)
    text = TableText(
        table.title,
        "Match",
        lambda style: [_scores(cells, table, style), _intervals(cells, table, style)],
        _notes(cells, table),
    )
    write_forms(text, markdown, latex)


def write_forms(text: TableText, markdown: Path, latex: Path) -> None:
    """Write a table as Markdown and as LaTeX."""
    write_text(markdown, _markdown(text))
    write_text(latex, _latex(text))


def tex(text: str) -> str:
    """Return a text with all characters escaped that are commands in LaTeX."""
    return "".join(_TEX.get(sign, sign) for sign in text)


def _markdown(table: TableText) -> str:
    style = Style(lambda text: f"**{text}**", lambda text: f"*{text}*", _plain_markdown)
    parts = [f"**{style.plain(table.title)}**"]
    for sheet in table.sheets(style):
        if sheet.rows:
            columns = [name for title, below in sheet.groups for name in (f"{title} {below[0]}", *below[1:])]
            lines = [["Model", table.second, *columns], ["---"] * 2 + [":-:"] * len(columns), *sheet.rows]
            parts.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    parts += [style.plain(note) for note in table.notes]
    return "\n\n".join(parts) + "\n"


def _plain_markdown(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|" else sign for sign in text)


def _latex(table: TableText) -> str:
    style = Style(lambda text: rf"\textbf{{{text}}}", lambda text: rf"\textit{{{text}}}", tex)
    sheets = [sheet for sheet in table.sheets(style) if sheet.rows]
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table*}[tbp]",
        r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{tex(table.title)}}}",
    ]
    for number, sheet in enumerate(sheets):
        lines += [r"\par\medskip"] * bool(number) + _tabular(sheet, table.second)
    for note in table.notes:
        lines.append(r"\par\smallskip{\raggedright " + tex(note) + r"\par}")
    return "\n".join([*lines, r"\end{table*}"]) + "\n"


def _tabular(sheet: Sheet, second_column: str) -> list[str]:
    """Return a sheet in LaTeX: corpora on the first line of the head, their columns on the second."""
    first, rules, second, column = ["", ""], [], ["Model", second_column], 3
    for title, below in sheet.groups:
        first.append(rf"\multicolumn{{{len(below)}}}{{c}}{{{title}}}")
        rules.append(rf"\cmidrule(lr){{{column}-{column + len(below) - 1}}}")
        second += below
        column += len(below)
    lines = [rf"\begin{{tabular}}{{ll{'c' * (column - 3)}}}", r"\toprule"]
    lines += [" & ".join(first) + r" \\", " ".join(rules), " & ".join(second) + r" \\", r"\midrule"]
    for number, row in enumerate(sheet.rows):
        if number and row[0]:
            lines.append(r"\addlinespace[2pt]")
        lines.append(" & ".join(row) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _lines(cells: Sequence[Cell], table: Table, style: Style) -> Iterator[tuple[list[str], list[Cell]]]:
    """Yield the first two columns of each line, label and kind of match, and its cells."""
    placed = {(cell["label"], cell["match"], cell["corpus"]): cell for cell in cells}
    for row in table.rows:
        for number, match in enumerate(table.matches):
            names = [style.plain("" if number else row.label), style.plain(match)]
            yield names, [placed[row.label, match, corpus] for corpus in table.corpora]


def _headings(cells: Sequence[Cell], table: Table, style: Style) -> list[str]:
    """Return the headings of the corpora."""
    headings = {cell["corpus"]: cell["heading"] for cell in cells}
    return [style.plain(headings[corpus]) for corpus in table.corpora]


def _scores(cells: Sequence[Cell], table: Table, style: Style) -> Sheet:
    """Return the table of P/R/F1."""
    in_paper = {cell["corpus"] for cell in cells if cell["paper_f1"] is not None}
    groups = [
        (heading, ["P/R/F1", "paper F1"] if corpus in in_paper else ["P/R/F1"])
        for corpus, heading in zip(table.corpora, _headings(cells, table, style), strict=True)
    ]
    best = best_f1(cells)
    rows = []
    for names, line in _lines(cells, table, style):
        row = names
        for cell in line:
            row.append(_triple(cell, best[cell["corpus"], cell["match"]], style))
            if cell["corpus"] in in_paper:
                row.append(style.plain(_beside(cell)))
        rows.append(row)
    return Sheet(groups, rows)


def _triple(cell: Cell, best: float, style: Style) -> str:
    """Return P/R/F1 of a cell, the best F1 in bold; the paper's values in italics if we have none."""
    if cell["f1"] is not None:
        precision, recall, f1 = (shown(cell[metric]) for metric in METRICS)
        bold = style.bold(f1) if best and f1 == shown(best) else f1
        near = style.plain(AS_GOOD) if cell["as_good"] == "yes" and cell["run"] != cell["best"] else ""
        return f"{precision}/{recall}/{bold}{near}"
    if cell["paper_f1"] is not None:
        return style.italic("/".join(shown(cell[f"paper_{metric}"]) for metric in METRICS))
    return style.plain(NOTHING)


def _beside(cell: Cell) -> str:
    """Return the paper's F1 and the difference of ours to it."""
    in_paper = shown(cell["paper_f1"])
    if cell["difference_f1"] is None:
        return in_paper
    return f"{in_paper} ({signed(cell['difference_f1'])}{_OUTSIDE * (cell['paper_outside'] == 'yes')})"


def _intervals(cells: Sequence[Cell], table: Table, style: Style) -> Sheet:
    """Return the table of intervals, without rows that have values of the paper only."""
    spread = any(cell["f1_sd"] is not None for cell in cells)
    below = style.plain("F1 interval ± seeds" if spread else "F1 interval")
    groups = [(heading, [below]) for heading in _headings(cells, table, style)]
    rows = [
        [*names, *(style.plain(_bounds(cell)) for cell in line)]
        for names, line in _lines(cells, table, style)
        if any(cell["f1"] is not None for cell in line)
    ]
    return Sheet(groups, rows)


def _bounds(cell: Cell) -> str:
    """Return the interval of F1, and its standard deviation over several seeds."""
    if cell["f1"] is None:
        return NOTHING
    spread = f" ± {shown(cell['f1_sd'])}" if cell["f1_sd"] is not None else ""
    return f"{shown(cell['f1_low'])}–{shown(cell['f1_high'])}{spread}"


def _notes(cells: Sequence[Cell], table: Table) -> list[str]:
    """Return the notes below a table as plain text."""
    ours = [cell for cell in cells if cell["f1"] is not None]
    lines = []
    if ours:
        level, resamples = ours[0]["confidence"], ours[0]["resamples"]
        lines.append(
            f"Bold: best F1 of each column and match. Intervals: {100 * level:g} %, bootstrap over sentences"
            f" ({resamples} resamples). Partial: any overlap counts in full, matched one to one."
            + " authors_partial: the authors' own count of overlaps, inferred."
            * table.authors_partial
        )
    if tested := [cell for cell in ours if cell["best"] is not None]:
        lines.append(_tests(tested))
    if any(cell["f1"] is None and cell["paper_f1"] is not None for cell in cells):
        lines.append("Italics: values of the paper; not run here.")
    gone = dict.fromkeys((cell["retired"], cell["label"]) for cell in cells if cell["retired"] is not None)
    for reason in dict.fromkeys(reason for reason, _ in gone):
        labels = ", ".join(label for why, label in gone if why == reason)
        lines.append(f"Not run, and not replaced by another model: {labels} ({reason}).")
    if any(cell["difference_f1"] is not None for cell in ours):
        lines.append(
            "In brackets: our F1 less the paper's." + f" {_OUTSIDE} The paper's F1 lies outside our interval."
            " The paper's answers are not public, so nothing can be tested in pairs with them."
        )
    if seeds := list(_seeds(ours)):
        lines.append(f"Means over seeds, of scores and bounds, ± standard deviation of F1: {'; '.join(seeds)}.")
    if grids := list(_grids(ours)):
        lines.append("Strict F1 over the grid, min – median – max: " + "; ".join(grids) + ".")
    kinds = {text: "; ".join(_with_counts(ours, columns)) for text, columns in _ANSWERS.items()}
    lines += [f"{text}: {systems}." for text, systems in kinds.items() if systems]
    if ours and not any(kinds.values()):
        lines.append("Every answer repeats its sentence exactly.")
    return lines


def _tests(tested: Sequence[Cell]) -> str:
    """Explain the mark of systems as good as the best, with the numbers of pairs and sentences tested."""
    columns = {cell["heading"]: f"{cell['heading']} {cell['pairs']} on {cell['sentences']:,}" for cell in tested}
    level = 1 - tested[0]["confidence"]
    return (
        f"{AS_GOOD} Not significantly different from the best F1 of the column and match: paired permutation test,"
        f" {tested[0]['draws']:,} draws, p at most {level:.2g} after Holm's correction over the column's pairs of runs,"
        f" and an interval of the difference over sentences and seeds without zero."
        f" Pairs and sentences: {'; '.join(columns.values())}."
    )


def _seeds(ours: Sequence[Cell]) -> Iterator[str]:
    """Yield the systems with several seeds, with their number."""
    numbers = {cell["label"]: cell["seeds"] for cell in ours if cell["f1_sd"] is not None}
    yield from (f"{label} {number} seeds" for label, number in numbers.items())


def _grids(ours: Sequence[Cell]) -> Iterator[str]:
    """Yield the range of F1 over each grid of more than one point."""
    for cell in ours:
        if cell["grid_points"] is not None and cell["match"] == "strict" and cell["grid_points"] > cell["seeds"]:
            spread = " – ".join(shown(cell[f"grid_{name}"]) for name in ("min", "median", "max"))
            seeds = f", {cell['seeds']} seeds" if cell["seeds"] > 1 else ""
            points = cell["grid_points"] // cell["seeds"]
            yield f"{cell['label']}, {cell['heading']} {spread} ({points} points{seeds})"


def _with_counts(ours: Sequence[Cell], columns: Sequence[str]) -> Iterator[str]:
    """Yield the systems with a count in one of these columns, with the counts."""
    for cell in ours:
        kinds = [f"{column.replace('_', ' ')} {cell[column]}" for column in columns if cell[column]]
        if kinds and cell["match"] == "strict":
            total = "" if columns == UNUSED else f" of {cell['sentences'] * cell['seeds']}"
            yield f"{cell['label']}, {cell['heading']}: {', '.join(kinds)}{total}"
