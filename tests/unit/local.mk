# One program for each pair under src/; its source is NAME.c beside it.
unit_tests =
