"""Crops to predictions: devices, executors, and the ledger of finished shards."""
