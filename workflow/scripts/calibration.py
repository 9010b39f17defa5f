"""Judge the confidences of runs on a corpus, and draw them."""

from pathlib import Path

from markner.evaluation.calibration import calibrate
from markner.evaluation.params import CalibrationParams
from markner.files import read_json
from markner.reporting.figures.reliability import draw_calibration
from runrecord.job import job

with job(snakemake):
    params, files, output = CalibrationParams.load(snakemake.params), snakemake.input, snakemake.output
    predictions, fits = iter(map(Path, files.predictions)), iter(map(Path, files.fits))
    calibrate(
        {
            run: {seed: (next(predictions), next(fits) if run in params.fitted else None) for seed in seeds}
            for run, seeds in params.runs.items()
        },
        Path(files.sentences),
        Path(files.fit_sentences[0]) if files.fit_sentences else None,
        params.calibration.bins,
        Path(output.values),
    )
    draw_calibration(read_json(output.values), params.calibration, Path(output.pdf), Path(output.svg), Path(output.png))
