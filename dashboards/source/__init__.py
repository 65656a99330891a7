"""The source of Signalbox's Grafana dashboards: `python -m source` in `dashboards/` writes them as JSON."""
