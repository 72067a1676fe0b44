/*
 * The fuzz target of message/ over changed messages, the same ones at each run: what a fuzzer
 * finds in minutes is its own business, but its promises are looked at in every build.
 */
/* The target is one function with its checks. NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "tests/fuzz/message_fuzz.c"
#include "tests/unit/mutated_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROUNDS 3000

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

static void promises_hold(void **state)
{
    (void)state;
    unsigned seed = 2463534242;
    for (size_t round = 0; round < ROUNDS; round++) {
        uint8_t data[MUTATED_MAX];
        const char *text = seeds[round % (sizeof seeds / sizeof *seeds)];
        size_t n = mutated_message(data, text, &seed);
        assert_int_equal(LLVMFuzzerTestOneInput(data, n), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(promises_hold) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
