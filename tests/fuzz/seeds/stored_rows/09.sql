CREATE TRIGGER t AFTER UPDATE ON trials BEGIN DELETE FROM trial_values; INSERT INTO trials (number, study_id, state) VALUES (7, 1, 'WAITING'); END;
