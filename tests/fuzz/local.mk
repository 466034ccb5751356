# Each needs --enable-fuzzing; its source is NAME.c beside it.  For example
#     tests/fuzz/cbor-fuzz -max_total_time=60
fuzz_targets = tests/fuzz/cbor-fuzz tests/fuzz/shell-text-fuzz \
	tests/fuzz/spec-fuzz tests/fuzz/value-fuzz

tests_fuzz_cbor_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_shell_text_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_spec_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_value_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
