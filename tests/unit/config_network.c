/* Networks: what is one, and which addresses are in it. */
#include "config/network.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {
        { "192.0.2.7", true },
        { "192.0.2.0/24", true },
        { "192.0.2.7/32", true },
        { "0.0.0.0/0", true },
        { "192.0.2.128/25", true },
        { "2001:db8::", true },
        { "2001:db8::/32", true },
        { "::/0", true },
        { "::1", true },
        { "fe80::1/128", true },
        { "2001:db8:aaaa:bbbb:cccc:dddd:255.255.255.255/128", true },
        { "", false },
        { "/", false },
        { "/24", false },
        { "192.0.2.0/", false },
        { "192.0.2.0/33", false },
        { "192.0.2.0/-1", false },
        { "192.0.2.0/2 4", false },
        { "192.0.2.0/24/24", false },
        { "192.0.2.0/024", true }, /* a number like any other in this file */
        { "192.0.2.7/24", false }, /* meant the host, or the network? */
        { "192.0.2.129/25", false },
        { "192.0.2", false },
        { "192.0.2.256", false },
        { "192.0.02.1", false }, /* octal, for some */
        { "1.2.3.4.5", false },
        { "2001:db8::/129", false },
        { "2001:db8::1/32", false },
        { "2001:db8:::1", false },
        { "fe80::1%eth0", false },
        { "localhost", false },
        { "2001:db8:aaaa:bbbb:cccc:dddd:255.255.255.255/1280", false },
        { "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff:2001:db8:aaaa:bbbb:cccc", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct network net;
        const char *text = cases[i].text;
        if ((network_parse(text, strlen(text), &net) == NULL) != cases[i].ok)
            fail_msg("%s", text);
    }
}

static bool has(const char *text, const char *address)
{
    struct network net[2];
    unsigned char octets[16];
    assert_null(network_parse("198.51.100.1", 12, &net[0]));
    assert_null(network_parse(text, strlen(text), &net[1]));
    size_t n = inet_pton(AF_INET, address, octets) == 1 ? 4 : 16;
    assert_true(n == 4 || inet_pton(AF_INET6, address, octets) == 1);
    return network_has(net, 2, octets, n);
}

static void test_in(void **state)
{
    (void)state;
    assert_true(has("192.0.2.7", "192.0.2.7"));
    assert_false(has("192.0.2.7", "192.0.2.6"));
    assert_true(has("192.0.2.7", "198.51.100.1"));
    assert_true(has("192.0.2.128/25", "192.0.2.128"));
    assert_true(has("192.0.2.128/25", "192.0.2.255"));
    assert_false(has("192.0.2.128/25", "192.0.2.127"));
    assert_false(has("192.0.2.128/25", "192.0.3.128"));
    assert_true(has("0.0.0.0/0", "203.0.113.9"));
    assert_false(has("0.0.0.0/0", "2001:db8::1")); /* the other family */
    assert_false(has("::/0", "203.0.113.9"));
    assert_true(has("::/0", "2001:db8::1"));
    assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(has("2001:db8::1", "2001:db8::1"));
    assert_false(has("2001:db8::1", "2001:db8::2"));
}

static void test_none(void **state)
{
    (void)state;
    struct network all;
    assert_null(network_parse("0.0.0.0/0", 9, &all));
    assert_false(network_has(&all, 1, all.address, 0)); /* a Unix socket */
    assert_false(network_has(NULL, 0, all.address, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_in),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
