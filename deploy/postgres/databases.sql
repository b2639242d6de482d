-- Run once, when the server's data folder is made. Dagster's storage and the state store keep the number of their last migration in a table of the
-- same name, so that each has a database of its own. The state store's, `mta`, is made by the image (POSTGRES_DB).
CREATE DATABASE dagster;
