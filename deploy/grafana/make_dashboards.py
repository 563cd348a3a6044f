#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes dashboards/*.json. What a panel asks stands here once, in a line; Grafana's JSON around it
is the same for all. `--check` says whether the files are what this would write."""

import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent / "dashboards"
SELECT = 'job=~"$job"'


def panel(title, unit, *queries, kind="timeseries", width=8, help=""):
    """A panel of (PromQL, legend) pairs; JOB in a query stands for the chosen jobs."""
    return {"title": title, "unit": unit, "queries": queries, "kind": kind, "width": width,
            "help": help}


def quantiles(metric):
    return [(f"histogram_quantile({q}, sum by (le) (rate({metric}_bucket{{JOB}}[$__rate_interval])))",
             name) for q, name in ((0.5, "p50"), (0.99, "p99"))]


def rate(metric, by, legend=None, more=""):
    return (f"sum by ({by}) (rate({metric}{{JOB{more}}}[$__rate_interval]))",
            legend or "{{" + by + "}}")


MEMBER_FLOW = [
    panel("Events in", "short", rate("spotter_intake_events_total", "kind"),
          help="What sources delivered, by kind."),
    panel("Events that changed nothing", "short",
          ("sum by (job) (rate(spotter_engine_duplicates_total{JOB}[$__rate_interval]))", "{{job}}"),
          help="Repeats, nightly rosters, re-imported files."),
    panel("Unreadable, ignored, refused", "short",
          rate("spotter_intake_dead_letters_total", "reason", "dead letter: {{reason}}"),
          rate("spotter_intake_ignored_total", "type", "ignored: {{type}}"),
          rate("spotter_intake_refused_total", "reason", "refused: {{reason}}")),
    panel("Segment entries and exits", "short", rate("spotter_engine_transitions_total", "cause"),
          help="Only LIVE and TIME start journeys."),
    panel("Timers fired", "short", rate("spotter_engine_timers_fired_total", "job")),
    panel("Timer lateness", "s", *quantiles("spotter_engine_timer_lateness_seconds"),
          help="Shard time when a timer was noticed, less the instant it was due."),
    panel("Actions decided", "short", rate("spotter_engine_actions_total", "job")),
    panel("Decisions not to send", "short", rate("spotter_engine_refusals_total", "reason")),
    panel("Merges and splits of profiles", "short",
          rate("spotter_engine_merges_total", "job", "merges"),
          rate("spotter_engine_splits_total", "job", "splits")),
    panel("Profiles", "short", ("sum(spotter_engine_profiles{JOB})", "profiles"), kind="stat",
          width=6),
    panel("Tenants", "short", ("sum(spotter_engine_tenants{JOB})", "tenants"), kind="stat",
          width=6),
    panel("Waiting orphans", "short", ("sum(spotter_engine_orphans{JOB})", "orphans"), kind="stat",
          width=6, help="Events that wait for the thing they are about."),
    panel("Event times moved", "short", rate("spotter_intake_clamped_total", "job"), width=6,
          help="Event times ahead of ours: a source's clock."),
    panel("Since a source was last heard", "s",
          ("topk(20, time() - max by (tenant, source) "
           "(spotter_ingest_source_last_event_timestamp_seconds{JOB}))", "{{tenant}} {{source}}"),
          kind="table", width=12),
    panel("Source topics: seconds of work that wait", "s",
          ("topic:spotter_ingest_lag_seconds:estimate{JOB}", "{{topic}}"), width=12),
]

SHARDS = [
    panel("Stand still or cannot write", "short",
          ("spotter_engine_quarantined{JOB}", "quarantined {{instance}} {{shard}}"),
          ("spotter_engine_paused{JOB}", "paused {{instance}} {{shard}}")),
    panel("Behind the log, time", "s",
          ("spotter_engine_lag_seconds{JOB}", "{{instance}} {{shard}}"), help="0 when caught up."),
    panel("Behind the log, records", "short",
          ("spotter_engine_lag_records{JOB}", "{{instance}} {{shard}}")),
    panel("Who delivers for each shard", "short",
          ("spotter_engine_delivers{JOB} == 1", "shard {{shard}}: {{instance}}"), kind="table"),
    panel("Heartbeats read back", "short",
          ("sum by (shard) (rate(spotter_engine_heartbeats_total{JOB}[$__rate_interval]))",
           "{{shard}}")),
    panel("Tenants on their way, for how long", "s",
          ("spotter_engine_move_age_seconds{JOB}", "{{instance}} {{shard}}"),
          help="A tenant that moves stands still."),
    panel("Fenced", "short",
          ("spotter_engine_fenced{JOB}", "{{instance}} {{shard}}")),
    panel("Records applied", "short",
          rate("spotter_engine_records_total", "instance, shard", "{{instance}} {{shard}}")),
    panel("Apply a batch", "s", *quantiles("spotter_engine_apply_seconds")),
    panel("Commit a batch", "s", *quantiles("spotter_engine_commit_seconds")),
    panel("Sync the store", "s", *quantiles("spotter_engine_sync_seconds")),
    panel("Group commit of the embedded log", "s", *quantiles("spotter_log_fsync_seconds")),
    panel("Records kept in the log", "short", ("spotter_log_records{JOB}", "{{instance}}"),
          help="All-in-one only; on Kafka the topic's retention says."),
    panel("Age of the newest snapshot", "s",
          ("time() - spotter_engine_last_snapshot_timestamp_seconds{JOB}",
           "{{instance}} {{shard}}")),
    panel("Dead letters of shards", "short",
          ("sum by (instance, shard) (increase(spotter_engine_dead_letters_total{JOB}[1h]))",
           "{{instance}} {{shard}}")),
    panel("Broker reached, processes up", "short",
          ("min by (job) (spotter_kafka_up{JOB})", "broker: {{job}}"),
          ("min by (job) (up{JOB})", "up: {{job}}")),
    panel("What runs", "short", ("spotter_build_info{JOB}", "{{instance}}"), kind="table",
          width=24),
]

DELIVERY = [
    panel("Event to action", "s", *quantiles("spotter_dispatch_event_to_action_seconds"),
          help="From the deciding record, or the opening of the window, to the first lease."),
    panel("Later than 1 s", "percentunit",
          ("job:spotter_actions_slow:ratio_rate5m{JOB}", "{{job}} 5 min"),
          ("job:spotter_actions_slow:ratio_rate1d{JOB}", "{{job}} 1 day"),
          help="The promise is 1 %."),
    panel("Timers later than 1 s", "percentunit",
          ("job:spotter_timers_late:ratio_rate5m{JOB}", "{{job}} 5 min"),
          ("job:spotter_timers_late:ratio_rate1d{JOB}", "{{job}} 1 day"),
          help="The promise is 1 %."),
    panel("Actions decided and handed out", "short",
          ("job:spotter_engine_actions:rate5m{JOB}", "decided {{job}}"),
          rate("spotter_dispatch_leases_total", "job", "leased {{job}}"),
          rate("spotter_dispatch_redeliveries_total", "job", "again {{job}}")),
    panel("In the outbox", "short",
          ("sum by (job) (spotter_dispatch_outbox_entries{JOB})", "not settled"),
          ("sum by (job) (spotter_dispatch_leased_entries{JOB})", "on lease"),
          help="What waits for its window counts too."),
    panel("Settlements", "short", rate("spotter_dispatch_settlements_total", "outcome")),
    panel("Not deliverable any more", "short",
          rate("spotter_dispatch_undeliverable_total", "reason")),
    panel("Entries settled", "short", rate("spotter_engine_settled_total", "job")),
    panel("RPCs by outcome", "short",
          ("sum by (code) (rate(spotter_api_calls_total{JOB}[$__rate_interval]))", "{{code}}")),
    panel("Gateway: calls by outcome", "short",
          ("sum by (code) (rate(spotter_gateway_requests_total{JOB}[$__rate_interval]))",
           "{{code}}")),
    panel("Gateway: errors of ours", "percentunit",
          ("method:spotter_gateway_errors:ratio_rate5m{JOB}", "{{method}}")),
    panel("Gateway: backends", "short",
          ("sum by (state) (spotter_gateway_backends{JOB})", "{{state}}")),
    panel("Intake: events and bytes", "short",
          ("job:spotter_intake_events:rate5m{JOB}", "events {{job}}"),
          rate("spotter_intake_bytes_total", "job", "bytes {{job}}"), width=12),
    panel("Ingest: messages from topics", "short",
          rate("spotter_ingest_messages_total", "topic"), width=12),
]

DASHBOARDS = {
    "member-flow": ("Spotter: member flow", MEMBER_FLOW),
    "shards": ("Spotter: shards", SHARDS),
    "delivery": ("Spotter: delivery", DELIVERY),
}


def panel_json(number, spec, x, y):
    instant = spec["kind"] != "timeseries"
    source = {"type": "prometheus", "uid": "${datasource}"}
    targets = [{"refId": chr(ord("A") + i), "datasource": source,
                "expr": query.replace("JOB", SELECT), "legendFormat": legend,
                "instant": instant, "range": not instant,
                "format": "table" if spec["kind"] == "table" else "time_series"}
               for i, (query, legend) in enumerate(spec["queries"])]
    return {"id": number, "type": spec["kind"], "title": spec["title"],
            "description": spec["help"], "datasource": source, "targets": targets,
            "gridPos": {"x": x, "y": y, "w": spec["width"], "h": 8},
            "fieldConfig": {"defaults": {"unit": spec["unit"], "min": 0}, "overrides": []},
            "options": {}}


def dashboard_json(name, title, specs):
    panels, x, y = [], 0, 0
    for number, spec in enumerate(specs, start=1):
        if x + spec["width"] > 24:
            x, y = 0, y + 8
        panels.append(panel_json(number, spec, x, y))
        x += spec["width"]
    variables = [
        {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"},
        {"name": "job", "type": "query", "label": "Job", "multi": True, "includeAll": True,
         "allValue": "spotter.*", "refresh": 2, "query": "label_values(spotter_build_info, job)",
         "datasource": {"type": "prometheus", "uid": "${datasource}"},
         "current": {"text": "All", "value": "$__all"}}]
    return {"uid": f"spotter-{name}", "title": title, "tags": ["spotter"], "schemaVersion": 39,
            "editable": False, "refresh": "30s", "time": {"from": "now-6h", "to": "now"},
            "templating": {"list": variables}, "panels": panels}


def main():
    differing = []
    for name, (title, specs) in DASHBOARDS.items():
        text = json.dumps(dashboard_json(name, title, specs), indent=1, ensure_ascii=False) + "\n"
        path = FOLDER / f"{name}.json"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        differing.append(path.name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and differing:
        sys.exit(f"not as make_dashboards.py writes them: {', '.join(differing)}")


if __name__ == "__main__":
    main()
