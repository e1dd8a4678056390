"""Numbers measured on a network, a weights file or a repository, each with its method. Does not know claims."""
