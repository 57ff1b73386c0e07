DROP TABLE alembic_version; CREATE VIEW alembic_version AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS version_num FROM r;
