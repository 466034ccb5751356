/*
 * Primitives for frames, values and the files that hold large values.
 */
#include "base/base.h"

#include "evaluator/prim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "evaluator/array.h"
#include "evaluator/text.h"
#include "evaluator/value.h"
#include "model/wire.h"
#include "sys/file.h"
#include "sys/frame.h"

/* Frames that wait to be written together. */
static struct strbuf queue = STRBUF_INIT;

enum { QUEUE_BYTES = 1 << 16 };

static SCM
prim_encode(SCM value, SCM what)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	char *text;
	int rc;

	SCM_ASSERT(scm_is_string(what), what, 2, "%encode");
	text = text_from_scm(what, NULL);
	rc = value_encode(&sb, value, VALUE_DATUM, text, &err);
	free(text);
	if (rc < 0) {
		strbuf_release(&sb);
		prim_throw(&err);
	}
	return prim_take_bytes(&sb);
}

static SCM
prim_encode_source(SCM datum)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (value_encode(&sb, datum, VALUE_SOURCE, "", &err) < 0) {
		strbuf_release(&sb);
		error_release(&err);
		return SCM_BOOL_F;
	}
	return prim_take_bytes(&sb);
}

static SCM
prim_encode_message(SCM message)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (value_encode(&sb, message, VALUE_MESSAGE, "the message",
			 &err) < 0) {
		strbuf_release(&sb);
		prim_throw(&err);
	}
	return prim_take_bytes(&sb);
}

/* Bytes as a string of characters below 256, and back. */
static SCM
prim_bytes_to_string(SCM bytes)
{
	SCM_ASSERT(scm_is_bytevector(bytes), bytes, 1, "%bytes->string");
	return scm_from_latin1_stringn(
		(const char *)SCM_BYTEVECTOR_CONTENTS(bytes),
		SCM_BYTEVECTOR_LENGTH(bytes));
}

static SCM
prim_string_to_bytes(SCM str)
{
	size_t len;
	char *s;
	SCM bytes;

	SCM_ASSERT(scm_is_string(str), str, 1, "%string->bytes");
	s = scm_to_latin1_stringn(str, &len);
	bytes = scm_c_make_bytevector(len);
	if (len)
		memcpy(SCM_BYTEVECTOR_CONTENTS(bytes), s, len);
	free(s);
	return bytes;
}

static SCM
prim_decode(SCM bytes)
{
	struct error err = ERROR_INIT;
	SCM value;

	SCM_ASSERT(scm_is_bytevector(bytes), bytes, 1, "%decode");
	value = value_decode(SCM_BYTEVECTOR_CONTENTS(bytes),
			     SCM_BYTEVECTOR_LENGTH(bytes), &err);
	if (SCM_UNBNDP(value))
		prim_throw(&err);
	return value;
}

static SCM
prim_digest(SCM bytes)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest d;

	SCM_ASSERT(scm_is_bytevector(bytes), bytes, 1, "%digest");
	d = digest_of(SCM_BYTEVECTOR_CONTENTS(bytes),
		      SCM_BYTEVECTOR_LENGTH(bytes));
	strbuf_add(&sb, d.bytes, sizeof(d.bytes));
	return prim_take_bytes(&sb);
}

static SCM
prim_set_tagged_type(SCM rtd)
{
	value_set_tagged_type(rtd);
	return SCM_UNSPECIFIED;
}

enum { RIDERS_MAX = 3 };

/* Write out the queue and then PAYLOAD as one frame. */
static int
send_frame(int fd, unsigned type, const struct strbuf *payload,
	   const int *riders, size_t rider_count, struct error *err)
{
	int rc = 0;

	if (queue.len)
		rc = file_write_all(fd, queue.buf, queue.len, err);
	strbuf_reset(&queue);
	if (!rc)
		rc = frame_write(fd, type, payload->buf, payload->len, riders,
				 rider_count, err);
	/* the engine has gone: there is nobody left to complain to */
	if (rc < 0 && errno == EPIPE)
		_exit(1);
	return rc;
}

/* (%send FD TYPE MESSAGE [RIDERS]), RIDERS a list of descriptors */
static SCM
prim_send(SCM fd, SCM type, SCM message, SCM riders)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	int socket = scm_to_int(fd), rider_fds[RIDERS_MAX];
	unsigned number = scm_to_uint(type);
	size_t count = 0;

	for (; scm_is_pair(riders) && count < RIDERS_MAX;
	     riders = SCM_CDR(riders))
		rider_fds[count++] = scm_to_int(SCM_CAR(riders));
	if (value_encode(&sb, message, VALUE_MESSAGE, "the message", &err) < 0
	    || send_frame(socket, number, &sb, rider_fds, count, &err) < 0) {
		strbuf_release(&sb);
		prim_throw(&err);
	}
	strbuf_release(&sb);
	return SCM_UNSPECIFIED;
}

static SCM
prim_queue(SCM fd, SCM type, SCM message)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	int socket = scm_to_int(fd);
	unsigned number = scm_to_uint(type);
	int rc;

	rc = value_encode(&sb, message, VALUE_MESSAGE, "the message", &err);
	if (!rc)
		frame_add(&queue, number, sb.buf, sb.len);
	if (!rc && queue.len >= QUEUE_BYTES) {
		rc = file_write_all(socket, queue.buf, queue.len, &err);
		strbuf_reset(&queue);
	}
	strbuf_release(&sb);
	if (rc < 0)
		prim_throw(&err);
	return SCM_UNSPECIFIED;
}

static SCM
prim_flush(SCM fd)
{
	struct error err = ERROR_INIT;
	int socket = scm_to_int(fd);
	int rc = 0;

	if (queue.len)
		rc = file_write_all(socket, queue.buf, queue.len, &err);
	strbuf_reset(&queue);
	if (rc < 0)
		prim_throw(&err);
	return SCM_UNSPECIFIED;
}

/* Returns (type value rider-or-#f), or #f at the end of the stream. */
static SCM
prim_receive(SCM fd)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	unsigned type = 0;
	size_t fd_count = 0;
	int rider = -1, socket = scm_to_int(fd);
	SCM value = SCM_BOOL_F;
	int rc = frame_read(socket, &type, &sb, &rider, 1, &fd_count, &err);

	if (rc > 0)
		value = value_decode(sb.buf, sb.len, &err);
	strbuf_release(&sb);
	if (rc < 0 || SCM_UNBNDP(value))
		prim_throw(&err);
	if (!rc)
		return SCM_BOOL_F;
	return scm_list_3(scm_from_uint(type), value,
			  fd_count ? scm_from_int(rider) : SCM_BOOL_F);
}

/* Write HEAD and LEN bytes of DATA to the open file FD. */
static int
write_parts(int fd, const struct strbuf *head, const void *data, size_t len,
	    struct error *err)
{
	if (head->len && file_write_all(fd, head->buf, head->len, err) < 0)
		return -1;
	return len ? file_write_all(fd, data, len, err) : 0;
}

/* Write VALUE to FD in the format that suits it; returns that format's name,
 * or NULL with ERR filled. */
static const char *
write_value(int fd, SCM value, const char *what, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	struct array_view view;
	const char *format = NULL, *why = NULL;
	char *text;
	size_t len;
	int rc;

	if (scm_is_string(value)) {
		text = text_from_scm(value, &len);
		format = "text";
		rc = write_parts(fd, &sb, text, len, err);
		free(text);
	} else if (array_look(value, &view, &why) > 0) {
		format = "npy";
		if (!strcmp(view.type->name, "vu8") && view.rank == 1)
			format = "bytes";
		else
			array_npy_header(&sb, &view);
		rc = write_parts(fd, &sb, view.elements, view.len, err);
		scm_remember_upto_here_1(view.owner);
	} else {
		format = "cbor";
		rc = value_encode(&sb, value, VALUE_DATUM, what, err);
		if (!rc)
			rc = write_parts(fd, &sb, NULL, 0, err);
	}
	strbuf_release(&sb);
	return rc < 0 ? NULL : format;
}

static SCM
prim_write_value(SCM fd, SCM value, SCM what)
{
	struct error err = ERROR_INIT;
	int number = scm_to_int(fd);
	const char *format;
	char *text;

	SCM_ASSERT(scm_is_string(what), what, 3, "%write-value");
	text = text_from_scm(what, NULL);
	format = write_value(number, value, text, &err);
	free(text);
	if (!format)
		prim_throw(&err);
	return scm_from_utf8_string(format);
}

/* How large VALUE is at least, by a look that costs nothing. */
static SCM
prim_size_hint(SCM value)
{
	struct array_view view;
	const char *why;

	if (scm_is_string(value))
		return scm_string_length(value);
	if (scm_is_array(value) && array_look(value, &view, &why) > 0)
		/* Complex numbers have no inline form. */
		return scm_from_size_t(view.type->tag ? view.len : SIZE_MAX);
	return SCM_INUM0;
}

/* The value that the file PATH holds in FORMAT, or SCM_UNDEFINED. */
static SCM
load_file(const char *format, const char *path, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	SCM value = SCM_UNDEFINED;

	if (!strcmp(format, "npy"))
		return array_load_npy(path, err);
	if (!strcmp(format, "bytes"))
		return array_load_bytes(path, err);
	if (file_read(path, &sb, err) < 0)
		goto out;
	if (!strcmp(format, "text"))
		value = text_to_scm(sb.buf, sb.len);
	else
		value = value_decode(sb.buf, sb.len, err);
	if (SCM_UNBNDP(value))
		error_push(err, "%s", path);
out:
	strbuf_release(&sb);
	return value;
}

static SCM
prim_load_value(SCM format, SCM path)
{
	struct error err = ERROR_INIT;
	char *f, *p;
	SCM value;

	SCM_ASSERT(scm_is_string(format), format, 1, "%load-value");
	SCM_ASSERT(scm_is_string(path), path, 2, "%load-value");
	f = text_from_scm(format, NULL);
	p = text_from_scm(path, NULL);
	value = load_file(f, p, &err);
	free(f);
	free(p);
	if (SCM_UNBNDP(value))
		prim_throw(&err);
	return value;
}

void
prim_wire_define(void)
{
	scm_c_define_gsubr("%encode", 2, 0, 0, prim_encode);
	scm_c_define_gsubr("%encode-source", 1, 0, 0, prim_encode_source);
	scm_c_define_gsubr("%encode-message", 1, 0, 0, prim_encode_message);
	scm_c_define_gsubr("%bytes->string", 1, 0, 0, prim_bytes_to_string);
	scm_c_define_gsubr("%string->bytes", 1, 0, 0, prim_string_to_bytes);
	scm_c_define_gsubr("%decode", 1, 0, 0, prim_decode);
	scm_c_define_gsubr("%digest", 1, 0, 0, prim_digest);
	scm_c_define_gsubr("%set-tagged-type!", 1, 0, 0, prim_set_tagged_type);
	scm_c_define_gsubr("%send", 3, 1, 0, prim_send);
	scm_c_define_gsubr("%queue", 3, 0, 0, prim_queue);
	scm_c_define_gsubr("%flush", 1, 0, 0, prim_flush);
	scm_c_define_gsubr("%receive", 1, 0, 0, prim_receive);
	scm_c_define_gsubr("%write-value", 3, 0, 0, prim_write_value);
	scm_c_define_gsubr("%size-hint", 1, 0, 0, prim_size_hint);
	scm_c_define_gsubr("%load-value", 2, 0, 0, prim_load_value);
}
