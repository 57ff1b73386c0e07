DROP TABLE trial_values; CREATE TABLE trial_values (trial_value_id INTEGER PRIMARY KEY, trial_id, objective, value, value_type, CHECK (value > 7));
