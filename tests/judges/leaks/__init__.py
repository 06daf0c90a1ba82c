"""What leak_probe.py plants, object by object."""
