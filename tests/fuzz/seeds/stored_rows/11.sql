DROP TABLE trial_heartbeats; CREATE VIRTUAL TABLE trial_heartbeats USING fts5(trial_id, heartbeat);
