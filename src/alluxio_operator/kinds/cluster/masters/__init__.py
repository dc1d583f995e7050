"""The masters: quorum, journal, and masters that rejoin after losing their journal."""
