# Every source is in the list of its floor, so that it is built, tested and
# distributed.
. "$(dirname "$0")/lib.sh"

# unlisted LIST FILE...: the files that LIST does not name.
unlisted() {
	local list=$1
	shift
	for file in "$@"; do
		grep -qwF -- "$file" "$list" || echo "$file is not in $list"
	done
}

for floor in src/*/; do
	floor=${floor%/}
	unlisted "$floor/local.mk" $(find "$floor" -name '*.[ch]')
done | clean 'every file of a floor is in its list'

unlisted scm/local.mk $(find scm -name '*.scm') |
clean 'every Scheme module is in the list'

unlisted tests/unit/local.mk \
	$(find tests/unit -name '*-test.c' | sed 's/\.c$//') |
clean 'every unit test is in the list'

unlisted tests/fuzz/local.mk \
	$(find tests/fuzz -name '*-fuzz.c' | sed 's/\.c$//') |
clean 'every fuzz target is in the list'

for script in bootstrap quickstart .ci/run tests/*/*.sh; do
	bash -n "$script" 2>&1
done | clean 'every script is proper shell'

finish
