"""Every provider key: is it good, when was that last shown, and for how long will it be."""

from .layout import GREEN, GREY, INSTANCE, JOB, ORANGE, PROVIDER, RED, YELLOW, Dashboard, Query, Row
from .panels import CIRCUIT, cell_link, link, quantile, rate, series, stat, table, timeline

HERE = 'provider=~"$provider"'
ABOUT_KEYS = 'error_type=~"key_rejected|no_credit|access_missing|rate_limited"'
UNCHECKED = "No key is checked"
NONE_CHECKED = "Where no provider has a key, or key_checks is off."
DAY = 86400

# A state's number in charts; the numbers mean nothing else. docs/keys.md says what each state is.
STATES = {
    1.0: ("valid", GREEN), 2.0: ("unknown", GREY), 3.0: ("rate_limited", YELLOW),
    4.0: ("provider_down", YELLOW), 5.0: ("spend_limit", ORANGE), 6.0: ("no_credit", ORANGE),
    7.0: ("missing_scope", ORANGE), 8.0: ("wrong_region_or_folder", ORANGE), 9.0: ("disabled", RED),
    10.0: ("expired", RED), 11.0: ("invalid", RED),
}
BAD = "spend_limit|no_credit|missing_scope|wrong_region_or_folder|disabled|expired|invalid"


def numbered_state() -> str:
    """A key's state as one number: a stateset has a series for each state, of which one is 1."""
    terms = (f'{value:g} * (llm_key_state{{@, {HERE}, state="{name}"}} == 1)'
             for value, (name, _) in STATES.items())
    return f"max by (provider, key) ({' or '.join(terms)})"


def counted(states: str) -> str:
    """How many keys are in one of the states, by any instance; 0 where there are keys, and none of these."""
    matching = f'max by (provider, key) (llm_key_state{{@, {HERE}, state=~"{states}"}})'
    return f"sum({matching})"


def age(metric: str) -> str:
    return f"time() - max by (provider, key) ({metric}{{@, {HERE}}})"


EXPIRY = f"min by (provider, key) (llm_key_expiry_timestamp_seconds{{@, {HERE}}}) - time()"

NOW = Row("Now", [
    stat("Good keys", counted("valid"), unit="short", steps=(RED, 1, GREEN), nothing=UNCHECKED,
         shows="Keys of which the last verdict that is believed says that they are good.",
         bad="0, or fewer than the pool needs.",
         then="Keys, below: the others and what is wrong with them.",
         empty=NONE_CHECKED),
    stat("Bad keys", counted(BAD), unit="short", steps=(GREEN, 1, RED), nothing=UNCHECKED,
         shows="Keys that the provider itself called invalid, expired, disabled, without credit, or not for "
               "this use, twice in a row.",
         bad="Any. They are out; the other keys of the provider carry their traffic.",
         then="Keys, below; the state says who must act. The log line key_check has the provider's words.",
         empty=NONE_CHECKED),
    stat("Unknown keys", counted("unknown"), unit="short", steps=(GREEN, 1, YELLOW), nothing=UNCHECKED,
         shows="Keys without any verdict that is believed: not checked yet, or no check taught anything.",
         bad="For longer than an interval of key_checks.",
         then="Checks by result below: provider_down or rate_limited say why nothing was learnt.",
         empty=NONE_CHECKED),
    stat("Next expiry", f"min({EXPIRY})", unit="s", steps=(RED, 7 * DAY, ORANGE, 30 * DAY, GREEN),
         nothing="None told", decimals=1,
         shows="Time until the first key expires, of those whose provider says when.",
         bad="Under a week.",
         then="Make a new key at the vendor, put it beside the old one, reload.",
         empty="Where no provider tells when a key expires."),
    stat("Oldest proof", f"max({age('signalbox_key_verified_timestamp_seconds')})", unit="s",
         steps=(GREEN, 3600, YELLOW, DAY, RED), nothing=UNCHECKED,
         shows="The longest time since a key was last shown to be good, by a check or by an answered "
               "request.",
         bad="Longer than a few intervals of key_checks (15 min by default).",
         then="Keys, below, names the key; Checks by result says what came of its checks.",
         empty=NONE_CHECKED),
    stat("Checks in flight", "sum(signalbox_key_checks_in_flight{@})", unit="short", nothing=UNCHECKED,
         shows="Checks of keys that are being made.",
         bad="It does not come back to 0: a provider does not answer.",
         then="Duration of checks, below.",
         empty=NONE_CHECKED),
    stat("Overdue", "sum(signalbox_key_checks_overdue{@})", unit="short", steps=(GREEN, 1, ORANGE),
         nothing=UNCHECKED,
         shows="Checks that were due over a minute ago and wait for the rate that is allowed.",
         bad="More than 0 for long: more keys than key_checks.requests_per_minute can check in an interval.",
         then="A higher rate or a longer interval in key_checks.",
         empty=NONE_CHECKED),
    stat("Least headroom", f'min(llm_ratelimit_headroom_ratio{{@, {HERE}, key!="all"}})',
         unit="percentunit", steps=(RED, 0.05, ORANGE, 0.2, GREEN), nothing="No limit known",
         shows="The free part of the tightest limit of any key.",
         bad="Near 0: that key rests, or its requests wait.",
         then="Headroom of keys, below.",
         empty="Where no limit of a key is known."),
])

EACH = Row("Each key", [
    table("Keys",
          Query(numbered_state(), column="State", states=STATES),
          Query(f"max by (provider, key) (llm_key_valid{{@, {HERE}}})", column="Valid",
                states={1.0: ("yes", GREEN), 0.0: ("no", RED)}),
          Query(age("llm_key_last_check_timestamp_seconds"), column="Last check", unit="s",
                steps=(GREEN, 3600, YELLOW, DAY, RED)),
          Query(age("signalbox_key_verified_timestamp_seconds"), column="Last proof", unit="s",
                steps=(GREEN, 3600, YELLOW, DAY, RED)),
          Query(EXPIRY, column="Expires in", unit="s", steps=(RED, 7 * DAY, ORANGE, 30 * DAY, GREEN)),
          Query(f"max by (provider, key) (llm_circuit_state{{@, {HERE}, key!~\"all|none\"}})",
                column="Circuit", states=CIRCUIT),
          labels={"provider": "Provider", "key": "Key"},
          links={"provider": cell_link("This provider", "providers", "provider")}, nothing=UNCHECKED,
          height=9,
          shows="Every key of the configuration by its alias, never by a part of it. Valid is empty until a "
                "verdict is believed; Expires in where the provider does not say.",
          bad="Any state but valid; a last proof that is much older than the last check.",
          then="docs/keys.md says what each state means and who must act. POST /admin/keys/NAME/check asks "
               "again now.",
          empty=f"{NONE_CHECKED} A column is, where no provider tells it."),
    timeline("States of keys", Query(numbered_state(), "{{provider}} {{key}}"), states=STATES,
             nothing=UNCHECKED, width=12, height=9,
             shows="The state that is believed of each key, over time. A check that taught nothing does not "
                   "change it.",
             bad="Orange or red. Yellow only ever stands for a key of which nothing was known before.",
             then="When did it begin? Compare with a deployment, an invoice, a message from the vendor.",
             empty=NONE_CHECKED),
    series("Balances",
           Query(f"min by (provider, key, currency) (llm_key_balance{{@, {HERE}}})",
                 "{{provider}} {{key}}: {{currency}}"),
           Query(f"min by (provider, key, currency) (llm_key_limit_remaining{{@, {HERE}}})",
                 "{{provider}} {{key}}: {{currency}} left of the limit"),
           unit="short", width=12, height=9, nothing="No provider tells a balance or a limit", low=None,
           shows="What is left to pay with, and what is left of a limit that somebody set, each in its own "
                 "currency (or tokens). Only DeepSeek, OpenRouter and GigaChat tell.",
           bad="A line that reaches 0 within days.",
           then="Top up at the vendor, or raise the key's limit there.",
           empty="Where no provider tells a balance or a limit."),
])

CHECKS = Row("Checks", [
    series("Checks by result",
           Query(rate("llm_key_checks_total", HERE, "result") + " > 0", "{{result}}"), unit="ops",
           stack=True, nothing="No key was checked in this time", colors=dict(STATES.values()),
           shows="Checks of keys a second, by the state each one found. They cost no tokens.",
           bad="provider_down, rate_limited, unknown: nothing is learnt. Everything else but valid is news "
               "about a key.",
           then="By provider, beside this.",
           empty="While no check falls into the time of a rate."),
    series("Checks that found no good key",
           Query(rate("llm_key_checks_total", f'{HERE}, result!="valid"', "provider, result") + " > 0",
                 "{{provider}}: {{result}}"),
           unit="ops", nothing="Every check in this time found a good key",
           shows="The same without valid, by provider.",
           bad="provider_down while requests are answered: the address that is asked is blocked.",
           then="The log line key_check has status, code and the provider's request id.",
           empty="While every check finds a good key."),
    series("Checks that were not needed",
           Query(rate("signalbox_key_checks_skipped_total", HERE, "reason"), "{{reason}}"), unit="ops",
           nothing=UNCHECKED,
           shows="Checks that were skipped: traffic had shown the key to be good, or the limit put them off.",
           bad="limit, steadily: checks cannot keep up.",
           then="key_checks.requests_per_minute, or a longer interval.",
           empty="While every check is needed."),
    series("Duration of checks",
           Query(quantile(0.95, "signalbox_key_check_seconds", HERE, "provider"), "{{provider}} p95"),
           unit="s", nothing="No key was checked in this time",
           shows="How long checks took, with all their requests.",
           bad="Near key_checks.timeout (10 s): they end as provider_down.",
           then="The network to that provider; requests may be fine where the list of models is slow.",
           empty="While no check falls into the time of a rate."),
    series("Age of the last check",
           Query(age("llm_key_last_check_timestamp_seconds"), "{{provider}} {{key}}"), unit="s",
           nothing=UNCHECKED,
           shows="Time since each key was last checked, whatever came of it.",
           bad="Above a few intervals. Keys that traffic proves are not checked: see Age of the last proof.",
           then="Overdue above; GET /admin/keys says when each is due.",
           empty=NONE_CHECKED),
    series("Age of the last proof",
           Query(age("signalbox_key_verified_timestamp_seconds"), "{{provider}} {{key}}"), unit="s",
           nothing=UNCHECKED,
           shows="Time since each key was last shown to be good, by a check or by a request that was "
                 "answered.",
           bad="It grows with the clock: neither checks nor requests succeed.",
           then="Keys, above.",
           empty=NONE_CHECKED),
])

TRAFFIC = Row("What requests say of keys", [
    series("Failures that are about keys",
           Query(rate("llm_request_errors_total", f"{HERE}, {ABOUT_KEYS}", "provider, error_type") + " > 0",
                 "{{provider}}: {{error_type}}"),
           unit="ops", width=8, nothing="No key was blamed in this time",
           links=[link("This provider", "providers", "provider")],
           shows="Failed attempts a second that the provider blamed on the key.",
           bad="key_rejected or no_credit: a request met a bad key before a check did.",
           then="Keys, above, says whether the key is out now.",
           empty="While no key is blamed."),
    series("Moves to another key",
           Query(rate("llm_rotations_total", f'{HERE}, kind="key"', "provider, reason"),
                 "{{provider}}: {{reason}}"),
           unit="ops", width=8, stack=True, nothing="No move to another key in this time",
           shows="Moves within a provider from one key to the next, a second, and why.",
           bad="Most requests need one: the first keys are of no use.",
           then="Rotation is no fault; take bad keys out of the configuration.",
           empty="Where no provider has several keys, or while the first ones do."),
    series("Headroom of keys",
           Query(f'min by (provider, key, kind) (llm_ratelimit_headroom_ratio{{@, {HERE}, key!="all"}})',
                 "{{provider}} {{key}} {{kind}}"),
           unit="percentunit", width=8, high=1, steps=("transparent", 0.05, RED),
           nothing="No limit of a key is known",
           shows="The free part of each key's limits, where they are known.",
           bad="All keys of a provider near 0 at once.",
           then="More keys help only where limits are per key, not per account.",
           empty="Where no limit of a key is known."),
    series("Keys that somebody asked about",
           Query(rate("signalbox_key_validations_total", by="verdict"), "{{verdict}}"),
           unit="ops", width=24, height=6, stack=True, nothing="Nobody asked about a key",
           shows="Keys a second that were given to POST /v1/keys/validate, such as by an onboarding page, "
                 "and what they were.",
           bad="busy: more than sixteen at once, and the next is refused. Many bad ones: somebody tries out "
               "keys that are not theirs.",
           then="The log line key_validated has kind, state and the provider's request id; who may call is "
                "admin.token's to say."),
])

DASHBOARD = Dashboard(
    "keys", "Keys",
    "The state of every provider key: what its provider says of it, since when, for how long, and how much "
    "is left.",
    [JOB, INSTANCE, PROVIDER], [NOW, EACH, CHECKS, TRAFFIC])
