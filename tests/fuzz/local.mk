# What parses bytes that others may have written: one target each, its source
# NAME.c beside it.  In make check driver.c makes the bytes; with
# --enable-fuzzing libFuzzer does, for example
#     tests/fuzz/cbor-fuzz -max_total_time=60
fuzz_targets = \
	tests/fuzz/artifact-fuzz \
	tests/fuzz/cbor-fuzz \
	tests/fuzz/db-fuzz \
	tests/fuzz/frame-fuzz \
	tests/fuzz/key-fuzz \
	tests/fuzz/log-fuzz \
	tests/fuzz/npy-fuzz \
	tests/fuzz/rules-fuzz \
	tests/fuzz/shell-text-fuzz \
	tests/fuzz/spec-fuzz \
	tests/fuzz/value-fuzz

if FUZZING
fuzz_driver =
fuzz_tests =
else
fuzz_driver = tests/fuzz/driver.c
fuzz_tests = $(fuzz_targets)
endif

tests_fuzz_artifact_fuzz_SOURCES = tests/fuzz/artifact-fuzz.c $(fuzz_driver)
tests_fuzz_cbor_fuzz_SOURCES = tests/fuzz/cbor-fuzz.c $(fuzz_driver)
tests_fuzz_db_fuzz_SOURCES = tests/fuzz/db-fuzz.c $(fuzz_driver)
tests_fuzz_frame_fuzz_SOURCES = tests/fuzz/frame-fuzz.c $(fuzz_driver)
tests_fuzz_key_fuzz_SOURCES = tests/fuzz/key-fuzz.c $(fuzz_driver)
tests_fuzz_log_fuzz_SOURCES = tests/fuzz/log-fuzz.c $(fuzz_driver)
tests_fuzz_npy_fuzz_SOURCES = tests/fuzz/npy-fuzz.c $(fuzz_driver)
tests_fuzz_rules_fuzz_SOURCES = tests/fuzz/rules-fuzz.c $(fuzz_driver)
tests_fuzz_shell_text_fuzz_SOURCES = tests/fuzz/shell-text-fuzz.c \
	$(fuzz_driver)
tests_fuzz_spec_fuzz_SOURCES = tests/fuzz/spec-fuzz.c $(fuzz_driver)
tests_fuzz_value_fuzz_SOURCES = tests/fuzz/value-fuzz.c $(fuzz_driver)

tests_fuzz_artifact_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_cbor_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_db_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_frame_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_key_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_log_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_npy_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_rules_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_shell_text_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_spec_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_value_fuzz_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
