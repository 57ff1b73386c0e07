DELETE FROM version_info; INSERT INTO version_info VALUES (1, 13, '9'); UPDATE alembic_version SET version_num = 'x';
