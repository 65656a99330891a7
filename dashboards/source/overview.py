"""The page to open first: do callers get answers, how fast, and if not, why."""

from .layout import (
    BLUE, GREEN, GREY, INSTANCE, JOB, ORANGE, RECORDED, RED, ROUTE, YELLOW, Dashboard, Query, Row)
from .panels import HEALTH, link, quantile, quantiles, rate, series, stat, table, timeline

REQUESTS = "llm_client_requests_total"
DURATION = "llm_client_request_duration_seconds"
HERE = 'route=~"$route"'
ANSWERED = 'outcome=~"success|fallback"'
FAILED = 'outcome=~"exhausted|interrupted"'
# What Signalbox answers for: not what callers got wrong, and not those who left.
OURS = 'outcome=~"success|fallback|exhausted|interrupted"'
OUTCOMES = {
    "success": GREEN, "fallback": YELLOW, "exhausted": RED, "interrupted": ORANGE, "invalid": BLUE,
    "rejected": "purple", "cancelled": GREY,
}
TO_PROVIDERS = link("This provider", "providers", "provider")
# The shares that may fail: alerts/slo.yaml promises them.
FAILURES_ALLOWED, SLOW_ALLOWED = 0.005, 0.05
FAILURES, SLOW = "job:client_failures_per_answer_due:ratio", "job:client_slow_answers_per_answer:ratio"


def share(part: str, by: str = "", span: str = "") -> str:
    """Of the requests that Signalbox answers for, those with an outcome; over `span` or from moment to
    moment."""
    def counted(outcomes: str) -> str:
        if not span:
            return rate(REQUESTS, f"{HERE}, {outcomes}", by)
        return f"sum(increase({REQUESTS}{{@, {HERE}, {outcomes}}}[{span}]))"
    return f"{counted(part)} / ({counted(OURS)} > 0)"


def burn(recorded: str, allowed: float, span: str) -> str:
    """How many times faster than allowed a budget is used up; of several jobs, the fastest."""
    return f"max({recorded}_rate{span}{{{RECORDED}}}) / {allowed}"


NOW = Row("Now", [
    stat("Requests", rate(REQUESTS, HERE), unit="reqps", line=True, decimals=1,
         shows="Requests by callers that ended, a second.",
         bad="0 while callers say that they ask: nothing gets here, or nothing ends.",
         then="Targets on the dashboard Runtime; then what stands in front of Signalbox."),
    stat("Answered whole", f"1 - {share(FAILED, span='$__range')}", unit="percentunit", decimals=2,
         steps=(RED, 0.995, YELLOW, 0.999, GREEN), nothing="No requests",
         shows="Of the requests in the chosen time that were not the caller's own mistake, the share that "
               "got a whole answer, from whichever provider.",
         bad="Under 99.5 %, which is what alerts/slo.yaml promises: callers saw exhaustion (429, 502, 503, "
             "504) or a stream that broke off.",
         then="Exhaustions and Outcomes below say which; the dashboard Providers says whose."),
    stat("By fallback", share('outcome="fallback"', span="$__range"), unit="percentunit", decimals=1,
         steps=(GREEN, 0.05, YELLOW, 0.2, ORANGE), nothing="No requests",
         shows="The share of requests in the chosen time that the first provider did not answer and another "
               "did. Callers notice no more than the time it took.",
         bad="It rises: the first choice fails, answers cost more time and perhaps more money, and less is "
             "left to fall back on.",
         then="Fallbacks by reason, and Fallbacks from and to, below."),
    stat("Latency p95", quantile(0.95, DURATION, f"{HERE}, {ANSWERED}"), unit="s", line=True,
         steps=(GREEN, 10, YELLOW, 30, RED), nothing="No answers",
         shows="19 of 20 answers were whole within this time, from the request to the last byte.",
         bad="Well above what it was at this time yesterday.",
         then="Latency below, then Providers: whose latency or time to the first token grew."),
    stat("In flight", "sum(llm_inflight_requests{@})", unit="short", line=True,
         shows="Attempts at providers that have not ended, all routes together.",
         bad="It only rises while the rate does not: a provider holds its connections and does not answer.",
         then="In flight by provider below; then that provider's timeouts in the configuration."),
    stat("In line", "sum(llm_queue_depth{@})", unit="short", line=True, steps=(GREEN, 1, YELLOW, 100, RED),
         shows="Requests that wait for a place within a provider's limits, all routes together.",
         bad="More than 0 for minutes: the limits are too tight for this traffic.",
         then="In line by priority, below; headroom on the dashboard Providers."),
    stat("Budget burn, 1 h", burn(FAILURES, FAILURES_ALLOWED, "1h"), unit="short", decimals=1,
         steps=(GREEN, 1, YELLOW, 6, ORANGE, 14.4, RED), nothing="No rules, no requests",
         shows="How many times faster than allowed the last hour used up the budget of failures. All routes "
               "together.",
         bad="From 14.4 on, a month's budget is gone in two days.",
         then="Error budget below, and the runbook of the alert that fires with it.",
         empty="While nobody asks, or the rules in alerts/slo.yaml are not loaded."),
    stat("Alerts", f'count(ALERTS{{{RECORDED}, alertname=~"Signalbox.+", alertstate="firing"}}) or vector(0)',
         unit="short", steps=(GREEN, 1, RED),
         shows="Alerts of ours that fire. 0 as well where the rules in alerts/ are not loaded.",
         bad="Any.",
         then="Alerts that fire, at the end of this page; each names its runbook."),
])

CALLERS = Row("What callers get", [
    series("Outcomes", Query(rate(REQUESTS, HERE, "outcome"), "{{outcome}}"), unit="reqps", width=12,
           stack=True, colors=OUTCOMES,
           shows="Requests a second by what the caller saw in the end.",
           bad="exhausted (every candidate failed) and interrupted (a stream broke off behind its first "
               "words) at all; much invalid or rejected is a caller with a mistake, without a key or over "
               "its budget.",
           then="exhausted: Exhaustions below. interrupted: the route's on_interrupt. fallback: Fallbacks "
                "below. The request's log line lists every attempt."),
    series("Not answered whole, and by fallback",
           Query(share(FAILED, "route"), "{{route}}: not whole"),
           Query(share('outcome="fallback"', "route"), "{{route}}: by fallback"),
           unit="percentunit", width=12, steps=("transparent", 0.01, RED),
           nothing="No requests in this time", high=1,
           shows="For each route the share of requests that were not answered whole, and of those that "
                 "another provider than the first answered.",
           bad="Not whole above 1 % (the dashed line). By fallback is no failure, but a warning.",
           then="Choose the route above; then the reasons below."),
    series("Latency", *quantiles(DURATION, f"{HERE}, {ANSWERED}"), unit="s", width=12,
           nothing="No answers in this time",
           shows="From a caller's request to the last byte of its answer, of those that were answered; time "
                 "in line and failed attempts included.",
           bad="p99 far from p50 and growing: failed attempts before the answer, or a wait in line.",
           then="Compare with Overhead on Runtime (ours) and Latency on Providers (theirs)."),
    series("Latency p95 by route",
           Query(quantile(0.95, DURATION, f"{HERE}, {ANSWERED}", "route"), "{{route}}"),
           unit="s", width=12, nothing="No answers in this time",
           shows="The time within which 19 of 20 answers of a route were whole.",
           bad="One route far above the others with the same targets.",
           then="That route's strategy, hedge_after and timeouts in the configuration."),
])

REASONS = Row("Why not", [
    series("Fallbacks by reason", Query(rate("llm_fallbacks_total", HERE, "reason"), "{{reason}}"),
           unit="ops", width=8, stack=True, nothing="Nothing fell back in this time",
           shows="Moves to another provider a second, by the failure that caused them.",
           bad="rate_limited: too little quota. overloaded, timeout, unreachable: the provider's trouble. "
               "key_rejected, no_credit: a key needs a person.",
           then="Fallbacks from and to, beside this, names the provider; Keys shows the key.",
           empty="While no request of the process has fallen back."),
    series("Fallbacks from and to",
           Query(rate("llm_fallbacks_total", HERE, "from, to"), "{{from}} → {{to}}"),
           unit="ops", width=8, stack=True, nothing="Nothing fell back in this time",
           links=[link("The provider that failed", "providers", "provider=from"),
                  link("The provider that answered for it", "providers", "provider=to")],
           shows="Who stands in for whom, a second. Click a line for either provider.",
           bad="One arrow carries all of a provider's traffic: it is down in effect.",
           then="The provider's errors by class and its circuit.",
           empty="While no request of the process has fallen back."),
    series("Exhaustions", Query(rate("llm_exhaustions_total", HERE, "route, reason"), "{{route}}: "
                                                                                      "{{reason}}"),
           unit="reqps", width=8, stack=True, nothing="Nothing was exhausted in this time",
           shows="Requests a second for which every candidate was tried or unavailable: candidates (none is "
                 "left), attempts (attempts_max is spent), deadline (request_timeout is over).",
           bad="Any for longer than a moment: callers get errors.",
           then="candidates: circuits and keys on Providers and Keys. attempts: more of them, or a better "
                "order. deadline: timeouts that leave no time for a second candidate.",
           empty="While no request of the process was exhausted."),
    series("Turned away before routing",
           Query(rate("signalbox_requests_rejected_total", by="reason") + " > 0", "{{reason}}"),
           Query(rate("signalbox_queue_rejections_total", by="reason") + " > 0", "in line: {{reason}}"),
           Query(rate("signalbox_connections_refused_total") + " > 0", "connection refused"),
           unit="reqps", width=8, stack=True, nothing="Nobody was turned away in this time",
           shows="Requests a second that a limit of ours, their form or a missing key ended, and requests "
                 "that found no place in line or waited in vain. All routes together.",
           bad="unauthorized: a caller's key was changed. body_too_large, connection_limit, in line: a limit "
               "is too low, or somebody floods.",
           then="Reasons are explained in docs/http.md and docs/queue.md.",
           empty="While nobody is turned away for that reason."),
    series("Holds, hedges, continuations",
           Query(rate("llm_holds_total", HERE, "outcome"), "held: {{outcome}}"),
           Query(rate("llm_hedges_total", HERE, "outcome"), "hedged: {{outcome}}"),
           Query(rate("llm_continuations_total", HERE, "outcome"), "continued: {{outcome}}"),
           unit="ops", width=8, nothing="No route holds, hedges or continues",
           shows="How often the care that a route takes was needed, and how that ended: streams held back, "
                 "second attempts beside slow ones, broken streams gone on with. Only routes with hold, "
                 "continue or hedge_after have any.",
           bad="hedged: won most of the time (the first choice is too slow); held: bytes or time (answers do "
               "not fit); continued: impossible or failed.",
           then="The route's settings in the configuration; docs/failures.md says what each outcome means.",
           empty="Where no route has hold, continue or hedge_after."),
    series("Requests by tenant", Query(f"topk(10, {rate(REQUESTS, HERE, 'tenant')})", "{{tenant}}"),
           unit="reqps", width=8, stack=True,
           shows="The ten tenants that ask most, requests a second.",
           bad="One tenant many times its usual rate, while others wait or are refused.",
           then="Its limits and budgets in the configuration; Usage and billing shows what it uses."),
])

BUDGET = Row("Error budget", [
    series("Availability: burn rate",
           *(Query(burn(FAILURES, FAILURES_ALLOWED, span), span)
             for span in ("5m", "1h", "6h", "3d")),
           unit="short", width=12, steps=("transparent", 1, YELLOW, 14.4, RED),
           nothing="No requests, or the rules of alerts/slo.yaml are not loaded",
           shows="How many times faster than allowed failures used up the budget, over four windows. 1 uses "
                 "up exactly a month's budget in a month.",
           bad="A long and a short window both high: it matters, and still goes on. 14.4 over an hour wakes "
               "somebody; 1 over three days is for office hours.",
           then="Exhaustions above, and interrupted in Outcomes: these are what counts as failed.",
           empty="While nobody asks, or the rules in alerts/slo.yaml are not loaded."),
    series("Latency: burn rate",
           *(Query(burn(SLOW, SLOW_ALLOWED, span), span)
             for span in ("5m", "1h", "6h", "3d")),
           unit="short", width=12, steps=("transparent", 1, YELLOW, 14.4, RED),
           nothing="No answers, or the rules of alerts/slo.yaml are not loaded",
           shows="The same for answers that took longer than the objective allows.",
           bad="As beside: a long and a short window both high.",
           then="Latency p95 by route above; time to the first token on Providers.",
           empty="While nobody is answered, or the rules in alerts/slo.yaml are not loaded."),
])

LOAD = Row("Load and providers", [
    series("In flight by provider", Query("sum by (provider) (llm_inflight_requests{@})", "{{provider}}"),
           unit="short", width=8, stack=True, links=[TO_PROVIDERS],
           shows="Attempts that have not ended. Click a line for its provider.",
           bad="One provider's climbs to its concurrency and stays there.",
           then="Its latency; limits.concurrency in the configuration."),
    series("In line by priority", Query("sum by (priority) (llm_queue_depth{@})", "{{priority}}"),
           unit="short", width=8, stack=True,
           shows="Requests that wait for a provider's limits, by priority.",
           bad="critical or high at all; any that only grows.",
           then="Headroom on Providers; more keys or providers, or higher limits."),
    series("Wait in line p95", Query(quantile(0.95, "llm_queue_wait_seconds", by="priority"), "{{priority}}"),
           unit="s", width=8, nothing="Nobody waited in this time",
           shows="How long requests waited for a provider's limits, however that ended.",
           bad="Near routing.queue's longest wait: requests give up.",
           then="docs/queue.md: sizes, priorities and aging.",
           empty="While nobody waits."),
    timeline("Health of providers", Query("min by (provider) (llm_provider_health{@})", "{{provider}}"),
             states=HEALTH, width=12, links=[TO_PROVIDERS],
             shows="By the errors and latencies of the last minute, the worst of the instances. Click for "
                   "its provider.",
             bad="unhealthy: 60 % of attempts fail. degraded: 30 %, or it answers twice as slowly as before.",
             then="The provider's errors by class; its own status page."),
    table("Alerts that fire",
          Query(f'group by (alertname, severity, instance, route, provider, key, tenant, endpoint) '
                f'(ALERTS{{{RECORDED}, alertname=~"Signalbox.+", alertstate="firing"}})'),
          labels={"alertname": "Alert", "severity": "Severity", "instance": "Instance",
                  "route": "Route", "provider": "Provider", "key": "Key", "tenant": "Tenant",
                  "endpoint": "Endpoint"},
          width=12, nothing="No alert fires",
          shows="Alerts of ours that fire, and what they are about.",
          bad="severity critical wakes somebody; warning is for the same day.",
          then="docs/runbooks has a page for each, of the same name.",
          empty="While none fires, or the rules in alerts are not loaded."),
])

DASHBOARD = Dashboard(
    "overview", "Overview",
    "Do callers get answers, how fast, and if not, why. Start here; the other dashboards are linked above.",
    [JOB, INSTANCE, ROUTE], [NOW, CALLERS, REASONS, BUDGET, LOAD])
