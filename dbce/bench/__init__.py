"""Measurements that print ratios against peers."""
