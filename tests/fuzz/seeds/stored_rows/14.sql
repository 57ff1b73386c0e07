DELETE FROM study_directions; UPDATE studies SET study_name = x'ff00';
