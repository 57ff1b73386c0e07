UPDATE trial_values SET value = NULL; UPDATE trial_values SET value_type = 'NAN';
