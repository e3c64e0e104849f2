"""Checks: what can be wrong with a letter, found before anybody gets it. One file per subject; each takes what it looks
at as a value and yields findings, and knows no database, clock or network.

    blocks that somebody gets ─► Sheet, one tree for each language ─► pictures links contrast leftovers styles duties
    variants                  ─► Scale, bytes by part               ─► size
    subject and preheader     ─►                                       lines
"""
