# configure says which packages are missing.
. "${0%/*}/lib"

test ! -e "$srcdir/config.status" ||
	test_skip_all 'the source directory is configured itself'

# lacks MESSAGE NAME=VALUE: how configure ends with that variable set.
lacks() {
	mkdir -p build &&
	(cd build && ! env CC="$CC" "$2" "$srcdir/configure" -q) > out 2>&1 &&
	echo "configure: error: $1" > expected &&
	test_cmp expected out
}

packages='libxxhash-dev libsqlite3-dev libcbor-dev libjansson-dev'
packages="$packages guile-3.0-dev libgit2-dev zlib1g-dev libssl-dev"
packages="$packages libcurl4-openssl-dev"

test_expect_success 'all libraries that are missing are named by their packages' '
	lacks "packages are missing: apt install $packages" \
		PKG_CONFIG_LIBDIR="$PWD/none"
'

test_expect_success 'a library that is too old is told from a missing one' '
	mkdir old &&
	printf "%s\n" "Name: libgit2" "Description: old" "Version: 1.1.0" \
		> old/libgit2.pc &&
	sed s/libgit2/libcurl/ old/libgit2.pc > old/libcurl.pc &&
	lacks "libgit2 >= 1.5 is needed, 1.1.0 is here; libcurl >= 7.88 is\
 needed, 1.1.0 is here; build newer ones, and name the directories of their\
 .pc files in PKG_CONFIG_PATH" PKG_CONFIG_PATH="$PWD/old"
'

test_expect_success 'without pkg-config that is what is named' '
	lacks "pkg-config is missing: apt install pkg-config" PKG_CONFIG=
'

test_done
