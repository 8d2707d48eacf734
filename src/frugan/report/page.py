"""Stub until the report is written."""
from pathlib import Path
def write_report(run, model, dataset) -> Path:
    return run.report_file
