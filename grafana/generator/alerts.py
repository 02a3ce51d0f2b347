"""The alerts of prometheus/rules/alerts.yml, and the expression that shows the state of each."""

from collections.abc import Mapping

from grafana.generator.expressions import HOST

# alert → the recorded value behind it. While that is missing, the alert has no state, and no tile says OK.
RECORDED_VALUES = {
    "TargetDown": "job_slot:up:min",
    "HighErrorRate": "slot:http_errors:ratio_increase5m",
    "HighLatencyP99": "slot:http_request_duration_seconds:p99_rate5m",
    "RequestsRetried": "slot_reason:requests_retried:ratio_increase5m",
    "ResponsesNotCounted": "slot:nginx_responses_uncounted:ratio_increase5m",
    "EventLoopBlocked": "job_slot:event_loop_lag_seconds:max5m",
    "DriftDetected": "slot:drift_windows_recent:detected",
    "ServingInputsLeftTrainingData": "slot:z_score:max",
    "DriftDetectorStale": "slot:drift_unscored:seconds",
    "DriftReferenceMissing": "slot:drift_samples_without_reference:increase10m",
    "SamplesDropped": "slot:samples_dropped:increase5m",
    "WorkersStalled": "slot:inference_stalled:seconds",
    "WorkersLostOften": "slot:inference_workers_lost:increase5m",
    "NotificationsStuck": "slot:notification_oldest_pending:seconds",
    "ReleaseHeld": "slot:release_held:max45s",
    "ReleaseControllerStuck": "slot:release_last_tick:age_seconds",
    "SplitEditedByHand": "slot:release_split_edited_by_hand:max",
    "HighCpu": "slot_instance:node_cpu_busy:ratio_rate1m",
}
# The same of jobs, which have two of the others too.
BEHIND_JOBS = {
    "TargetDown": RECORDED_VALUES["TargetDown"],
    "JobBrokerDown": "slot:job_broker_up:min",
    "NoJobWorker": "slot:job_chunks_without_worker:sum",
    "JobBacklogTooOld": "slot:job_oldest_chunk_age:seconds",
    "JobDeadLetters": "slot:job_dead_letters:max",
    "RabbitmqAlarm": "slot_alarm:rabbitmq_alarm:max",
    "EventLoopBlocked": RECORDED_VALUES["EventLoopBlocked"],
}
# And of training, which has the same two.
BEHIND_TRAINING = {
    "TargetDown": RECORDED_VALUES["TargetDown"],
    "TrainingStreamDown": "job_slot:stream_connected:min",
    "CollectorLags": "slot:collector_lag_records:min1m",
    "TooManyRejectedRecords": "slot:collector_rejected:ratio_increase5m",
    "RetrainingFailed": "slot:retraining_failed:increase1d",
    "EventLoopBlocked": RECORDED_VALUES["EventLoopBlocked"],
}
ALERT_WORDS = {0: ("OK", "green"), 1: ("PENDING", "yellow"), 2: ("FIRING", "red")}


def alert_states(recorded_values: Mapping[str, str] = RECORDED_VALUES, slots: str = HOST) -> str:
    """Give 2 for each alert that fires, 1 for one that is pending, 0 for one at rest."""
    firing = f'2 * max by (alertname) (ALERTS{{alertstate="firing",{slots}}})'
    pending = f'max by (alertname) (ALERTS{{alertstate="pending",{slots}}})'
    at_rest = (
        f'label_replace(0 * count({value}{{{slots}}}), "alertname", "{alert}", "", "")'
        for alert, value in recorded_values.items()
    )
    return "\nor ".join([firing, pending, *at_rest])
