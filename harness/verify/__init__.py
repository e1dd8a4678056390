"""Pages to verdicts: the run, judging in parallel, evaluations, the cache."""
