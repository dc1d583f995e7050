"""The masters: quorum, journal, and members that join again."""
