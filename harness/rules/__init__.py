"""Rules that read all pages together and find claims that contradict each other."""
