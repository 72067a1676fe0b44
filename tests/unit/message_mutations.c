/*
 * The fuzz target of message/ over changed messages, the same ones at each run: what a fuzzer
 * finds in minutes is its own business, but its promises are looked at in every build.
 */
/* The target is one function with its checks. NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "tests/fuzz/message_fuzz.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROUNDS    3000
#define INPUT_MAX 4096

static const char *const seeds[] = {
    "\x05"
    "From: a <b@c> (x)\r\nTo: g: x@y, \"q\" <@r:z@w>;\r\nSubject: =?koi8-r?B?4c7O0Q==?=\r\n"
    "Date: Mon, 1 Jan 2024 10:00:00 +0300\r\n\r\nbody\r\n",
    "\x10"
    "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\nContent-Type: text/html; "
    "charset=windows-1251\nContent-Transfer-Encoding: "
    "quoted-printable\n\n<p>=CF=F0&eacute;</p>\n"
    "--b\nContent-Type: message/rfc822\n\nFrom: x@y\nContent-Type: multipart/alternative; "
    "boundary=\"bb\"\n\n--bb\n\nhi\n--bb\nContent-Type: text/plain\n"
    "Content-Transfer-Encoding: base64\n\naGVsbG8=\n--bb--\n--b--\nepilogue\n",
    "\x01"
    "Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: a@b\n\nx\n--b\n\nFrom: "
    "c@d\n\ny\n"
    "--b--\n",
    "\x03"
    "Content-Type: text/plain; charset=iso-2022-jp; name*0*=utf-8''%41; name*1=b\n"
    "Content-Language: en, ru\nContent-MD5: abc\nContent-Location: http://x/\n y\n"
    "Content-Disposition: attachment; filename=\"a b\"\n\n\x1b$B$3$s\x1b(B\n",
};

static const char *const pieces[] = { "\n",   "\r\n",      "\r", "--b", "--b--\n", "\n--b\n",
                                      "\n\n", "\"",        "(",  ")",   "<",       ">",
                                      ";",    ":",         "=?", "?=",  "\\",      "\xff",
                                      "\xd0", "boundary=", "&#", "bb",  ",",       "=\n",
                                      " ",    "\t",        "=",  "*0*=" };

static unsigned next_random(unsigned *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Puts a piece in, takes octets out, doubles some, or changes one. */
static size_t mutate(uint8_t *data, size_t n, unsigned *seed)
{
    size_t at = next_random(seed) % (n + 1);
    size_t run = next_random(seed) % 40;
    const char *piece = pieces[next_random(seed) % (sizeof pieces / sizeof *pieces)];
    switch (next_random(seed) % 4) {
    case 0:
        run = strlen(piece);
        if (n + run > INPUT_MAX)
            return n;
        memmove(data + at + run, data + at, n - at);
        for (size_t i = 0; i < run; i++)
            data[at + i] = (uint8_t)piece[i];
        return n + run;
    case 1:
        if (run > n - at)
            run = n - at;
        memmove(data + at, data + at + run, n - at - run);
        return n - run;
    case 2:
        if (run > n - at || n + run > INPUT_MAX)
            return n;
        memmove(data + at + run, data + at, n - at);
        return n + run;
    default:
        if (at < n)
            data[at] = (uint8_t)next_random(seed);
        return n;
    }
}

static void promises_hold(void **state)
{
    (void)state;
    unsigned seed = 2463534242;
    for (size_t round = 0; round < ROUNDS; round++) {
        uint8_t data[INPUT_MAX];
        const char *text = seeds[round % (sizeof seeds / sizeof *seeds)];
        size_t n = 0;
        for (; text[n] != '\0'; n++)
            data[n] = (uint8_t)text[n];
        for (unsigned left = next_random(&seed) % 12; left > 0; left--)
            n = mutate(data, n, &seed);
        assert_int_equal(LLVMFuzzerTestOneInput(data, n), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(promises_hold) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
