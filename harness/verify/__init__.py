"""Pages to verdicts: the run, judging in parallel, evaluations of images, the cache."""
