UPDATE trials SET datetime_start = '2026-01-01T00:00:00', datetime_complete = 17;
