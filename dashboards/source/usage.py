"""For who sends the bills: what was used, what it costs, and whether every record arrives."""

from .layout import GREEN, GREY, INSTANCE, JOB, ORANGE, PROVIDER, RED, TENANT, YELLOW, Dashboard, Query, Row
from .panels import quantile, quantiles, rate, series, stat, table, timeline

TENANTS = 'tenant=~"$tenant"'
PROVIDERS = 'provider=~"$provider"'
NO_WEBHOOK = "No tenant has a webhook"
NO_BUDGET = "No tenant has a budget"
NO_PRICE = "No price is known for what was used"
WITHOUT_WEBHOOK = "Where no tenant has a webhook."
WITHOUT_BUDGET = "Where no tenant has a budget."
WITHOUT_PRICE = "Where no price is known for what was used."
BUDGET = "tenant, key, kind, period"


def over_range(metric: str, where: str = "", by: str = "") -> str:
    matchers = f"@, {where}" if where else "@"
    kept = f" by ({by}) " if by else ""
    return f"sum{kept}(increase({metric}{{{matchers}}}[$__range]))"


def hourly(metric: str, where: str, by: str) -> str:
    return f"{rate(metric, where, by)} * 3600"


NOW = Row("Now, and in the chosen time", [
    stat("Tokens", over_range("llm_tokens_total", PROVIDERS), unit="short",
         shows="Billable tokens of prompts and answers in the chosen time.",
         bad="Far from what the same time last week had.",
         then="Tokens by model and by tenant below."),
    stat("Unpriced", over_range("llm_unpriced_requests_total", PROVIDERS), unit="short", decimals=0,
         steps=(GREEN, 1, ORANGE),
         shows="Answers in the chosen time whose tokens were counted, but for which no price is known.",
         bad="Any: they cost something, and stand on no bill.",
         then="Without a price, below, names the model; add it to the file of prices and reload.",
         empty="Where every model that answered has a price, or no prices are configured."),
    stat("Records lost", over_range("signalbox_usage_lost_records_total"), unit="short", decimals=0,
         steps=(GREEN, 1, RED),
         shows="Usage records in the chosen time that could not be kept. Nobody is billed for them.",
         bad="Any.",
         then="Lost records, below, has the reason; docs/usage-store.md what to do about a full disk."),
    stat("Undelivered", "sum(llm_usage_outbox_pending{@})", unit="short", line=True, nothing=NO_WEBHOOK,
         steps=(GREEN, 10000, YELLOW, 100000, RED),
         shows="Usage records that are yet to be delivered to a webhook.",
         bad="It grows for longer than a receiver's restart takes.",
         then="Undelivered records, below, names the endpoint; signalbox usage endpoints says why.",
         empty=WITHOUT_WEBHOOK),
    stat("Oldest", "max(llm_usage_outbox_oldest_seconds{@})", unit="s", nothing=NO_WEBHOOK,
         steps=(GREEN, 600, YELLOW, 7200, RED),
         shows="Age of the oldest record that is yet to be delivered.",
         bad="Hours: the receiver refuses, or is gone.",
         then="Deliveries by result, below; then the receiver's own log.",
         empty=WITHOUT_WEBHOOK),
    stat("Dead letters", "sum(llm_webhook_dead_letters{@})", unit="short", steps=(GREEN, 1, RED),
         nothing=NO_WEBHOOK,
         shows="Deliveries that were given up and are kept.",
         bad="Any: the receiver's sums are short of ours.",
         then="signalbox usage dead-letters lists them, signalbox usage replay sends them again.",
         empty=WITHOUT_WEBHOOK),
    stat("Refused by budgets", over_range("llm_budget_refusals_total", TENANTS), unit="short",
         decimals=0,
         steps=(GREEN, 1, ORANGE), nothing=NO_BUDGET,
         shows="Requests in the chosen time that a budget did not allow.",
         bad="A tenant that pays is turned away.",
         then="Budgets, below.",
         empty=WITHOUT_BUDGET),
    stat("Store", "min(signalbox_usage_store_healthy{@})", unit="none", nothing="No store",
         steps=(RED, 1, GREEN), states={1.0: ("well", GREEN), 0.0: ("cannot write", RED)},
         shows="Whether usage records can be kept: cannot write while the disk is full or does not do what "
               "it should. The worst of the instances; none with usage.durability none.",
         bad="cannot write: requests are refused, or records lost, as usage.on_full says.",
         then="Room on the disk of data_dir; docs/usage-store.md."),
])

USED = Row("Tokens and cost (by the provider chosen above)", [
    series("Prompts and completions", Query(rate("llm_tokens_total", PROVIDERS, "type"), "{{type}}"),
           unit="short", stack=True, width=6,
           shows="Billable tokens a second: prompt and completion.",
           bad="completion falls while requests do not: answers are cut short.",
           then="Outcomes on Overview."),
    series("Tokens by model",
           Query(f"topk(10, {rate('llm_tokens_total', PROVIDERS, 'provider, model')})",
                 "{{provider}}/{{model}}"),
           unit="short", stack=True, width=6,
           shows="The ten models that use most tokens, a second.",
           bad="A dear model that should stand behind a cheap one carries most.",
           then="Fallbacks on Overview."),
    series("Cached, written, reasoning",
           Query(f"{rate('llm_token_details_total', PROVIDERS, 'kind')}", "{{kind}}"), unit="short",
           width=6, nothing="No provider told of cached or reasoning tokens",
           shows="Parts of the tokens beside this, a second, which have prices of their own: read from a "
                 "cache, written to one, spent on reasoning. Never to be added to the others.",
           bad="cached falls after a change: prompts no longer begin alike, and cost more.",
           then="Affinity of routes; the callers' prompts."),
    series("Without a price",
           Query(f"{hourly('llm_unpriced_requests_total', PROVIDERS, 'provider, model')} > 0",
                 "{{provider}}/{{model}}"),
           unit="short", width=6, nothing="Every answer in this time had a price",
           shows="Answers an hour for which no price is known.",
           bad="Any: no bill has them.",
           then="docs/prices.md; signalbox prices check.",
           empty="While every answer has a price."),
    series("Cost an hour, by currency",
           Query(hourly("llm_cost_total", PROVIDERS, "currency"), "{{currency}}"), unit="short",
           nothing=NO_PRICE,
           shows="What answers cost at the moment, for an hour of it, in each price's own currency. "
                 "Currencies are never added or converted.",
           bad="Far above the usual for this hour.",
           then="By model, beside this; by tenant, below.",
           empty=WITHOUT_PRICE),
    series("Cost an hour, by model",
           Query(f"topk(10, {hourly('llm_cost_total', PROVIDERS, 'provider, model, currency')} > 0)",
                 "{{currency}}: {{provider}}/{{model}}"),
           unit="short", nothing=NO_PRICE,
           shows="The same for the ten dearest models. Compare lines of one currency only: ten are chosen by "
                 "number, whatever the currency.",
           bad="A dear model grows.",
           then="The strategy lowest-cost; the order of targets.",
           empty=WITHOUT_PRICE),
    table("Cost in the chosen time",
          Query(f"{over_range('llm_cost_total', PROVIDERS, 'provider, model, currency')} > 0",
                column="Cost"),
          labels={"currency": "Currency", "provider": "Provider", "model": "Model"}, width=8,
          nothing=NO_PRICE,
          shows="What each model's answers cost in the chosen time, in units of its price's currency. An "
                "estimate from counters, good for a look: bills are made from usage records.",
          bad="A model that nobody meant to use.",
          then="signalbox usage sum --by model has the exact figures.",
          empty=WITHOUT_PRICE),
])

TENANT_ROW = Row("Tenants (by the tenant chosen above)", [
    series("Tokens by tenant",
           Query(f"topk(10, {rate('llm_tenant_tokens_total', TENANTS, 'tenant')})", "{{tenant}}"),
           unit="short", stack=True,
           shows="The ten tenants that use most tokens, a second.",
           bad="One tenant many times its usual rate.",
           then="Its budgets below; its keys may have leaked."),
    series("Cost an hour, by tenant",
           Query(f"topk(10, {hourly('llm_tenant_cost_total', TENANTS, 'tenant, currency')} > 0)",
                 "{{currency}}: {{tenant}}"),
           unit="short", nothing=NO_PRICE,
           shows="What the ten dearest tenants' answers cost, for an hour of it, in each price's currency. "
                 "Compare lines of one currency only.",
           bad="As beside.",
           then="signalbox usage sum --by tenant,day has the exact figures.",
           empty=WITHOUT_PRICE),
    series("Usage records",
           Query(rate("llm_usage_records_total", TENANTS, "outcome"), "{{outcome}}"), unit="ops", stack=True,
           colors={"success": GREEN, "failure": RED, "interrupted": ORANGE, "cancelled": GREY},
           shows="Usage records a second, one for each attempt, by how the attempt ended.",
           bad="None while requests are answered: usage.durability is none.",
           then="docs/usage.md: what each outcome is charged."),
    table("Budgets",
          Query(f"max by ({BUDGET}) (llm_budget_limit{{@, {TENANTS}}})", column="Limit"),
          Query(f"max by ({BUDGET}) (llm_budget_spent{{@, {TENANTS}}})", column="Spent"),
          Query(f"max by ({BUDGET}) (llm_budget_reserved{{@, {TENANTS}}})", column="Reserved"),
          Query(f"max by ({BUDGET}) (llm_budget_spent{{@, {TENANTS}}} / "
                f"(llm_budget_limit{{@, {TENANTS}}} > 0))",
                column="Used up", unit="percentunit", steps=(GREEN, 0.8, YELLOW, 0.95, RED)),
          labels={"tenant": "Tenant", "key": "Key", "kind": "Kind", "period": "Period"}, width=16,
          nothing=NO_BUDGET,
          shows="Each budget: what may be used up in its period, what is, and what requests in flight may "
                "come to. Kind is tokens or the currency; the key all is the tenant's own. The fullest of "
                "the instances: each counts for itself.",
          bad="Used up above 95 %: requests are about to be refused.",
          then="Raise it in the configuration and reload, or tell the tenant when the period ends.",
          empty=WITHOUT_BUDGET),
    series("Refusals by budget",
           Query(rate("llm_budget_refusals_total", TENANTS, "tenant, key, kind, period"),
                 "{{tenant}} {{key}}: {{kind}} a {{period}}"),
           unit="reqps", nothing=NO_BUDGET,
           shows="Requests a second that a budget did not allow.",
           bad="Any of a tenant that should be served.",
           then="Budgets, beside this.",
           empty=WITHOUT_BUDGET),
])

DELIVERY = Row("Deliveries", [
    series("Undelivered records",
           Query("sum by (endpoint) (llm_usage_outbox_pending{@})", "{{endpoint}}"), unit="short",
           nothing=NO_WEBHOOK,
           shows="Records that are yet to be delivered, by endpoint.",
           bad="One grows: its receiver fails. All grow: the network, or webhooks.concurrency.",
           then="signalbox usage endpoints.",
           empty=WITHOUT_WEBHOOK),
    series("Oldest undelivered record",
           Query("max by (endpoint) (llm_usage_outbox_oldest_seconds{@})", "{{endpoint}}"), unit="s",
           nothing=NO_WEBHOOK,
           shows="Its age, by endpoint; 0 where there is none.",
           bad="It grows with the clock: nothing is delivered there.",
           then="Deliveries by result; after webhook.give_up_after they become dead letters.",
           empty=WITHOUT_WEBHOOK),
    series("Deliveries by result",
           Query(rate("llm_webhook_deliveries_total", by="endpoint, result"), "{{endpoint}}: {{result}}"),
           unit="ops", stack=True, nothing=NO_WEBHOOK,
           shows="Attempts at deliveries a second: delivered, retry, dead.",
           bad="retry without delivered; any dead.",
           then="The log line webhook_delivery has the receiver's status.",
           empty=WITHOUT_WEBHOOK),
    series("Duration of deliveries",
           Query(quantile(0.95, "llm_webhook_delivery_seconds", by="endpoint"), "{{endpoint}} p95"),
           unit="s", nothing="Nothing was delivered in this time",
           shows="From sending a delivery to the end of its answer.",
           bad="Near webhook.timeout (15 s): the receiver does its work before it answers.",
           then="Ask the receiver to answer first, or make batches smaller.",
           empty=WITHOUT_WEBHOOK),
    series("Bytes sent",
           Query(rate("llm_webhook_bytes_total", by="endpoint, encoding"), "{{endpoint}}: {{encoding}}"),
           unit="Bps", nothing=NO_WEBHOOK,
           shows="Bytes of the bodies, as they were sent, a second.",
           bad="identity where gzip is meant: the receiver answered 415 once.",
           then="docs/webhooks.md, Verifying.",
           empty=WITHOUT_WEBHOOK),
    series("Dead letters by endpoint",
           Query("max by (endpoint) (llm_webhook_dead_letters{@})", "{{endpoint}}"),
           unit="short", nothing=NO_WEBHOOK, steps=("transparent", 1, RED),
           shows="Deliveries that were given up and are kept, by endpoint.",
           bad="Any.",
           then="Mend the receiver, then signalbox usage replay --endpoint NAME.",
           empty=WITHOUT_WEBHOOK),
    timeline("Endpoints", Query("max by (endpoint) (signalbox_webhook_endpoint_disabled{@})", "{{endpoint}}"),
             states={0.0: ("enabled", GREEN), 1.0: ("disabled", RED)}, nothing=NO_WEBHOOK, width=16,
             shows="Whether anything is sent to an endpoint. It is disabled by its answer 410, or after five "
                   "days of failures; its records wait.",
             bad="disabled.",
             then="Mend the receiver, then signalbox usage enable --tenant ID.",
             empty=WITHOUT_WEBHOOK),
    series("Deliveries in flight", Query("sum(signalbox_webhook_deliveries_in_flight{@})", "in flight"),
           unit="short",
           shows="Deliveries that are being sent; at most webhooks.concurrency for each instance.",
           bad="At that bound while records wait: receivers hang.",
           then="Duration of deliveries names the slow ones."),
])

STORE = Row("Records and the disk", [
    series("Lost records", Query(rate("signalbox_usage_lost_records_total", by="reason"), "{{reason}}"),
           unit="ops", steps=("transparent", 0.000001, RED), width=6,
           shows="Usage records a second that could not be kept, and why.",
           bad="Any: nobody is billed for them.",
           then="docs/usage-store.md."),
    series("Time to the disk", *quantiles("signalbox_usage_commit_seconds", shares=(0.5, 0.99)),
           unit="s", width=6,
           nothing="Nothing was written in this time",
           shows="How long it took to bring a group of records to the disk. With durability commit every "
                 "answer waits for it.",
           bad="p99 above 50 ms: the disk is slow, or shared.",
           then="The disk of data_dir; usage.durability async, if a crash may forget the last moments."),
    series("Records written together",
           Query(f'{rate("signalbox_usage_commit_records_sum")} / '
                 f'({rate("signalbox_usage_commit_records_count")} > 0)', "mean"),
           Query(quantile(0.99, "signalbox_usage_commit_records"), "p99"), unit="short", width=6,
           nothing="Nothing was written in this time",
           shows="Records that were brought to the disk in one go.",
           bad="Nothing: groups grow with load, which is what makes it cheap.",
           then="Time to the disk, beside this."),
    series("Size of the store", Query("sum by (instance) (signalbox_usage_store_bytes{@})", "{{instance}}"),
           Query("sum by (instance) (signalbox_usage_store_max_bytes{@})", "{{instance}} may have"),
           unit="bytes", width=6, nothing="No store",
           shows="What usage records and their deliveries take on the disk.",
           bad="Near usage.size_max: delivered records go before their time, and undelivered ones stop new "
               "ones.",
           then="usage.retention and usage.size_max; undelivered records above."),
    series("Records purged",
           Query(hourly("signalbox_usage_purged_records_total", "", "reason"), "{{reason}}"), unit="short",
           nothing="Nothing was purged since the start",
           shows="Records an hour that nobody waited for and that are gone, for their age or to make room.",
           bad="To make room: they were to be kept longer.",
           then="usage.size_max."),
    series("Callers that left",
           Query(rate("signalbox_usage_drains_total", by="result"), "{{result}} a second"),
           Query("sum(signalbox_usage_drains_in_flight{@})", "listened to now"), unit="short",
           shows="Answers whose caller hung up: their end was waited for, so that the provider's own count "
                 "is billed, or it is a guess.",
           bad="Mostly guesses: usage.drain is too short, or its max is reached.",
           then="usage.drain in the configuration."),
    series("Records for listeners",
           Query(rate("signalbox_usage_listener_records_total", by="result"), "{{result}}"), unit="ops",
           nothing="Nobody in the program listens",
           shows="Records that a part of the program wanted to hear of. Only where an application embeds the "
                 "router and listens.",
           bad="Anything but delivery: the listener is slow.",
           then="docs/embedding.md."),
])

DASHBOARD = Dashboard(
    "usage-and-billing", "Usage and billing",
    "What was used and what it costs, by currency, model and tenant; whether every usage record is kept and "
    "delivered.",
    [JOB, INSTANCE, PROVIDER, TENANT], [NOW, USED, TENANT_ROW, DELIVERY, STORE])
