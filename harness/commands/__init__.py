"""What a verb does beyond verifying pages."""
