"""What a run has found out, as one page to look at: it needs no other file and no program that runs.

    found = reading.read(folder, run, task)          what lies in the run's folder
    page = rendering.render(contents.report_of(run, found, task))

`keeping.Reports` does both when a run has ended, and keeps `report.html` beside what the page is made of.
"""
