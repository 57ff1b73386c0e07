UPDATE trials SET number = NULL WHERE trial_id = 2; UPDATE trials SET number = 9223372036854775807 WHERE trial_id = 3;
