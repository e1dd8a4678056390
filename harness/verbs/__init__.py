"""The verbs, a module for each thing they are about; each imports what it needs only once it is called."""
