"""Crashes, full disks, wrong clocks and bad receivers, and an oracle that none of them reaches."""
