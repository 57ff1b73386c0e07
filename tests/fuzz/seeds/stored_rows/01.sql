UPDATE trials SET state = 'running' WHERE number = 1;
