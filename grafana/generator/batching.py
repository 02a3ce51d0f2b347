"""The panels about how requests wait for the model and go through it together, and about its reloads."""

from grafana.generator.expressions import mean, per_second, quantile, selector, total
from grafana.generator.panel_kinds import Header, Panel, Query, bars, labels_table, series


def batching(slots: str) -> list[Panel]:
    """Show the queue and the batches: under load batches grow, and nothing waits when the server is idle."""
    size, seconds = "inference_batch_size", "inference_queue_seconds"
    waiting = "The longer it is, the larger the batches. At QUEUE_SIZE the server answers 503."
    return [
        series(
            Header("Batch size", "Images or rows that went through the network together.", "short", 8),
            Query(mean(size, slots), "{{slot}} mean"),
            Query(quantile(0.95, size, slots), "{{slot}} p95"),
            per_slot=True,
            dashed="p95",
        ),
        series(
            Header("Time in the queue", "From joining the queue to the start of the batch.", "s", 8),
            Query(quantile(0.5, seconds, slots), "{{slot}} p50"),
            Query(quantile(0.99, seconds, slots), "{{slot}} p99"),
            per_slot=True,
            dashed="p99",
        ),
        series(
            Header("Queue depth", f"Requests that wait for the model. {waiting}", "short", 8),
            Query(total(selector("inference_queue_depth", slots))),
            per_slot=True,
        ),
        bars(
            Header(
                "Model reloads",
                "Model packages loaded or refused since the servers started. The log says why.",
                "locale",
                12,
                6,
            ),
            Query(total(selector("model_reloads_total", slots), "slot, outcome"), "{{slot}} {{outcome}}"),
        ),
        labels_table(
            Header(
                "Inference mode",
                "Where the model runs: worker processes, threads, or the event loop; see INLINE_INFERENCE.",
                "none",
                12,
                6,
            ),
            f"max by (slot, mode) ({selector('inference_mode_info', slots)})",
            ["slot", "mode"],
        ),
        series(
            Header(
                "Workers lost",
                "Worker processes lost per minute: an image took too long, no answer came, or one died.",
                "short",
            ),
            Query(
                f"60 * {per_second(selector('inference_workers_lost_total', slots), 'slot, reason')}",
                "{{slot}} {{reason}}",
            ),
        ),
        series(
            Header(
                "Without a result", "For how long no batch in hand has come to an end; 0 without one.", "s"
            ),
            Query(f"max by (slot) ({selector('inference_stalled_seconds', slots)})"),
            per_slot=True,
        ),
    ]
