"""Numbers from a network, a file or a repository, each with the method that got it. Knows no claims."""
