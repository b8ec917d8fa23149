/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fmt.c - formatting for messages and reports.  Owns nothing; must not
 * allocate, because messages are written from inside malloc.
 */
#include "fmt.h"

#include <stdarg.h>
#include <string.h>

#include "os.h"

void
fmt_init(struct fmt *f, int fd)
{
	f->fd = fd;
	f->error = 0;
	f->used = 0;
}

int
fmt_flush(struct fmt *f)
{
	int error = f->used > 0 ? os_write(f->fd, f->text, f->used) : 0;

	if (f->error == 0)
		f->error = error;
	f->used = 0;
	return f->error;
}

static void
put(struct fmt *f, char c)
{
	if (f->used == sizeof f->text)
		fmt_flush(f);
	f->text[f->used++] = c;
}

static void
put_padded(struct fmt *f, const char *text, size_t len, size_t width, bool left)
{
	size_t pad = width > len ? width - len : 0;

	for (size_t i = 0; !left && i < pad; i++)
		put(f, ' ');
	for (size_t i = 0; i < len; i++)
		put(f, text[i]);
	for (size_t i = 0; left && i < pad; i++)
		put(f, ' ');
}

/* Digits of N in BASE, ending at END; returns where they start. */
static char *
digits(char *end, uint64_t n, unsigned base)
{
	do {
		*--end = "0123456789abcdef"[n % base];
		n /= base;
	} while (n != 0);
	return end;
}

static void
put_number(struct fmt *f, uint64_t n, unsigned base, size_t width, bool left)
{
	char text[24], *end = text + sizeof text, *start = digits(end, n, base);

	if (base == 16) {
		*--start = 'x';
		*--start = '0';
	}
	put_padded(f, start, (size_t)(end - start), width, left);
}

void
fmt_print(struct fmt *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	for (const char *p = format; *p != '\0'; p++) {
		bool left = false;
		size_t width = 0;
		const char *text;
		char c;

		if (*p != '%') {
			put(f, *p);
			continue;
		}
		if (*++p == '-') {
			left = true;
			p++;
		}
		for (; *p >= '0' && *p <= '9'; p++)
			width = width * 10 + (size_t)(*p - '0');
		switch (*p) {
		case 's':
			text = va_arg(ap, const char *);
			put_padded(f, text, strlen(text), width, left);
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_padded(f, &c, 1, width, left);
			break;
		case 'u':
			put_number(f, va_arg(ap, uint64_t), 10, width, left);
			break;
		case 'p':
			put_number(f, (uintptr_t)va_arg(ap, const void *), 16,
			    width, left);
			break;
		default:
			put(f, *p);
		}
	}
	va_end(ap);
}

/* The length of the UTF-8 sequence that begins at P; 0: there is none. */
static unsigned
sequence_at(const unsigned char *p)
{
	/* The second byte's range keeps out what is longer than need be. */
	unsigned low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
	unsigned high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;
	unsigned n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 :
	    *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

	if (n > 1 && (p[1] < low || p[1] > high))
		return 0;
	for (unsigned i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

static void
put_escaped(struct fmt *f, unsigned c)
{
	put(f, '\\');
	put(f, 'u');
	for (int shift = 12; shift >= 0; shift -= 4)
		put(f, "0123456789abcdef"[c >> shift & 15]);
}

/* A name may be cut in the middle of a character: JSON must be UTF-8. */
void
fmt_print_json(struct fmt *f, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	put(f, '"');
	while (*p != '\0') {
		unsigned n = sequence_at(p);

		if (n == 0 || *p < 0x20) {
			put_escaped(f, n == 0 ? 0xfffd : *p);
			p++;
			continue;
		}
		if (*p == '"' || *p == '\\')
			put(f, '\\');
		while (n-- > 0)
			put(f, (char)*p++);
	}
	put(f, '"');
}
