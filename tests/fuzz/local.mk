# Each needs --enable-fuzzing; its source is NAME.c beside it.
fuzz_targets =
