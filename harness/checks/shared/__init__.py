"""What several checks use: the subject, differences, accuracies."""
