# ./quickstart: what it installs, builds and shows, with stand-ins for what
# would change this machine.
. "${0%/*}/lib"

# The programs that quickstart finds: those it may have, and stand-ins that
# tell what they are called for.
mkdir bin tree tree/build tree/examples tree/examples/headers
for program in sh env dirname mkdir chmod head tail cat nproc rm sed; do
	ln -s "$(command -v $program)" bin || exit 1
done
for program in make apt-get sudo; do
	write_script bin/$program <<-'END'
		echo "${0##*/} $*" >> "$CALLS"
		test "${0##*/}" != sudo || "$@"
	END
done
write_script bin/dpkg-query <<'END'
eval "package=\$$#"
case " $MISSING " in
*" $package "*) exit 1 ;;
esac
echo "install ok installed"
END
write_script bin/pkg-config <<'END'
test "$1" = --exists && case ,$LIBRARIES, in
*",$2,"*) ;;
*) exit 1 ;;
esac
END
write_script bin/id <<'END'
echo "${MY_ID:-0}"
END
cp "$srcdir/quickstart" "$srcdir/configure.ac" tree
write_script tree/bootstrap <<'END'
echo bootstrap >> "$CALLS"
printf '#!/bin/sh\necho configure >> "$CALLS"\n: > Makefile\n' > configure
chmod +x configure
test -z "$KILLED" || kill $PPID $$
: > Makefile.in
END
write_script tree/build/pre-inst-env <<'END'
echo "pre-inst-env $*" >> "$CALLS"
END
printf '%s\n' {1..12} > tree/examples/headers/top.txt

# quickstart [NAME=VALUE...] [-- ARGUMENT...]: what it calls is in `calls`, what
# it prints in `out`.
quickstart() {
	local variables=()
	while test $# -gt 0 && test "$1" != --; do
		variables+=("$1")
		shift
	done
	test $# = 0 || shift
	: > calls
	env PATH="$PWD/bin" CALLS="$PWD/calls" "${variables[@]}" \
		tree/quickstart "$@" > out 2>&1
}

test_expect_success 'with everything there it builds, and shows a result' '
	quickstart &&
	cat > expected <<-END &&
	bootstrap
	configure
	make -C build -j $(nproc) all
	pre-inst-env flowmake -C examples/headers run
	END
	test_cmp expected calls &&
	test_grep "^10$" out && test_grep -v "^11$" out &&
	test_grep "next: cd tree/examples/headers;" out
'

test_expect_success 'doing it again does only what is left' '
	quickstart &&
	sed 1,2d expected > again &&
	test_cmp again calls
'

test_expect_success 'what was interrupted is done again' '
	rm tree/Makefile.in tree/build/Makefile &&
	test_expect_code 143 quickstart KILLED=yes &&
	test_grep -v configure calls &&
	quickstart && test_cmp expected calls &&
	: > tree/build/configuring &&
	quickstart && sed 1d expected > again && test_cmp again calls &&
	quickstart && sed 1,2d expected > again && test_cmp again calls
'

test_expect_success 'root installs just what is missing' '
	quickstart MISSING="libcbor-dev gcc" &&
	head -n 2 calls > actual &&
	cat > expected <<-END &&
	apt-get -q update
	apt-get -q install -y --no-install-recommends --no-remove gcc libcbor-dev
	END
	test_cmp expected actual
'

test_expect_success 'a library that satisfies configure is there' '
	quickstart MISSING="libcurl4-openssl-dev libgit2-dev" \
		LIBRARIES="libcurl >= 7.88" &&
	test_grep "apt-get .*--no-remove libgit2-dev$" calls
'

test_expect_success 'others are asked by sudo, and only if something is missing' '
	quickstart MY_ID=1000 && test_grep -v "sudo" calls && test_grep -v sudo out &&
	quickstart MY_ID=1000 MISSING=gcc &&
	test_grep "sudo may ask for your password" out &&
	head -n 4 calls > actual &&
	cat > expected <<-END &&
	sudo apt-get -q update
	apt-get -q update
	sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends --no-remove gcc
	apt-get -q install -y --no-install-recommends --no-remove gcc
	END
	test_cmp expected actual
'

test_expect_success 'without sudo it says what root has to do' '
	mv bin/sudo . &&
	test_must_fail 1 quickstart MY_ID=1000 MISSING="gcc make" &&
	echo "quickstart: as root: apt-get install gcc make" > expected &&
	test_cmp expected out &&
	test ! -s calls &&
	quickstart MY_ID=1000
'

test_expect_success 'without apt it lists what to install, once, and goes on' '
	mv bin/apt-get . && rm tree/build/Makefile &&
	quickstart &&
	test_grep "^quickstart: no apt here" out &&
	test_grep "guile-3.0-dev .*libsqlite3-dev" out &&
	test_grep "^make " calls &&
	quickstart &&
	test_grep -v "no apt here" out
'

test_expect_success 'what fails is shown with its log' '
	printf "#!/bin/sh\necho no libxxhash here; exit 1\n" > tree/configure &&
	rm tree/build/Makefile &&
	test_must_fail 1 quickstart &&
	test_grep "^no libxxhash here" out &&
	test_grep "^quickstart: failed: .*configure; the rest is in build/quickstart.log" out
'

test_expect_success '--check and --bench pass the tests and measure' '
	printf "#!/bin/sh\n: > Makefile\n" > tree/configure &&
	quickstart -- --check && tail -n 1 calls > actual &&
	echo "make -C build --no-print-directory -s check" > expected &&
	test_cmp expected actual &&
	mv apt-get bin &&
	quickstart MISSING=ninja-build -- --bench &&
	test_grep "apt-get .*install.* ninja-build" calls &&
	test_grep "make .* bench$" calls
'

test_expect_success 'anything else is refused' '
	for arguments in --chekc "--check x" "x --bench"; do
		test_must_fail quickstart -- $arguments &&
		test_grep "^usage: " out && test ! -s calls || return 1
	done
'

test_done
