"""What several checks use: the subject and its weights file, comparisons, accuracies and their conditions."""
