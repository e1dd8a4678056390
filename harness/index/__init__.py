"""From the text of a page to claims that know where they stand. Knows no network and loads no torch."""
