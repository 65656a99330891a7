"""Dashboards without Grafana: asks a Prometheus what each panel asks, and draws the answers.

`questions` fills in the variables, `prometheus` asks, `answers` keeps what came, `tables`, `values` and
`spans` prepare it as Grafana would, `drawing` paints it. All but `prometheus` and `drawing` are pure.
"""
