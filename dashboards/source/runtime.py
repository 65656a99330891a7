"""Signalbox itself: what routing costs, and whether the process and its telemetry are well."""

from .layout import GREEN, INSTANCE, JOB, ORANGE, RED, ROUTE, YELLOW, Dashboard, Query, Row
from .panels import quantile, quantiles, rate, series, stat, table

NO_EXPORT = "No export over OTLP is configured"
OVERHEAD = "llm_overhead_seconds"
HERE = 'route=~"$route"'
# The exporters' series by what they carry; the names of the metrics say it, no label does.
SIGNALS = {"metric_data_point": "data points", "span": "spans", "log": "log records"}
PROCESSED = {name: SIGNALS[name] for name in ("span", "log")}


def exported(metric: str, by: str, where: str = "") -> list[str]:
    return [rate(f"otel_sdk_exporter_{name}_{metric}", where, by) for name in SIGNALS]


NOW = Row("Now", [
    stat("Up", "sum(up{@})", unit="short", steps=(RED, 1, GREEN), nothing="No target",
         shows="Instances that Prometheus can scrape.",
         bad="Fewer than there should be.",
         then="The targets page of Prometheus has the error; then the process's log."),
    stat("Uptime", "time() - max(process_start_time_seconds{@})", unit="s", decimals=1,
         shows="Time since the instance that started last did so.",
         bad="Minutes, when nobody deployed anything: it restarts.",
         then="Its last lines in the log; the kernel's log for a kill by memory."),
    stat("Configuration", "min(signalbox_config_last_reload_successful{@})", unit="none",
         steps=(RED, 1, GREEN), states={1.0: ("loaded", GREEN), 0.0: ("refused", RED)},
         shows="Whether the last attempt to load the configuration succeeded, on all instances.",
         bad="refused: the old one is still in effect.",
         then="signalbox check FILE says every mistake; the log line config_reload_failed has the first."),
    stat("Overhead p99", quantile(0.99, OVERHEAD, HERE), unit="s", steps=(GREEN, 0.005, YELLOW, 0.05, RED),
         nothing="No requests", line=True,
         shows="The part of a request's duration that was not spent waiting for a provider, for 99 of 100.",
         bad="Above some milliseconds: CPU is short, or the disk of usage records is slow.",
         then="Loop lag and CPU below; Time to the disk on Usage and billing."),
    stat("Loop lag p99", quantile(0.99, "signalbox_event_loop_lag_seconds"), unit="s",
         steps=(GREEN, 0.01, YELLOW, 0.1, RED), line=True,
         shows="How late an event loop ran a timer, 99 of 100.",
         bad="Above 10 ms: a core is overloaded, every request on it waits.",
         then="CPU below; neighbours on the machine."),
    stat("Memory", "sum(process_resident_memory_bytes{@})", unit="bytes", line=True,
         shows="Resident memory of all instances together.",
         bad="It grows over hours at the same load.",
         then="Memory below; series and connections may explain it."),
    stat("Series dropped", "sum(increase(signalbox_series_dropped_total{@}[$__range]))", unit="short",
         decimals=0, steps=(GREEN, 1, ORANGE),
         shows="Label sets beyond a metric's cap in the chosen time, whose samples went to the series other.",
         bad="Any: charts by label no longer show everything.",
         then="Series, below, names the metric."),
    stat("Log lines lost", "sum(increase(signalbox_log_lines_dropped_total{@}[$__range]))", unit="short",
         decimals=0, steps=(GREEN, 1, ORANGE),
         shows="Log lines in the chosen time that were lost because the log's reader was slower than its "
               "writers, or gone.",
         bad="Any.",
         then="What reads the log; logging.level."),
])

BUILDS = Row("Instances", [
    table("Builds",
          Query("max by (instance, version, revision, swift) (signalbox_build_info{@})"),
          Query("time() - max by (instance) (process_start_time_seconds{@})", column="Uptime", unit="s"),
          Query("time() - max by (instance) (signalbox_config_last_reload_success_timestamp_seconds{@})",
                column="Configuration loaded", unit="s"),
          Query("max by (instance) (signalbox_config_last_reload_successful{@})", column="Last attempt",
                states={1.0: ("loaded", GREEN), 0.0: ("refused", RED)}),
          labels={"instance": "Instance", "version": "Version", "revision": "Revision", "swift": "Swift"},
          height=5,
          shows="The build that runs on each instance, and how long ago it started and loaded its "
                "configuration.",
          bad="Two versions longer than a deployment takes; refused.",
          then="signalbox check FILE."),
])

COST = Row("What routing costs", [
    series("Overhead p50, p95, p99", *quantiles(OVERHEAD, HERE), unit="s", logarithmic=True,
           nothing="No requests in this time",
           shows="The part of a request's duration that was not spent waiting for a provider. Note the "
                 "logarithmic scale.",
           bad="p50 above a millisecond, or p99 above ten.",
           then="Time to the disk on Usage and billing is part of it; then loop lag."),
    series("Overhead p99 by route", Query(quantile(0.99, OVERHEAD, HERE, "route"), "{{route}}"), unit="s",
           nothing="No requests in this time",
           shows="The same for each route.",
           bad="One route far above the others: large bodies, or a hold that ends late.",
           then="The route's settings."),
    series("Loop lag", *quantiles("signalbox_event_loop_lag_seconds", shares=(0.5, 0.99)), unit="s",
           logarithmic=True,
           shows="How late event loops ran a timer. Each core has one loop. Note the logarithmic scale.",
           bad="p99 above 10 ms.",
           then="CPU; server.threads."),
])

PROCESS = Row("The process", [
    series("CPU", Query("sum by (instance) (rate(process_cpu_seconds_total{@}[$__rate_interval]))",
                        "{{instance}}"),
           unit="short",
           shows="Cores that are busy, user and system.",
           bad="Near server.threads: latency grows.",
           then="More cores or instances."),
    series("Memory by instance",
           Query("sum by (instance) (process_resident_memory_bytes{@})", "{{instance}} resident"),
           unit="bytes",
           shows="Resident memory. Virtual memory is larger and says nothing.",
           bad="A steady climb at the same load.",
           then="Connections, series and requests in line: everything that grows has a bound with a name."),
    series("Open files",
           Query("max by (instance) (process_open_fds{@} / (process_max_fds{@} > 0))", "{{instance}}"),
           unit="percentunit", steps=("transparent", 0.8, RED),
           shows="File descriptors in use, of those allowed: connections, mostly.",
           bad="Above 80 %: soon no connection can be taken.",
           then="LimitNOFILE of the service; server.connections_max."),
    series("Connections",
           Query("sum by (instance) (signalbox_connections{@})", "{{instance}}"),
           Query(rate("signalbox_connections_refused_total"), "refused a second"),
           unit="short", width=12,
           shows="Connections by callers that are open, and those that were closed at once because as many "
                 "as allowed were open.",
           bad="Any refused.",
           then="Who opens so many? The limit stands in docs/http.md."),
    series("Requests ended by a limit",
           Query(rate("signalbox_requests_rejected_total", by="instance, reason") + " > 0",
                 "{{instance}}: {{reason}}"),
           unit="reqps", stack=True, width=12, nothing="No request in this time",
           shows="Requests a second that ended for their form, a limit or a missing key before they reached "
                 "routing.",
           bad="header_timeout or body_timeout in numbers: somebody keeps connections open on purpose.",
           then="docs/http.md explains each reason.",
           empty="While no request is."),
])

TELEMETRY = Row("Metrics and log", [
    series("Duration of scrapes",
           Query("max by (instance) (scrape_duration_seconds{@})", "{{instance}}, as Prometheus saw it"),
           Query(quantile(0.99, "signalbox_scrape_duration_seconds", by="instance"),
                 "{{instance}} p99, as we saw it"),
           unit="s",
           shows="How long a scrape took: for Prometheus, network included, and until it was ready to be "
                 "sent.",
           bad="Above a second; near the scrape's timeout samples are missing.",
           then="Samples, beside this."),
    series("Samples a scrape", Query("sum by (instance) (scrape_samples_scraped{@})", "{{instance}}"),
           unit="short",
           shows="Samples of a scrape: what this instance adds to Prometheus.",
           bad="It only grows.",
           then="Series, below: each metric has a cap."),
    series("Scrapes", Query(rate("signalbox_scrapes_total", by="result"), "{{result}}"), unit="ops",
           stack=True,
           shows="Requests for the metrics a second; shared ones cost nothing more.",
           bad="unauthorized, timeout, too_many.",
           then="admin.metrics_auth on both sides."),
    series("Bytes of metrics",
           Query(rate("signalbox_exposition_bytes_total", by="encoding"), "{{encoding}}"), unit="Bps",
           shows="Bytes of metrics that were rendered, a second.",
           bad="Much identity: a scraper does not ask for gzip.",
           then="The scraper's configuration."),
    series("Series",
           Query("sum by (metric) (increase(signalbox_series_dropped_total{@}[$__rate_interval])) > 0",
                 "dropped: {{metric}}"),
           Query("sum by (metric) (increase(signalbox_series_removed_total{@}[$__rate_interval])) > 0",
                 "removed: {{metric}}"),
           unit="short", nothing="No series was dropped or removed in this time",
           shows="Label sets beyond a metric's cap (dropped), and series that nothing uses any more "
                 "(removed, as after a reload).",
           bad="dropped.",
           then="Fewer models, tenants or routes, or a higher cap: docs/metrics.md.",
           empty="While no series is dropped or removed."),
    series("Mistakes and lost lines",
           Query(rate("signalbox_metric_mistakes_total"), "samples that were wrong"),
           Query(rate("signalbox_log_lines_dropped_total"), "log lines lost"),
           unit="ops",
           shows="Samples that were ignored because they were wrong, and log lines that were lost, a second.",
           bad="Any.",
           then="Wrong samples are a mistake in the program, or in what embeds it; lost lines a slow "
                "reader."),
])

EXPORT = Row("Export (OTLP)", [
    series("Exported",
           *(Query(expr, f"{name} {{{{error_type}}}}")
             for expr, name in zip(exported("exported_total", "error_type"), SIGNALS.values())),
           unit="ops", nothing=NO_EXPORT,
           shows="Data points, spans and log records a second whose export has ended; with an error behind "
                 "the name, those that did not arrive.",
           bad="Any error.",
           then="The receiver's log; docs/otlp.md.",
           empty="Where no export over OTLP is configured."),
    series("Duration of exports",
           Query(quantile(0.95, "otel_sdk_exporter_operation_duration_seconds", by="otel_component_type"),
                 "{{otel_component_type}} p95"),
           Query(quantile(0.95, "otel_sdk_metric_reader_collection_duration_seconds"), "collecting p95"),
           unit="s", nothing=NO_EXPORT,
           shows="From a batch's first request to its end, pauses included; and reading all metrics for it.",
           bad="Near the timeout of the export.",
           then="The receiver, or the network to it.",
           empty="Where no export over OTLP is configured."),
    series("Retries", Query(rate("signalbox_otlp_retries_total", by="signal"), "{{signal}}"), unit="ops",
           nothing=NO_EXPORT,
           shows="Batches of telemetry sent again, a second.",
           bad="Steadily: the receiver answers 429 or 503.",
           then="The receiver's limits.",
           empty="Where no export over OTLP is configured."),
    series("On their way",
           *(Query(f"sum(otel_sdk_exporter_{name}_inflight{{@}})", title)
             for name, title in SIGNALS.items()),
           unit="short", nothing=NO_EXPORT,
           shows="Data points, spans and log records that are being sent, pauses before retries included.",
           bad="They do not come back to 0.",
           then="Duration of exports.",
           empty="Where no export over OTLP is configured."),
    series("Waiting for export",
           *(Query(f"sum(otel_sdk_processor_{name}_queue_size{{@}}) / "
                   f"(sum(otel_sdk_processor_{name}_queue_capacity{{@}}) > 0)", title)
             for name, title in PROCESSED.items()),
           unit="percentunit", nothing=NO_EXPORT, high=1, steps=("transparent", 0.8, RED),
           shows="How full the queues before the exporter are.",
           bad="Near 100 %: what comes then is lost.",
           then="Telemetry lost, beside this.",
           empty="Where no export over OTLP is configured."),
    series("Telemetry lost before it was sent",
           *(Query(rate(f"otel_sdk_processor_{name}_processed_total", 'error_type!=""', "error_type"),
                   f"{title}: {{{{error_type}}}}") for name, title in PROCESSED.items()),
           Query(rate("signalbox_spans_dropped_total", by="destination"), "spans for {{destination}}"),
           unit="ops", nothing="Nothing was lost",
           shows="Spans and log records a second that found no place before the exporter.",
           bad="Any.",
           then="The receiver is too slow, or gone; docs/otlp.md has the queues' sizes.",
           empty="While nothing is lost."),
])

DASHBOARD = Dashboard(
    "runtime", "Runtime",
    "Signalbox itself: overhead, event loops, memory, CPU, its metrics, log and exports.",
    [JOB, INSTANCE, ROUTE], [NOW, BUILDS, COST, PROCESS, TELEMETRY, EXPORT])
