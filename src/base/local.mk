base_sources = \
	src/base/arena.c src/base/arena.h \
	src/base/base.c src/base/base.h \
	src/base/cbor.c src/base/cbor.h \
	src/base/clock.c src/base/clock.h \
	src/base/digest.c src/base/digest.h \
	src/base/error.c src/base/error.h \
	src/base/map.c src/base/map.h \
	src/base/path.c src/base/path.h \
	src/base/strbuf.c src/base/strbuf.h \
	src/base/strvec.c src/base/strvec.h \
	src/base/text.c src/base/text.h
