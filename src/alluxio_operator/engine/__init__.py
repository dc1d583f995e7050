"""Mechanisms of a reconcile that all kinds share: render, apply, report, requeue, schedule. Knows no kind."""
