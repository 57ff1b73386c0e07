INSERT INTO studies VALUES (-5, 'other'); INSERT INTO trials VALUES (100, 0, -5, 'COMPLETE', NULL, NULL); INSERT INTO study_directions VALUES (99, 'NOT_SET', -5, 0);
