"""Crops to predictions: devices, executors, and the ledger of evaluated shards."""
