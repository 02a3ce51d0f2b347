"""How often the verdicts are wrong, and how soon they are right: releases played with made-up requests.

`python3 -m stack run tests -m release.simulation` writes the table and the plots of docs/releases.md anew.
"""
