"""What every kind's reconcile is made of: render, apply, report, schedule; knows no kind."""
