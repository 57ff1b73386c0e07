UPDATE trial_system_attributes SET value_json = '{'; INSERT INTO trial_system_attributes (trial_id, "key", value_json) VALUES (2, 'constraints', '[1, "a"]');
